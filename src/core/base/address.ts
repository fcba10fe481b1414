export type Family = 4 | 6

/**
 * An IP address as 32-bit words, most significant first: one word for IPv4, four for IPv6.
 * The form that sets and matches hash, so that both families go the same way.
 */
export interface Address {
  readonly family: Family
  readonly words: readonly number[]
}
