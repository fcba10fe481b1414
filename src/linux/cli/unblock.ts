import { printPrefix } from "../../core/base/prefix.js"
import { failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { tellChanges } from "./block.js"
import { type Command, exit, jsonOption } from "./command.js"
import { readHosts } from "./hosts.js"
import { tell } from "./told.js"

interface Options {
  readonly json?: boolean
  readonly all?: boolean
}

export const command: Command<Options> = {
  operands: "[host...]",
  description:
    "Lets hosts or networks in again, at once. A network lets in all that is blocked in it. Of a prefix that the guard made of many sources, naming one of them takes the prefix apart: the others stay blocked one by one.",
  options: [{ flags: "--all", text: "everybody" }, jsonOption],
  exitOne: "one of them is not on the list",
  exitThree: "no privilege, no nft, no nf_tables, or the ledger cannot be written",
  examples: [
    { line: "floodwall unblock 203.0.113.5 2001:db8:5::/64", text: "let them in" },
    { line: "floodwall unblock --all", text: "begin with an empty list" },
  ],
  async run(words, { json, all }, io) {
    const hosts = readHosts(words, io)
    if (hosts === undefined) return exit.wrong
    if (all === hosts.length > 0)
      return io.wrong(
        "bad-command-line",
        "unblock needs hosts, or --all and no hosts",
        "see floodwall unblock --help",
      )
    if (!all && hosts.length === 0)
      return io.wrong("bad-command-line", "unblock needs HOST, or --all", "see floodwall unblock --help")
    const answer = await ask({ request: "unblock", hosts: all ? "all" : hosts.map(printPrefix) }, io)
    if (failed(answer)) return tell(answer.failure, io)
    const changes = "changed" in answer.value ? answer.value.changed : []
    if (all && changes.length === 0 && !json) io.print("Nobody was blocked.")
    return tellChanges(changes, json, io)
  },
}
