import { printAddress } from "../../../src/core/base/address.js"
import { sctpChecksum } from "../../../src/core/packet/crc32c.js"
import type { PacketDescription } from "../../../src/core/packet/description.js"
import { ACK, FIN, type Packet, PSH, RST, SYN } from "../../../src/core/packet/packet.js"
import { type HookOracle, lastOf, type Seen } from "./hook-oracle.js"
import type { Chance } from "./random-segments.js"

/** Conversations through a translating gateway: the answers are made of what left it. */
export const world = {
  4: {
    wan: "192.0.2.1",
    lan: "198.51.100.1",
    inside: "198.51.100.2",
    net: "198.51.100.",
    clients: ["203.0.113.7", "203.0.113.8", "203.0.113.9"],
  },
  6: {
    wan: "2001:db8:1::1",
    lan: "2001:db8:2::1",
    inside: "2001:db8:2::2",
    net: "2001:db8:2::",
    clients: ["2001:db8:9::7", "2001:db8:9::8", "2001:db8:9::9"],
  },
} as const
/** An answer to a packet as it left: the same ends the other way round. */
function answerTo(seen: Seen, chance: Chance): PacketDescription | undefined {
  const packet = lastOf(seen)
  if (!packet || packet.family === 0) return undefined
  const ends = { source: textOf(packet, "destination"), destination: textOf(packet, "source") }
  if (chance.below(5) === 0) {
    const router = chance.below(2) === 0 ? { source: world[packet.family].clients[2]! } : {}
    const quoted = Uint8Array.from(Buffer.from(seen.places.at(-1)!.bytes, "hex")).slice(
      0,
      chance.of([28, 48, 60, 200]),
    )
    const type = packet.family === 4 ? chance.of([3, 3, 11, 5]) : chance.of([1, 2, 3])
    return { ...ends, ...router, icmp: { type, code: 0 }, payload: quoted }
  }
  const ports = { sourcePort: packet.destinationPort, destinationPort: packet.sourcePort }
  const payload = chance.of([0, 1, 20])
  switch (packet.protocol) {
    case 6: {
      const flags =
        packet.tcpFlags & SYN && !(packet.tcpFlags & ACK)
          ? chance.of([SYN | ACK, SYN | ACK, RST | ACK])
          : chance.of([ACK, PSH | ACK, FIN | ACK])
      const size = packet.payloadEnd - packet.payloadOffset + (packet.tcpFlags & (SYN | FIN) ? 1 : 0)
      return {
        ...ends,
        tcp: {
          ...ports,
          flags,
          sequence: packet.tcpFlags & ACK ? packet.tcpAcknowledgement : 7000,
          acknowledgement: (packet.tcpSequence + size) >>> 0,
        },
        payload: flags & PSH ? 20 : 0,
      }
    }
    case 17:
      return { ...ends, udp: { ...ports, checksum: chance.of(["good", "good", "none"]) }, payload }
    case 132:
      return { ...ends, protocol: 132, payload: sctp(packet.destinationPort, packet.sourcePort, 2, 9) }
    case 1:
    case 58:
      if (packet.icmpType !== 8 && packet.icmpType !== 128) return undefined
      return {
        ...ends,
        icmp: {
          type: packet.family === 4 ? 0 : 129,
          identifier: packet.icmpIdentifier,
          sequence: packet.icmpSequence,
        },
        payload,
      }
    default:
      return { ...ends, protocol: packet.protocol, payload: 8 }
  }
}

function textOf(packet: Packet, end: "source" | "destination"): string {
  const words = [packet[`${end}0`], packet[`${end}1`], packet[`${end}2`], packet[`${end}3`]]
  return packet.family === 4
    ? printAddress({ family: 4, words: [words[0]!] })
    : printAddress({ family: 6, words: words as [number, number, number, number] })
}

/** An INIT (1) or INIT ACK (2). */
function sctp(sourcePort: number, destinationPort: number, type: number, tag: number): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, sourcePort)
  view.setUint16(2, destinationPort)
  view.setUint32(4, type === 1 ? 0 : tag)
  bytes.set([type, 0, 0, 20, 0, 0, 0, 9], 12)
  view.setUint32(8, sctpChecksum(view, 0, 32))
  return bytes
}

function firstPackets(
  chance: Chance,
  family: 4 | 6,
  side: "inside" | "outside",
  count: number,
): PacketDescription[] {
  const { net, wan, clients, inside } = world[family]
  return Array.from({ length: count }, () => {
    const source = side === "inside" ? `${net}${chance.of([2, 5, 6])}` : chance.of(clients)
    const destination = side === "inside" ? chance.of([...clients, wan]) : chance.of([wan, wan, wan, inside])
    const ends = { source, destination }
    const sourcePort = chance.of([40000, 40001, 700, 300, 1024 + chance.below(60000)])
    const destinationPort = chance.of([80, 8000, 8080, 5300, 2222, 7000, 7001, 53, 1 + chance.below(65535)])
    const payload = chance.of([0, 1, 20])
    switch (chance.below(7)) {
      case 0:
      case 1:
      case 2:
        return {
          ...ends,
          tcp: {
            sourcePort,
            destinationPort,
            flags: chance.of([SYN, SYN, SYN, SYN, ACK]),
            sequence: 100,
            maximumSegmentSize: 1400,
          },
        }
      case 3:
      case 4:
        return {
          ...ends,
          udp: { sourcePort, destinationPort, checksum: chance.of(["good", "good", "none"]) },
          payload,
        }
      case 5:
        return {
          ...ends,
          icmp: {
            type: family === 4 ? 8 : 128,
            identifier: chance.of([1, 2, 3, chance.below(65536)]),
            sequence: 1,
          },
          payload,
        }
      default:
        return chance.below(2) === 0
          ? { ...ends, protocol: 132, payload: sctp(sourcePort, destinationPort, 1, 0) }
          : { ...ends, protocol: chance.of([4, 50, 89, 99]), payload: 8 }
    }
  })
}

/** Rounds of new conversations from either side, each with answers, and answers to those. */
export function converse(oracle: HookOracle, chance: Chance, family: 4 | 6, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (const side of ["inside", "outside"] as const) {
      let seen = oracle.send(side, firstPackets(chance, family, side, 24))
      let from: "inside" | "outside" = side
      for (let turn = 0; turn < 3; turn++) {
        const answers = seen.flatMap((one) => {
          const last = one.places.at(-1)
          return last?.place === "postrouting" && one.device !== "" ? (answerTo(one, chance) ?? []) : []
        })
        from = from === "inside" ? "outside" : "inside"
        seen = oracle.send(from, answers)
      }
    }
  }
}

/** UDP is masqueraded to 64 ports from here on. */
const MASQUERADED = 20000

/** The kernel draws ports; the engine is told what it drew. */
export function hintOf(seen: Seen): number {
  const packet = lastOf(seen)
  if (packet === undefined) return 0
  if (packet.protocol === 1 || packet.protocol === 58) return packet.icmpIdentifier
  const port = packet.sourcePort
  if (packet.protocol === 17 && port >= MASQUERADED && port < MASQUERADED + 64) return port - MASQUERADED
  return port < 512 ? port - 1 : port < 1024 ? port - 600 : port - 1024
}
