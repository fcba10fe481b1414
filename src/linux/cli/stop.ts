import { tableName } from "../../core/policy/compile.js"
import { askGuard } from "../daemon/client.js"
import type { Reply } from "../daemon/protocol.js"
import { socketPath } from "../daemon/server.js"
import { needNetfilter } from "../host/capabilities.js"
import { listTables } from "../host/nft.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import { openState, readConfirmed } from "../host/state.js"
import { type Command, exit, jsonOption } from "./command.js"
import type { Io } from "./output.js"
import { removeEverything } from "./remove-everything.js"
import { tell } from "./told.js"

interface Options {
  readonly remove?: boolean
  readonly json?: boolean
}

/** Milliseconds; what the guard has to tell a webhook may take a while. */
const PATIENCE = 40_000

export const command: Command<Options> = {
  operands: "",
  description:
    "Ends the guard. What is in the kernel stays: its rules go on judging, and blocks end by themselves. Where systemd runs the guard, it does not start it again until the next boot; " +
    "floodwall disable keeps it from starting then. With --remove the rules and what loads them at boot go, too, as with floodwall remove.",
  options: [{ flags: "--remove", text: "take the rules out of the kernel, too" }, jsonOption],
  exitOne: "no guard is running",
  exitThree: "this user may not tell it",
  examples: [
    { line: "floodwall stop", text: "no more blocks, and what is protected stays so" },
    { line: "floodwall stop --remove", text: "nothing of floodwall is left" },
  ],
  async run(_operands, { remove = false, json }, io) {
    const replies: Reply[] = []
    const request = { request: "stop", remove } as const
    const trouble = await askGuard(request, io.environment, (reply) => replies.push(reply))
    if (trouble === "forbidden")
      return io.cannot(
        "no-privilege",
        `this user may not talk to the guard at ${socketPath(io.environment)}`,
        "sudo",
      )
    if (trouble === "absent") {
      io.note("No guard is running.")
      if (json) io.json({ result: "nothing" })
      if (remove) io.note("floodwall remove takes the rules away without one.")
      return exit.no
    }
    const until = performance.now() + PATIENCE
    while (performance.now() < until && (await isAnswering(io.environment))) await pause(50)
    if (remove) {
      const finished = finishRemoval(io)
      if (failed(finished)) return tell(finished.failure, io)
    }
    if (json) io.json({ result: remove ? "removed" : "stopped" })
    else
      io.print(
        remove ? "Stopped and removed. NOTHING is protected now." : "Stopped. The rules in the kernel stay.",
      )
    return exit.done
  },
}

/** A guard that was killed in the midst of it leaves rules, or what would bring them back. Who may not look believes the guard. */
function finishRemoval(io: Io): Outcome<unknown> {
  if (failed(needNetfilter())) return done(undefined)
  const state = openState(io.environment)
  const tables = listTables()
  if (failed(state) || failed(tables)) return failed(state) ? state : tables
  const isThere = tables.value.some((table) => table.endsWith(` ${tableName}`))
  return isThere || readConfirmed(state.value) ? removeEverything(state.value) : done(undefined)
}

/** The guard takes its socket away when it has ended. */
async function isAnswering(environment: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  return (await askGuard({ request: "status" }, environment, () => {})) === undefined
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
