import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { settle } from "../host/apply.js"
import { enableBoot, enableGuard } from "../host/boot.js"
import { readKernel } from "../host/kernel.js"
import { failed } from "../host/outcome.js"
import { openState, readConfirmed } from "../host/state.js"
import { change } from "./change.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { keepBypass } from "./keep-bypass.js"
import type { Io } from "./output.js"
import { tell } from "./told.js"

export const command: Command<{ readonly json?: boolean; readonly guard?: boolean }> = {
  operands: "",
  description:
    "Loads the last confirmed rules at boot, before the network is up: a oneshot systemd unit gives plain nft text to nft, without Node. Debian's nftables.service flushes " +
    "every table when it starts, restarts or reloads; the unit comes after it each time. Every later confirmed apply is what boots next.\n" +
    "With --guard a second unit runs the guard on the confirmed policy, now and at boot; FLOODWALL_OPTIONS in /etc/default/floodwall adds options of floodwall run.",
  options: [{ flags: "--guard", text: "run the guard as a service, too" }, jsonOption],
  exitOne: "no rules were confirmed yet",
  exitThree: "no systemd, no privilege",
  examples: [
    { line: "floodwall enable", text: "after an apply that is to stay" },
    { line: "floodwall enable --guard", text: "and attackers are looked for from now on" },
  ],
  async run(_operands, { json, guard }, io) {
    const loaded = await change(io, (state) => {
      const kernel = readKernel()
      if (failed(kernel)) return tell(kernel.failure, io)
      settle(state, kernel.value)
      const enabled = enableBoot(state)
      if (failed(enabled)) return tell(enabled.failure, io)
      keepBypass(state, io)
      if (json)
        io.json({
          result: enabled.value ? "enabled" : "unchanged",
          text: state.bootText,
          ...(guard && { guard }),
        })
      else io.print(enabled.value ? `Enabled: ${state.bootText} is loaded at boot.` : "Enabled already.")
      return exit.done
    })
    // The guard takes the lock that the change above held.
    return guard && loaded === exit.done ? runGuard(json, io) : loaded
  },
}

function runGuard(json: boolean | undefined, io: Io): ExitStatus {
  const state = openState(io.environment)
  if (failed(state)) return tell(state.failure, io)
  const guarded = enableGuard({
    node: process.execPath,
    program: programPath(),
    policy: readConfirmed(state.value)?.policy ?? "",
    stateFolder: state.value.folder,
  })
  if (failed(guarded)) return tell(guarded.failure, io)
  if (!json) io.print("The guard runs: journalctl -u floodwall-guard shows what it sees.")
  return exit.done
}

/** The launcher of this very program; the bundle that runs lies beside it, or where it was built for this run. */
function programPath(): string {
  const launcher = process.argv[1]
  return launcher === undefined ? fileURLToPath(import.meta.url) : realpathSync(launcher)
}
