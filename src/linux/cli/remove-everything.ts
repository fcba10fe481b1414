import { removeRules } from "../host/apply.js"
import { disableOwnUnits } from "../host/boot.js"
import { takeLock } from "../host/lock.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import type { State } from "../host/state.js"

/** Takes the units away that would bring the rules back, then the rules. */
export function removeEverything(
  state: State,
): Outcome<{ readonly tables: number; readonly units: boolean }> {
  const lock = takeLock(state.lockFile)
  if (failed(lock)) return lock
  try {
    const units = disableOwnUnits(state)
    if (failed(units)) return units
    const removed = removeRules(state)
    return failed(removed) ? removed : done({ tables: removed.value.tables, units: units.value })
  } finally {
    lock.value.release()
  }
}
