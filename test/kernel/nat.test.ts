import { expect } from "vitest"
import { parseAddress, printAddress } from "../../src/core/base/address.js"
import { DST_NAT, SRC_NAT } from "../../src/core/engine/conntrack/status.js"
import { sctpChecksum } from "../../src/core/packet/crc32c.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { ACK, FIN, type Packet, PSH, RST, SYN } from "../../src/core/packet/packet.js"
import { DESTINATION, SOURCE } from "../../src/core/packet/rewrite.js"
import {
  accept,
  equal,
  iifname,
  ip,
  ip6,
  l4proto,
  oifname,
  tcp,
  th,
  udp,
} from "../../src/core/ruleset/build.js"
import type { Hook } from "../../src/core/ruleset/hook.js"
import { stepsToText } from "../../src/core/ruleset/kinds.js"
import type { StepNode } from "../../src/core/ruleset/node.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import type { Run, Step } from "../../src/core/ruleset/runtime.js"
import { HookOracle, lastOf, type Place, type Seen } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"

/** A rule of a nat chain: what it asks, its statement for the kernel, and what the statement does in the engine. */
interface NatRule {
  readonly asks: readonly StepNode[]
  readonly nft: string
  readonly does: Step
}

interface NatChain {
  readonly name: string
  readonly hook: Hook
  readonly place: number
  readonly rules: readonly NatRule[]
}

function tables(family: 4 | 6, chains: readonly NatChain[]) {
  const nft = `table ${family === 4 ? "ip" : "ip6"} translate {
    ${chains
      .map(
        ({ name, hook, place, rules }) => `chain ${name} {
      type nat hook ${hook} priority ${place}
      ${rules.map(({ asks, nft }) => `${stepsToText(asks)} ${nft}`).join("\n      ")}
    }`,
      )
      .join("\n    ")}
  }`
  const ruleset: Ruleset = {
    tables: [
      {
        family: family === 4 ? "ip" : "ip6",
        name: "translate",
        sets: [],
        chains: chains.map(({ name, hook, place, rules }) => ({
          name,
          base: { type: "nat", hook, priority: place, policy: "accept" },
          rules: rules.map(({ asks, nft }) => ({
            steps: [...asks, accept],
            origin: { span: { file: "test", line: 1, column: 1 }, text: nft },
          })),
        })),
      },
    ],
  }
  const patch = Object.fromEntries(
    chains.flatMap(({ name, rules }) => rules.map(({ does }, index) => [`${name}:${index}`, does] as const)),
  )
  return { nft, ruleset, patch }
}

interface Wish {
  readonly from?: string
  readonly to?: string
  readonly ports?: readonly [number, number]
}

function to(end: typeof SOURCE | typeof DESTINATION, { from, to, ports }: Wish): Step {
  return (packet: Packet, run: Run) => {
    const request = run.nat.ask()
    if (from !== undefined) {
      request.hasAddresses = true
      request.lowest.set(parseAddress(from)!.words)
      request.highest.set(parseAddress(to ?? from)!.words)
    }
    request.fromPort = ports?.[0] ?? -1
    request.toPort = ports?.[1] ?? -1
    return run.nat.translate(packet, end)
  }
}

const masquerade: Step = (packet, run) => {
  run.nat.ask()
  return run.nat.masquerade(packet)
}

const redirect =
  (port: number): Step =>
  (packet, run) => {
    const request = run.nat.ask()
    request.fromPort = port
    request.toPort = port
    return run.nat.redirect(packet)
  }

const world = {
  4: {
    ip,
    wan: "192.0.2.1",
    lan: "198.51.100.1",
    inside: "198.51.100.2",
    net: "198.51.100.",
    clients: ["203.0.113.7", "203.0.113.8", "203.0.113.9"],
  },
  6: {
    ip: ip6,
    wan: "2001:db8:1::1",
    lan: "2001:db8:2::1",
    inside: "2001:db8:2::2",
    net: "2001:db8:2::",
    clients: ["2001:db8:9::7", "2001:db8:9::8", "2001:db8:9::9"],
  },
} as const

