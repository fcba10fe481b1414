import { confirmTrial } from "../host/apply.js"
import { isEnabled } from "../host/boot.js"
import { failed } from "../host/outcome.js"
import { readConfirmed } from "../host/state.js"
import { change } from "./change.js"
import { type Command, exit, jsonOption } from "./command.js"
import { keepBypass } from "./keep-bypass.js"
import { loadQuietly } from "./load-quietly.js"
import { settleBlocks } from "./open-book.js"
import { guardAnswerToJson, isGuardThere, printGuardAnswer, tellGuard } from "./tell-guard.js"
import { tell } from "./told.js"

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
  async run(_operands, { json }, io) {
    let confirmed: { readonly remembered: boolean; readonly policy?: string } | undefined
    const status = await change(io, async (state) => {
      const outcome = confirmTrial(state)
      if (failed(outcome)) return tell(outcome.failure, io)
      keepBypass(state, io)
      const saved = readConfirmed(state)
      confirmed = { ...outcome.value, ...(saved && { policy: saved.policy }) }
      if (saved && !(await isGuardThere(io))) {
        const policy = loadQuietly(saved.policy)
        if (policy) settleBlocks(state, policy, io)
      }
      return exit.done
    })
    if (confirmed === undefined) return status
    const { remembered, policy } = confirmed
    const guard = policy === undefined ? null : await tellGuard(policy, io)
    const isBootUnit = isEnabled()
    if (json) {
      io.json({
        result: "confirmed",
        boots: remembered && isBootUnit,
        guard: guardAnswerToJson(guard),
      })
      return status
    }
    io.print(`Confirmed: these rules stay.${isBootUnit ? "" : " Gone after a reboot: floodwall enable"}`)
    if (!remembered)
      io.print(
        "What boots is not these rules: they were applied with another state folder, or its disk is full.",
      )
    printGuardAnswer(guard, policy ?? "", io)
    return status
  },
}
