import type { Rules } from "./rules.js"
import type { Word } from "./words.js"

/** A line of ipset. */
export function readIpset(words: readonly Word[], rules: Rules, program: Word): void {
  if (words.length > 0) rules.report.warning("xt-not-read", "ipset is not read yet", program)
}
