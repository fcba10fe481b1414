import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import type { Arrival } from "../../../src/linux/host/namespace/referee.js"

/**
 * Runs an experiment whose packets must come so many milliseconds apart by the kernel's own clock, in a fresh laboratory; where a busy machine let two come together, once
 * more, and at the fifth time as it is. What it finds is not looked at: only a stalled machine makes it run again, a wrong result never.
 */
export function undisturbed(apart: number, experiment: (laboratory: Laboratory) => Arrival[]): Arrival[] {
  for (let attempt = 1; ; attempt++) {
    const laboratory = createLaboratory()
    try {
      const arrivals = experiment(laboratory)
      if (attempt === 5 || areApart(arrivals, apart)) return arrivals
    } finally {
      laboratory.close()
    }
  }
}

function areApart(arrivals: readonly Arrival[], milliseconds: number): boolean {
  const times = arrivals.filter(({ own }) => !own).map(({ frame }) => frame.time)
  return times.every((time, index) => index === 0 || time - times[index - 1]! >= milliseconds * 1e6)
}
