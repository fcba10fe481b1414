import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { HZ, jiffiesAt } from "../jiffies.js"

/** `-m fuzzy` of xtables-addons: packets a second from which some, and from which nearly all match. */
export interface FuzzySettings {
  readonly lower: number
  readonly upper: number
}

/**
 * Throttles what all sources send together: matches what may not pass. The rate is measured anew whenever more than a tenth of a second has gone by, of everything that came
 * since the last time; between the limits the share that passes falls in a straight line, in whole percents, and at the upper limit it is one percent.
 */
export function fuzzyStep({ lower, upper }: FuzzySettings): Step {
  let packets = 0
  let since = -1
  let acceptance = 100
  return (_packet, run) => {
    const now = jiffiesAt(run.now)
    packets++
    // The kernel's clock began long before the rule: its first packet begins a measurement, whatever its rate.
    if (since < 0) since = now - HZ
    const elapsed = now - since
    if (elapsed > HZ / 10) {
      acceptance = acceptanceOf(Math.floor((HZ * packets) / elapsed), lower, upper)
      since = now
      packets = 0
    }
    if (acceptance >= 100) return BREAK
    return run.random(256) > Math.floor((255 * acceptance) / 100) ? CONTINUE : BREAK
  }
}

/** The share, in percent, that passes at so many packets a second. */
export function acceptanceOf(rate: number, lower: number, upper: number): number {
  if (rate <= lower) return 100
  if (rate >= upper) return 1
  return Math.floor((100 * (upper - rate)) / (upper - lower))
}
