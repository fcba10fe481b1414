import { failed } from "../host/outcome.js"
import { rememberOwnBypass, restoreOwnBypass } from "../host/own-bypass.js"
import type { State } from "../host/state.js"
import type { Io } from "./output.js"

/**
 * The administrator's rules in the chain `bypass`: remembered as they stand now; `isLost`: put back, for the table had gone with them. A command that changed the rules has done so whatever comes
 * of this.
 */
export function keepBypass(state: State, io: Io, isLost = false): void {
  const kept = isLost ? restoreOwnBypass(state) : rememberOwnBypass(state)
  if (failed(kept)) {
    const why = kept.failure.diagnostics.map(({ message }) => message).join("; ")
    io.note(`floodwall: your rules in the chain bypass were not kept: ${why}`)
  } else if (kept.value > 0) {
    io.note(`floodwall: your rules in the chain bypass were put back: ${kept.value}`)
  }
}
