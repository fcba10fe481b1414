import { needNetfilter } from "../host/capabilities.js"
import { takeLock } from "../host/lock.js"
import { failed, type Outcome } from "../host/outcome.js"
import { openState, type State } from "../host/state.js"
import type { ExitStatus } from "./command.js"
import type { Io } from "./output.js"
import { tell } from "./told.js"

/** Does what changes the kernel: asks first whether this machine can, and keeps others out meanwhile. What failed is reported. */
export async function change(
  io: Io,
  work: (state: State) => Promise<ExitStatus> | ExitStatus,
): Promise<ExitStatus> {
  const able = needNetfilter()
  if (failed(able)) return tell(able.failure, io)
  const state = openState(io.environment)
  if (failed(state)) return tell(state.failure, io)
  try {
    const lock = takeLock(state.value.lockFile)
    if (failed(lock)) return tell(lock.failure, io)
    try {
      return await work(state.value)
    } finally {
      lock.value.release()
    }
  } catch (error) {
    const { path, message } = error as NodeJS.ErrnoException
    if (!path?.startsWith(state.value.folder)) throw error
    return io.cannot(
      "no-state-folder",
      `what runs cannot be remembered: ${message}`,
      "floodwall status shows what runs",
    )
  }
}

/** The common shape of the small commands: one change, one sentence. */
export function changeAndSay<Value>(
  io: Io,
  json: boolean | undefined,
  work: (state: State) => Outcome<Value>,
  say: (value: Value) => { readonly text: string; readonly json: object },
): Promise<ExitStatus> {
  return change(io, (state) => {
    const outcome = work(state)
    if (failed(outcome)) return tell(outcome.failure, io)
    const said = say(outcome.value)
    if (json) io.json(said.json)
    else io.print(said.text)
    return 0
  })
}
