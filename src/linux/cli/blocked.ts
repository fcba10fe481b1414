import { isProblem } from "../../core/base/diagnostic.js"
import { overlaps, type Prefix, parsePrefix } from "../../core/base/prefix.js"
import type { BlockedLine } from "../daemon/protocol.js"
import { failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { type Command, exit, jsonOption } from "./command.js"
import { readHosts } from "./hosts.js"
import type { Io } from "./output.js"
import { formatCount, formatSeconds, formatTable, plural } from "./text.js"
import { formatTime, tell } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "[host...]",
  description:
    "Who is kept out: why, since when, until when, and how many of its packets were dropped since. With hosts or networks, only what is kept out of these. A source of IPv6 is its /64.",
  options: [jsonOption],
  exitOne: "none of the hosts that were named is on the list",
  exitThree: "no privilege, no nft, no nf_tables, or the ledger cannot be read",
  examples: [
    { line: "floodwall blocked", text: "the list, the latest first" },
    { line: "floodwall blocked 203.0.113.0/24 --json", text: "one object a source, for programs" },
  ],
  async run(words, { json }, io) {
    const hosts = readHosts(words, io)
    if (hosts === undefined) return exit.wrong
    const answer = await ask({ request: "blocked" }, io)
    if (failed(answer)) return tell(answer.failure, io)
    const all = "blocked" in answer.value ? answer.value.blocked : []
    const shown = hosts.length === 0 ? all : all.filter(({ source }) => isAmong(source, hosts))
    if (json) for (const line of shown) io.json(line)
    else if (hosts.length > 0 && shown.length === 0) io.print("None of these is blocked.")
    else printBlocked(shown, io)
    return hosts.length > 0 && shown.length === 0 ? exit.no : exit.done
  },
}

function isAmong(source: string, hosts: readonly Prefix[]): boolean {
  const own = parsePrefix(source)
  return !isProblem(own) && hosts.some((host) => overlaps(host, own))
}

export function printBlocked(lines: readonly BlockedLine[], io: Io): void {
  if (lines.length === 0) {
    io.print("Nobody is blocked.")
    return
  }
  const now = new Date()
  const rows = lines.map((line) => [
    io.style.name(line.source),
    formatTime(new Date(line.since), now),
    line.until === null
      ? "for ever"
      : `${formatTime(new Date(line.until), now)} (${left(line.until, now)} left)`,
    formatCount(line.droppedPackets),
    whyText(line),
  ])
  io.print(
    formatTable(
      [
        { title: "source" },
        { title: "since" },
        { title: "until" },
        { title: "dropped", align: "right" },
        { title: "why" },
      ],
      rows,
      io.lineWidth,
    ),
  )
  io.print(`\n${plural(lines.length, "source")} ${lines.length === 1 ? "is" : "are"} kept out.`)
}

export function left(until: string, now: Date): string {
  return formatSeconds(Math.max(0, (Date.parse(until) - now.getTime()) / 1000))
}

export function whyText({ kind, why, scope, times }: BlockedLine): string {
  const again = times > 1 ? `; blocked for the ${times}. time` : ""
  const part = scope === "new-connections" ? "; only new connections" : ""
  return `${kind}: ${why}${part}${again}`
}
