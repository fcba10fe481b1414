/**
 * What a packet costs the engine, in nanoseconds: a policy, kinds of traffic that it lets through and stops, decoded and judged.
 *
 *     node scripts/run.mjs scripts/engine-bench.ts [PRESET]
 *
 * Packets are built before the clock starts; it is the processor's, so that others' work does not count. Ratios within one run count; machines differ.
 */
import { createEngine, type Engine } from "../src/core/engine/engine.js"
import { buildPacket } from "../src/core/packet/build.js"
import { decode } from "../src/core/packet/decode.js"
import type { PacketDescription } from "../src/core/packet/description.js"
import { LINKTYPE_ETHERNET } from "../src/core/packet/link-type.js"
import { ACK, Packet, PSH, SYN } from "../src/core/packet/packet.js"
import { compilePolicy } from "../src/core/policy/compile.js"

import { loadPolicy } from "../src/core/policy/load.js"
import type { HostFacts } from "../src/core/policy/policy.js"
import type { Ruleset } from "../src/core/ruleset/ruleset.js"

const ROUNDS = 5
const PACKETS = 200_000

const preset = process.argv[2] ?? "default"
const host: HostFacts = {
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  addresses: [],
  listening: [],
  ingressDevices: ["eth0"],
  egress: false,
}
const text = `version: 1\ninterfaces: { wan: eth0 }\nprotect: { wan: ${preset} }\n`
const { policy, diagnostics } = loadPolicy(
  { path: "bench.yaml", text },
  { read: () => ({ problem: "no files" }), glob: () => [], host },
)
if (!policy) throw new Error(diagnostics.map(({ message }) => message).join("; "))
const { ruleset } = compilePolicy(policy, host)
const nothing: Ruleset = { tables: [] }

interface Traffic {
  readonly name: string
  /** Sent once, before the clock starts. */
  readonly prelude: readonly Uint8Array[]
  packet(number: number): Uint8Array
  readonly distinct: number
}

const client = { source: "203.0.113.9", destination: "192.0.2.1" }
const server = { source: "192.0.2.1", destination: "203.0.113.9" }

function segment(
  ends: typeof client,
  port: number,
  flags: number,
  description: Partial<PacketDescription["tcp"]> = {},
) {
  const ports =
    ends === client ? { sourcePort: port, destinationPort: 443 } : { sourcePort: 443, destinationPort: port }
  return buildPacket({ ...ends, tcp: { ...ports, flags, ...description } })
}

const flows = Array.from({ length: 256 }, (_, index) => 20_000 + index)
const kinds: readonly Traffic[] = [
  {
    name: "established data, 256 connections",
    prelude: flows.flatMap((port) => [
      segment(client, port, SYN, { sequence: 1000 }),
      segment(server, port, SYN | ACK, { sequence: 5000, acknowledgement: 1001 }),
      segment(client, port, ACK, { sequence: 1001, acknowledgement: 5001 }),
    ]),
    packet: (number) =>
      segment(client, flows[number % 256]!, ACK | PSH, {
        sequence: 1001,
        acknowledgement: 5001,
        window: 500 + (number >> 8),
      }),
    distinct: 1024,
  },
  {
    name: "SYN from random sources",
    prelude: [],
    packet: (number) =>
      buildPacket({
        source: { family: 4, words: [(0xc6120000 + ((number * 2654435761) >>> 15)) >>> 0] },
        destination: "192.0.2.1",
        tcp: {
          sourcePort: 1024 + (number % 60_000),
          destinationPort: 443,
          flags: SYN,
          maximumSegmentSize: 1460,
        },
      }),
    distinct: PACKETS,
  },
  {
    name: "UDP, answered flows",
    prelude: flows.flatMap((port) => [
      buildPacket({ ...client, udp: { sourcePort: port, destinationPort: 53 } }),
      buildPacket({ ...server, udp: { sourcePort: 53, destinationPort: port } }),
    ]),
    packet: (number) =>
      buildPacket({ ...client, udp: { sourcePort: flows[number % 256]!, destinationPort: 53 }, payload: 30 }),
    distinct: 256,
  },
  {
    name: "all flags set (xmas)",
    prelude: [],
    packet: (number) => segment(client, 1024 + (number % 60_000), 63),
    distinct: 4096,
  },
]

process.stdout.write(
  `${"".padEnd(40)}${"decode".padStart(8)}${"conntrack".padStart(11)}${preset.padStart(22)}\n`,
)
for (const kind of kinds) {
  const packets = Array.from({ length: kind.distinct }, (_, number) => kind.packet(number))
  const bytes = new Uint8Array(packets.reduce((sum, each) => sum + each.length, 0))
  const offsets: number[] = []
  const lengths: number[] = []
  let at = 0
  for (const packet of packets) {
    bytes.set(packet, at)
    offsets.push(at)
    lengths.push(packet.length)
    at += packet.length
  }
  const view = new DataView(bytes.buffer)
  const costs = [null, nothing, ruleset].map((rules) => cost(kind, view, offsets, lengths, rules))
  process.stdout.write(
    `${kind.name.padEnd(40)}${costs[0]!.toFixed(0).padStart(8)}${costs[1]!.toFixed(0).padStart(11)}${costs[2]!.toFixed(0).padStart(22)}\n`,
  )
}

/** The median round's nanoseconds a packet. */
function cost(
  kind: Traffic,
  view: DataView,
  offsets: readonly number[],
  lengths: readonly number[],
  rules: Ruleset | null,
): number {
  const rounds: number[] = []
  const packet = new Packet()
  for (let round = 0; round < ROUNDS; round++) {
    const engine = rules && newEngine(rules)
    let time = 0
    for (const each of kind.prelude) {
      decode(
        packet,
        new DataView(each.buffer, each.byteOffset, each.length),
        0,
        each.length,
        each.length,
        LINKTYPE_ETHERNET,
      )
      packet.time = time += 1000
      packet.inputInterface = 1
      engine?.judge(packet, "input")
    }
    const begin = process.cpuUsage()
    for (let number = 0; number < PACKETS; number++) {
      const index = number % offsets.length
      decode(packet, view, offsets[index]!, lengths[index]!, lengths[index]!, LINKTYPE_ETHERNET)
      packet.time = time += 1000
      packet.inputInterface = 1
      if (engine !== null) engine.judge(packet, "input")
    }
    const { user, system } = process.cpuUsage(begin)
    rounds.push(((user + system) * 1000) / PACKETS)
  }
  return rounds.sort((left, right) => left - right)[ROUNDS >> 1]!
}

function newEngine(rules: Ruleset): Engine {
  const { engine, diagnostics } = createEngine(rules, {
    random: () => 1,
    conntrack: "on",
    interfaces: [{ name: "eth0", networks: ["default"] }],
  })
  if (engine === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return engine
}
