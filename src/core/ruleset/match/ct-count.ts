/** Matches while the number of tracked connections is at most `count` (`over`: above it). Mostly carried by the elements of a set: a count for each source. */
export interface CtCountNode {
  readonly step: "ct-count"
  readonly count: number
  readonly over: boolean
}
