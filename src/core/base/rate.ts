export type RateUnit = "second" | "minute" | "hour" | "day" | "week"

/** `count` packets a `unit`, in nft's units. */
export interface Rate {
  readonly count: number
  readonly unit: RateUnit
}
