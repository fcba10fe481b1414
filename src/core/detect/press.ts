import type { Concluded } from "./detector.js"

/** Findings of a minute that are told one by one. */
const ONE_BY_ONE = 100
const MINUTE = 60

/**
 * A detector's findings against sources that proved nothing: a flood of forged ones would have millions. Behind the first hundred of a minute there is one more, that
 * there are many, and then silence until the minute is over.
 */
export class Press {
  private since = Number.NEGATIVE_INFINITY
  private told = 0

  /** The finding as it is to be told; null: not at all. */
  pass(finding: Concluded): Concluded | null {
    if (finding.at - this.since >= MINUTE) {
      this.since = finding.at
      this.told = 0
    }
    this.told++
    if (this.told <= ONE_BY_ONE) return finding
    if (this.told > ONE_BY_ONE + 1) return null
    return {
      ...finding,
      sentence: `${finding.sentence}: and so did more than ${ONE_BY_ONE} others within a minute, who may all be forged; no more are told before it is over`,
      sourceCount: this.told,
      manySources: true,
    }
  }
}
