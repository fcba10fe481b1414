import { disableOwnUnits } from "../host/boot.js"
import { failed } from "../host/outcome.js"
import { change } from "./change.js"
import { type Command, exit, jsonOption } from "./command.js"
import { tell } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description: "No longer loads the rules at boot. What runs now goes on.",
  options: [jsonOption],
  exitOne: "it was not enabled",
  exitThree: "no systemd, no privilege",
  examples: [{ line: "floodwall disable", text: "the next boot is without" }],
  run: (_operands, { json }, io) =>
    change(io, (state) => {
      const disabled = disableOwnUnits(state)
      if (failed(disabled)) return tell(disabled.failure, io)
      if (json) io.json({ result: disabled.value ? "disabled" : "unchanged" })
      else io.print(disabled.value ? "Disabled: nothing is loaded at boot." : "It was not enabled.")
      return disabled.value ? exit.done : exit.no
    }),
}
