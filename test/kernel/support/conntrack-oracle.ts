import { parseAddress, printAddress } from "../../../src/core/base/address.js"
import { KIND, PORTS, TUPLE_WORDS } from "../../../src/core/engine/conntrack/layout.js"
import { ASSURED, SEEN_REPLY } from "../../../src/core/engine/conntrack/status.js"
import { tcpStates } from "../../../src/core/engine/conntrack/tcp.js"
import { createEngine, type Engine } from "../../../src/core/engine/engine.js"
import type { Settings } from "../../../src/core/engine/settings.js"
import { ctStateName } from "../../../src/core/engine/verdict.js"
import { decode } from "../../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../../src/core/packet/link-type.js"
import { Packet } from "../../../src/core/packet/packet.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../../src/linux/demo/agreement.js"
import type { Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { createReferee } from "../../../src/linux/host/namespace/referee.js"

export interface OracleReport {
  /** Packets whose state both said. */
  readonly compared: number
  /** Packets whose states differ, as lines. */
  readonly states: readonly string[]
  /** Connections that both know, and those that differ in state, replies, assurance or remaining life. */
  readonly connections: number
  readonly table: readonly string[]
  readonly engine: Engine
}

/** What both said of one packet, for who looks for the first difference of a connection. */
export type OnPacket = (
  packet: Packet,
  kernel: string | null,
  engine: Engine,
  answer: string | null,
  why: string,
) => void

/**
 * Sends the frames from outside through the firewall's real conntrack and through the engine's, and compares each packet's state and then the two
 * tables, entry by entry.
 */
export function askConntrack(
  laboratory: Laboratory,
  frames: readonly Uint8Array[],
  settings: Partial<Settings> = {},
  onPacket?: OnPacket,
  accounting = false,
): OracleReport {
  const { firewall } = laboratory
  if (accounting) firewall.namespace.sysctl("net/netfilter/nf_conntrack_acct", 1)
  for (const [name, value] of Object.entries(settings))
    firewall.namespace.sysctl(`net/netfilter/${name}`, value)
  const referee = createReferee(laboratory, { megabytes: 64 })
  laboratory.outside.sender("eth0").send(
    frames.map((bytes) => ({ bytes })),
    { batch: 128, between: referee.poll },
  )
  const arrivals = referee.finish()
  const seconds = () => Date.now() / 1000 - laboratory.epoch
  const asked = seconds()
  const dump = firewall.run("cat", ["/proc/net/nf_conntrack"]).stdout
  // Between the last packet and the answer a busy machine may let seconds pass.
  const took = seconds() - asked
  const { engine, diagnostics } = createEngine(
    { tables: [] },
    {
      interfaces: laboratoryInterfaces,
      local: laboratoryAddresses,
      conntrack: "on",
      settings,
      random: () => 1,
    },
  )
  if (engine === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  engine.conntrack.extras.accounts = accounting
  const packet = new Packet()
  const states: string[] = []
  let compared = 0
  for (const { frame, ruling } of arrivals) {
    const view = new DataView(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength)
    decode(packet, view, 0, frame.bytes.byteLength, frame.wireLength, LINKTYPE_ETHERNET)
    packet.time = frame.time
    packet.inputInterface = engine.interfaces.index(frame.device)
    const { ctState, why } = engine.judge(packet, frame.direction === "out" ? "output" : "input")
    if (!ruling || ruling.ambiguous) continue
    compared++
    const said = ctStateName(ctState)
    onPacket?.(packet, ruling.state, engine, said, why)
    if (said !== ruling.state)
      states.push(`packet ${compared}: kernel ${ruling.state}, engine ${said} ${why}: ${hex(frame.bytes)}`)
  }
  const theirs = readKernelTable(dump)
  const ours = readEngineTable(engine, Math.max(engine.now, asked * 1e9))
  const table: string[] = []
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
    const kernel = theirs.get(key)
    const own = ours.get(key)
    if (kernel === undefined || own === undefined) {
      // An entry whose end is near may be gone in one and not in the other.
      if ((kernel ?? own)!.seconds > 1 + took)
        table.push(`${key}: kernel ${print(kernel)}, engine ${print(own)}`)
    } else if (
      kernel.state !== own.state ||
      kernel.replied !== own.replied ||
      kernel.assured !== own.assured ||
      (accounting && kernel.counts !== own.counts) ||
      Math.abs(kernel.seconds - own.seconds) > 3 + took
    )
      table.push(`${key}: kernel ${print(kernel)}, engine ${print(own)}`)
  }
  return { compared, states, connections: ours.size, table, engine }
}

interface Entry {
  readonly state: string
  readonly seconds: number
  readonly replied: boolean
  readonly assured: boolean
  /** Packets and bytes of the original direction, then of the reply. */
  readonly counts: string
}

function print(entry: Entry | undefined): string {
  if (entry === undefined) return "nothing"
  const marks = `${entry.replied ? "" : " UNREPLIED"}${entry.assured ? " ASSURED" : ""}`
  return `${entry.state} ${entry.seconds}s${marks} ${entry.counts}`
}

/** `ipv4 2 tcp 6 431999 ESTABLISHED src=… dst=… sport=… dport=… [UNREPLIED] src=… … [ASSURED] …` */
function readKernelTable(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const line of text.trim().split("\n")) {
    const words = line.split(/\s+/)
    if (words.length < 6) continue
    const [, , , protocol = "", seconds = ""] = words
    const fields = words.slice(5).filter((word) => word.includes("="))
    const field = (name: string) =>
      fields.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
    const address = (name: string) => printAddress(parseAddress(field(name))!)
    const ports = field("sport") === "" ? icmpKey(field) : `${field("sport")}/${field("dport")}`
    const state = words[5]!.includes("=") || words[5]!.startsWith("[") ? "" : words[5]!
    entries.set(`${protocol} ${address("src")} ${address("dst")} ${ports}`, {
      state,
      seconds: Number(seconds),
      replied: !line.includes("[UNREPLIED]"),
      assured: line.includes("[ASSURED]"),
      counts: fields
        .filter((word) => word.startsWith("packets=") || word.startsWith("bytes="))
        .map((word) => word.split("=")[1])
        .join(" "),
    })
  }
  return entries
}

