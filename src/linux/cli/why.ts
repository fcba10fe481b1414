import { parseAddress } from "../../core/base/address.js"
import type { KnownLine } from "../daemon/protocol.js"
import { failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { left, whyText } from "./blocked.js"
import { type Command, exit, jsonOption } from "./command.js"
import { printEvent } from "./events.js"
import type { Io } from "./output.js"
import { parseDialledPort, type Reach, reach } from "./reach.js"
import { formatCount, plural } from "./text.js"
import { formatTime, tell } from "./told.js"
import { traceText } from "./trace-text.js"

interface Options {
  readonly json?: boolean
  readonly all?: boolean
}

export const command: Command<Options> = {
  operands: "<address> [port]",
  description:
    "Everything that is known of an address: whether it is kept out, why and until when, what was found of it and what was done. With a port (443/tcp, 53/udp), whether it can open a connection to that " +
    "port of this host: the rules and sets that the kernel has now are read back, and the engine asks them with its first packet, rule by rule. Limits are asked as if nothing had been counted yet.",
  options: [{ flags: "--all", text: "with a port: each rule that did not match, too" }, jsonOption],
  exitZero: "it is not kept out, and reaches the port if one was named",
  exitOne: "it is kept out, or does not reach the port",
  exitThree: "no privilege, no nft, no nf_tables, or the ledger cannot be read",
  examples: [
    { line: "floodwall why 203.0.113.5", text: "the whole story" },
    {
      line: "floodwall why 203.0.113.5 443/tcp",
      text: "can it reach the web server, and if not, which rule says so?",
    },
  ],
  async run([word = "", portWord], { json, all = false }, io) {
    const address = parseAddress(word)
    if (!address) return io.wrong("not-an-address", `"${word}" is not an IPv4 or IPv6 address`)
    const port = portWord === undefined ? undefined : parseDialledPort(portWord)
    if (portWord !== undefined && port === undefined)
      return io.wrong("not-a-port", `"${portWord}" is not a port`, "write it as 443/tcp, 53/udp or 22")
    const answer = await ask({ request: "why", address: word }, io)
    if (failed(answer)) return tell(answer.failure, io)
    if (!("known" in answer.value)) return exit.cannot
    const { known } = answer.value
    const reached = port && reach(address, port)
    if (reached && failed(reached)) return tell(reached.failure, io)
    if (json) io.json({ ...known, ...(reached && { reach: reached.value }) })
    else {
      printKnown(known, io)
      if (reached) printReach(reached.value, portWord ?? "", all, io)
    }
    const isOut = reached ? reached.value.verdict !== "accept" : known.blocks.length > 0
    return isOut ? exit.no : exit.done
  },
}

function printKnown({ address, blocks, earlier, events, neverBlocked }: KnownLine, io: Io): void {
  const { style } = io
  const now = new Date()
  if (blocks.length === 0) io.print(`${style.name(address)} is ${style.good("not kept out")}.`)
  for (const block of blocks) {
    const until =
      block.until === null
        ? "for ever"
        : `until ${formatTime(new Date(block.until), now)}, ${left(block.until, now)} from now`
    const what = block.scope === "everything" ? "kept out" : "kept from opening connections"
    io.print(
      `${style.name(address)} is ${style.bad(what)} ${until}${block.source === address ? "" : `, with ${block.source}`}.`,
    )
    io.print(`  ${whyText(block)}`)
    io.print(
      `  since ${formatTime(new Date(block.since), now)}; ${plural(block.droppedPackets, "packet")} (${formatCount(block.droppedBytes)} bytes) dropped since`,
    )
  }
  if (neverBlocked !== undefined) io.print(`It is never blocked: ${neverBlocked}.`)
  const section = (title: string, lines: readonly KnownLine["events"][number][]) => {
    if (lines.length === 0) return
    io.print(`\n${style.bold(title)}`)
    for (const line of lines.slice(0, 20).reverse()) printEvent(line, false, io)
  }
  section("Findings", events)
  section("Blocks", earlier)
  if (events.length + earlier.length === 0)
    io.print("Nothing was ever found of it, as far as the ledger goes back.")
}

function printReach(reached: Reach, port: string, all: boolean, io: Io): void {
  const { style, lineWidth: width } = io
  const isIn = reached.verdict === "accept"
  const rule = reached.comment === undefined ? "" : ` (${reached.comment})`
  io.print(
    `\nA new connection to ${port} ${isIn ? style.good("gets through") : style.bad(`is stopped: ${reached.verdict}`)}${isIn ? "" : rule}. Packet: ${reached.packet}\n`,
  )
  if (reached.onlyOurs) io.print("Other tools' rules could not be read and were not asked.\n")
  io.print(traceText(reached.stages, reached, { id: 1, family: reached.family, all, style, width }))
}
