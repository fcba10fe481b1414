import { settle } from "../host/apply.js"
import { enableBoot } from "../host/boot.js"
import { readKernel } from "../host/kernel.js"
import { failed } from "../host/outcome.js"
import { change } from "./change.js"
import { type Command, exit, jsonOption } from "./command.js"
import { tell } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description:
    "Loads the last confirmed rules at boot, before the network is up: a oneshot systemd unit gives plain nft text to nft, without Node. Debian's nftables.service flushes " +
    "every table when it starts, restarts or reloads; the unit comes after it each time. Every later confirmed apply is what boots next.",
  options: [jsonOption],
  exitOne: "no rules were confirmed yet",
  exitThree: "no systemd, no privilege",
  examples: [{ line: "floodwall enable", text: "after an apply that is to stay" }],
  run: (_operands, { json }, io) =>
    change(io, (state) => {
      const kernel = readKernel()
      if (failed(kernel)) return tell(kernel.failure, io)
      settle(state, kernel.value)
      const enabled = enableBoot(state)
      if (failed(enabled)) return tell(enabled.failure, io)
      if (json) io.json({ result: enabled.value ? "enabled" : "unchanged", text: state.bootText })
      else io.print(enabled.value ? `Enabled: ${state.bootText} is loaded at boot.` : "Enabled already.")
      return exit.done
    }),
}
