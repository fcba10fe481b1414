import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { isNegated, numberOf, textOf, type XtOptions } from "../option.js"

/** `-m statistic`: by chance, which is given in parts of 2^31, or every so many packets. */
export type StatisticSettings =
  | { readonly mode: "random"; readonly probability: number; readonly negated: boolean }
  | { readonly mode: "nth"; readonly every: number; readonly packet: number; readonly negated: boolean }

const CHANCES = 2 ** 31

export function statisticStep(settings: StatisticSettings): Step {
  const match = settings.negated ? BREAK : CONTINUE
  const other = settings.negated ? CONTINUE : BREAK
  if (settings.mode === "random") {
    const { probability } = settings
    return (_packet, run) => (run.random(CHANCES) < probability ? match : other)
  }
  const { every } = settings
  let until = settings.packet
  return () => {
    if (until > 0) {
      until--
      return other
    }
    until = every - 1
    return match
  }
}

export function statisticSettings(options: XtOptions): StatisticSettings {
  if (textOf(options, "mode", "random") === "random")
    return {
      mode: "random",
      probability: numberOf(options, "probability", 0),
      negated: isNegated(options, "probability"),
    }
  return {
    mode: "nth",
    every: numberOf(options, "every", 1),
    packet: numberOf(options, "packet", 0),
    negated: isNegated(options, "every"),
  }
}
