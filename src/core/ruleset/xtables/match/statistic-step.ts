import { BREAK, CONTINUE, type Step } from "../../runtime.js"

/** `-m statistic`: by chance, or every so many packets. */
export type StatisticSettings =
  | { readonly mode: "random"; readonly probability: number; readonly negated: boolean }
  | { readonly mode: "nth"; readonly every: number; readonly packet: number; readonly negated: boolean }

const CHANCES = 2 ** 31

export function statisticStep(settings: StatisticSettings): Step {
  const match = settings.negated ? BREAK : CONTINUE
  const other = settings.negated ? CONTINUE : BREAK
  if (settings.mode === "random") {
    // The kernel compares 31 bits.
    const below = Math.round(settings.probability * CHANCES)
    return (_packet, run) => (run.random(CHANCES) < below ? match : other)
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
