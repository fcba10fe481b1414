import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import type { Arrival } from "../../../src/linux/host/namespace/referee.js"

/**
 * Runs an experiment whose packets must come at times of their own by the kernel's clock, in a fresh laboratory; where a busy machine stalled between two of them, once
 * more, and at the fifth time as it is. What it finds is not looked at: only a stalled machine makes it run again, a wrong result never.
 */
export function undisturbed(
  gap: { readonly least: number; readonly most?: number },
  experiment: (laboratory: Laboratory) => Arrival[],
): Arrival[] {
  for (let attempt = 1; ; attempt++) {
    const laboratory = createLaboratory()
    try {
      const arrivals = experiment(laboratory)
      if (attempt === 5 || isPaced(arrivals, gap)) return arrivals
    } finally {
      laboratory.close()
    }
  }
}

/** Are all gaps between packets that came in at least, and at most, so many milliseconds? */
function isPaced(
  arrivals: readonly Arrival[],
  { least, most = Infinity }: { readonly least: number; readonly most?: number },
): boolean {
  const times = arrivals.filter(({ own }) => !own).map(({ frame }) => frame.time / 1e6)
  return times.every((time, index) => {
    const gap = index === 0 ? least : time - times[index - 1]!
    return gap >= least && gap <= most
  })
}
