import { isProblem } from "../../core/base/diagnostic.js"
import { parseDuration, printDuration } from "../../core/base/duration.js"
import { printPrefix } from "../../core/base/prefix.js"
import { blockForDefault, blockForLongest } from "../../core/block/duration.js"
import type { ChangeLine } from "../daemon/protocol.js"
import { failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { readHosts } from "./hosts.js"
import type { Io } from "./output.js"
import { formatTime, tell } from "./told.js"

interface Options {
  readonly json?: boolean
  /** Seconds; Infinity: for ever. */
  readonly for?: number
  readonly why?: string
}

export const command: Command<Options> = {
  operands: "<host...>",
  description:
    "Keeps hosts or networks out, with everything: their open connections end at the next packet, and calls of this host to them get no answer. The kernel lets them in again by itself when " +
    "the time is over. A host of IPv6 is kept out with its /64. Blocking again counts from now. Never blocked: what never-block names, this host's own addresses, loopback, default " +
    "gateways, resolvers, and addresses that somebody administers this host from.",
  options: [
    {
      flags: "--for <duration>",
      text: "how long: 60m unless said, up to 32768m, or ever",
      parse: parseFor,
    },
    { flags: "--why <text>", text: "a note that blocked and events show" },
    jsonOption,
  ],
  exitOne: "one of them is never blocked",
  exitThree: "no privilege, no rules in the kernel, or the ledger cannot be written",
  examples: [
    { line: "floodwall block 203.0.113.5", text: "out for an hour" },
    {
      line: "floodwall block 203.0.113.0/24 --for ever --why 'mail of the abuse desk'",
      text: "until unblock",
    },
  ],
  async run(words, { json, for: seconds = blockForDefault, why }, io) {
    const hosts = readHosts(words, io)
    if (hosts === undefined) return exit.wrong
    const answer = await ask(
      {
        request: "block",
        hosts: hosts.map(printPrefix),
        seconds: Number.isFinite(seconds) ? seconds : null,
        ...(why !== undefined && { why }),
      },
      io,
    )
    if (failed(answer)) return tell(answer.failure, io)
    return tellChanges("changed" in answer.value ? answer.value.changed : [], json, io)
  },
}

/** `60m`, `6h`, `ever`. */
function parseFor(text: string): { readonly value: number } | { readonly wrong: string } {
  const duration = parseDuration(text)
  if (isProblem(duration))
    return { wrong: duration.hint ? `${duration.message}; ${duration.hint}` : duration.message }
  const seconds = duration / 1e9
  if (seconds === Number.POSITIVE_INFINITY || (seconds >= 1 && seconds <= blockForLongest))
    return { value: seconds }
  return {
    wrong: `a block is from 1s to ${printDuration(blockForLongest * 1e9)} (32768 minutes), or ever, not ${text}`,
  }
}

/** One line a host; what was refused or not there goes to standard error, and is exit 1. */
export function tellChanges(changes: readonly ChangeLine[], json: boolean | undefined, io: Io): ExitStatus {
  const now = new Date()
  let status: ExitStatus = exit.done
  for (const change of changes) {
    const { source, result, until, why } = change
    const isBad = result === "refused" || result === "not-listed"
    if (isBad) status = exit.no
    if (json) io.json(change)
    else if (result === "refused") io.note(`floodwall: ${source} is not blocked: ${why}`)
    else if (result === "not-listed")
      io.note(`floodwall: ${source} is not on the list${why === undefined ? "" : `: ${why}`}`)
    else if (result === "unblocked") io.print(`${source} is let in again`)
    else io.print(`${source} is kept out ${until ? `until ${formatTime(new Date(until), now)}` : "for ever"}`)
  }
  return status
}
