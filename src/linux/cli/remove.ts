import { removeRules } from "../host/apply.js"
import { disableOwnUnits } from "../host/boot.js"
import { failed } from "../host/outcome.js"
import { change } from "./change.js"
import { type Command, exit, jsonOption } from "./command.js"
import { tell } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description:
    "Takes Floodwall's tables out of the kernel, and the units that would load them at boot or after nftables.service: what is removed does not come back " +
    "by itself. Nobody else's rules are touched. The policy stays where it is.",
  options: [jsonOption],
  exitOne: "there was nothing to remove",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [{ line: "floodwall remove", text: "the kernel is as it was found" }],
  run: (_operands, { json }, io) =>
    change(io, (state) => {
      // First what would bring the rules back, then the rules.
      const units = disableOwnUnits(state)
      if (failed(units)) return tell(units.failure, io)
      const removed = removeRules(state)
      if (failed(removed)) return tell(removed.failure, io)
      const nothing = removed.value.tables === 0 && !units.value
      if (json) io.json({ result: nothing ? "nothing" : "removed", disabled: units.value })
      else if (nothing) io.print("Nothing of floodwall was in the kernel.")
      else
        io.print(`Removed${units.value ? ", and no longer loaded at boot" : ""}. NOTHING is protected now.`)
      return nothing ? exit.no : exit.done
    }),
}
