/**
 * A constant: words, most significant first, or text: an interface name (a trailing `*` is a wildcard), a helper's name. An Ethernet address is its first four bytes
 * in one word and its last two in another.
 */
export type Literal = readonly number[] | string

/** What a set holds and what a comparison compares with. */
export type Item =
  | { readonly value: Literal }
  | { readonly from: Literal; readonly to: Literal }
  | { readonly prefix: readonly number[]; readonly length: number }
  /** One item for each part of a concatenation. */
  | { readonly parts: readonly Item[] }
  /** `*`: whatever no other element of the set says. */
  | { readonly others: true }
