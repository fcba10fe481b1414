import type { Rate } from "../../base/rate.js"

/** Matches until the rate is spent (`over`: once it is spent). A token bucket; one for the rule, or one for each element where a set carries it. */
export interface LimitNode {
  readonly step: "limit"
  readonly rate: Rate
  readonly burst: number
  readonly over: boolean
}
