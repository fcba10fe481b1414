export interface VerdictNode {
  readonly step: "verdict"
  readonly verdict: "accept" | "drop" | "return" | "continue" | "jump" | "goto"
  /** The chain, for jump and goto. */
  readonly chain?: string
}