function rules(family: 4 | 6) {
  const { ip, inside, net, wan } = world[family]
  const text = (address: string, rest = "") =>
    family === 6 && rest !== "" ? `[${address}]${rest}` : `${address}${rest}`
  const toWan = equal(ip("daddr"), parseAddress(wan)!.words)
  return tables(family, [
    {
      name: "before",
      hook: "prerouting",
      place: -100,
      rules: [
        {
          asks: [toWan, equal(tcp("dport"), 8080)],
          nft: `dnat to ${text(inside, ":80")}`,
          does: to(DESTINATION, { from: inside, ports: [80, 80] }),
        },
        {
          asks: [toWan, equal(udp("dport"), 5300)],
          nft: `dnat to ${inside}`,
          does: to(DESTINATION, { from: inside }),
        },
        { asks: [equal(tcp("dport"), 2222)], nft: "redirect to :22", does: redirect(22) },
        {
          asks: [equal(udp("dport"), 7000)],
          nft: `dnat to ${net}5-${net}9`,
          does: to(DESTINATION, { from: `${net}5`, to: `${net}9` }),
        },
        {
          asks: [equal(udp("dport"), 7001)],
          nft: `dnat to ${text(inside, ":1000-1009")}`,
          does: to(DESTINATION, { from: inside, ports: [1000, 1009] }),
        },
        {
          asks: [equal(l4proto, family === 4 ? 1 : 58), toWan, iifname("wan0")],
          nft: `dnat to ${inside}`,
          does: to(DESTINATION, { from: inside }),
        },
      ],
    },
    {
      name: "behind",
      hook: "postrouting",
      place: 100,
      rules: [
        {
          asks: [oifname("lan0"), equal(udp("dport"), 5300)],
          nft: `snat to ${world[family].lan}`,
          does: to(SOURCE, { from: world[family].lan }),
        },
        {
          asks: [oifname("wan0"), equal(th("dport"), 8000)],
          nft: `snat to ${wan}`,
          does: to(SOURCE, { from: wan }),
        },
        {
          asks: [oifname("wan0"), equal(l4proto, 132)],
          nft: `snat to ${net}200-${net}250`,
          does: to(SOURCE, { from: `${net}200`, to: `${net}250` }),
        },
        { asks: [oifname("wan0")], nft: "masquerade", does: masquerade },
      ],
    },
  ])
}

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

for (const family of [4, 6] as const)
  kernelTest(
    `IPv${family}: what NAT makes of packets, answers and errors at each hook is what the kernel makes of them`,
    ({ laboratory }) => {
      const chance = new Chance(Number(process.env["SEED"] ?? 1) + family)
      const { nft, ruleset, patch } = rules(family)
      const oracle = new HookOracle(laboratory, nft)
      for (let round = 0; round < 12; round++) {
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
      const { compared, differences } = oracle.compare(ruleset, {}, patch, hintOf)
      expect(differences.slice(0, 3).join("\n")).toBe("")
      expect(differences.length).toBe(0)
      expect(compared).toBeGreaterThan(1000)
      const count = (holds: (place: Place) => boolean) =>
        oracle.packets.filter(({ places }) => places.some(holds)).length
      // All of it happened: sources and destinations translated, answers, errors, packets of no connection.
      expect(count(({ status }) => (status & SRC_NAT) !== 0)).toBeGreaterThan(400)
      expect(count(({ status }) => (status & DST_NAT) !== 0)).toBeGreaterThan(200)
      expect(count(({ state }) => state === "related")).toBeGreaterThan(100)
      expect(count(({ state }) => state === "invalid")).toBeGreaterThan(20)
      expect(
        count(({ state, status }) => state === "established" && (status & (SRC_NAT | DST_NAT)) !== 0),
      ).toBeGreaterThan(400)
    },
  )

/** The kernel draws ports; the engine is told what it drew. */
function hintOf(seen: Seen): number {
  const packet = lastOf(seen)
  if (packet === undefined) return 0
  if (packet.protocol === 1 || packet.protocol === 58) return packet.icmpIdentifier
  const port = packet.sourcePort
  return port < 512 ? port - 1 : port < 1024 ? port - 600 : port - 1024
}
