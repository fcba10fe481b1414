import { createEngine, type Engine } from "../../src/core/engine/engine.js"
import { buildPacket } from "../../src/core/packet/build.js"
import { decode } from "../../src/core/packet/decode.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import { ACK, Packet, PSH, SYN } from "../../src/core/packet/packet.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"

const PACKETS = 200_000

/** One kind of traffic, the same over and over. */
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

export const kinds: readonly Traffic[] = [
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

/** What a packet of each round costs, in nanoseconds of processor time; without rules it is only decoded. */
export function kindCosts(kind: Traffic, rules: Ruleset | null, rounds: number): number[] {
  const packets = Array.from({ length: kind.distinct }, (_, number) => kind.packet(number))
  const bytes = new Uint8Array(packets.reduce((sum, each) => sum + each.length, 0))
  const offsets: number[] = []
  let end = 0
  for (const each of packets) {
    bytes.set(each, end)
    offsets.push(end)
    end += each.length
  }
  offsets.push(end)
  const view = new DataView(bytes.buffer)
  return Array.from({ length: rounds }, () => {
    const engine = rules && newEngine(rules)
    const packet = new Packet()
    let time = 0
    const send = (from: DataView, offset: number, length: number) => {
      decode(packet, from, offset, length, length, LINKTYPE_ETHERNET)
      packet.time = time += 1000
      packet.inputInterface = 1
      if (engine !== null) engine.judge(packet, "input")
    }
    for (const each of kind.prelude)
      send(new DataView(each.buffer, each.byteOffset, each.length), 0, each.length)
    const before = process.cpuUsage()
    for (let number = 0; number < PACKETS; number++) {
      const index = number % kind.distinct
      send(view, offsets[index]!, offsets[index + 1]! - offsets[index]!)
    }
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / PACKETS
  })
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