function icmpKey(field: (name: string) => string): string {
  return field("id") === "" ? "/" : `${field("id")}/${field("type")}/${field("code")}`
}

/** As it is at a time, in nanoseconds. */
function readEngineTable(engine: Engine, now: number): Map<string, Entry> {
  const { table } = engine.conntrack
  const entries = new Map<string, Entry>()
  table.forEach(now, (entry) => {
    const tuple = new Uint32Array(TUPLE_WORDS)
    table.readTuple(entry * 2, tuple)
    const word = (index: number) => tuple[index]!
    const family = (word(KIND) >>> 8) & 0xff
    const protocol = word(KIND) & 0xff
    const address = (from: number) =>
      family === 4
        ? printAddress({ family: 4, words: [word(from)] })
        : printAddress({ family: 6, words: [word(from), word(from + 1), word(from + 2), word(from + 3)] })
    const ports = word(PORTS)
    const isIcmp = protocol === 1 || protocol === 58
    const hasPorts = protocol === 6 || protocol === 17 || protocol === 132 || protocol === 136
    const pair = isIcmp
      ? `${ports >>> 16}/${(ports >>> 8) & 0xff}/${ports & 0xff}`
      : hasPorts
        ? `${ports >>> 16}/${ports & 0xffff}`
        : "/"
    const status = table.statusOf(entry)
    entries.set(`${protocol} ${address(0)} ${address(4)} ${pair}`, {
      state: protocol === 6 ? (tcpStates[table.phaseOf(entry)] ?? "") : "",
      seconds: Math.floor((table.expiresOf(entry) - now) / 1e9),
      replied: (status & SEEN_REPLY) !== 0,
      assured: (status & ASSURED) !== 0,
      counts: [0, 1]
        .flatMap((direction) => [
          engine.conntrack.extras.packets(entry, direction),
          engine.conntrack.extras.bytes(entry, direction),
        ])
        .join(" "),
    })
  })
  return entries
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(14, 94)).toString("hex")
}
