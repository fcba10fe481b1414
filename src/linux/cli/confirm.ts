import { confirmTrial } from "../host/apply.js"
import { isEnabled } from "../host/boot.js"
import { failed } from "../host/outcome.js"
import { readConfirmed, type State } from "../host/state.js"
import { changeAndSay } from "./change.js"
import { type Command, jsonOption } from "./command.js"
import { loadQuietly } from "./load-quietly.js"
import { settleBlocks } from "./open-book.js"
import type { Io } from "./output.js"

function confirmAndClear(state: State, io: Io): ReturnType<typeof confirmTrial> {
  const confirmed = confirmTrial(state)
  if (failed(confirmed)) return confirmed
  const saved = readConfirmed(state)
  const policy = saved && loadQuietly(saved.policy)
  if (policy) settleBlocks(state, policy, io)
  return confirmed
}

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description:
    "Keeps the rules that `floodwall apply` put on trial. Whether it is in time is the kernel's to say: the same transaction that removes the " +
    "old rules fails once the trial is over, so there is no moment between the two.",
  options: [jsonOption],
  exitOne: "nothing was on trial, or its time was over",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [
    { line: "floodwall confirm", text: "from a second session, which proves that one can still get in" },
  ],
  run: (_operands, { json }, io) =>
    changeAndSay(
      io,
      json,
      (state) => confirmAndClear(state, io),
      ({ remembered }) => {
        const lines = [
          `Confirmed: these rules stay.${isEnabled() ? "" : " Gone after a reboot: floodwall enable"}`,
        ]
        if (!remembered)
          lines.push(
            "What boots is not these rules: they were applied with another state folder, or its disk is full.",
          )
        return { text: lines.join("\n"), json: { result: "confirmed", boots: remembered && isEnabled() } }
      },
    ),
}
