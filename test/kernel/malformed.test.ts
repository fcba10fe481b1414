import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { decode } from "../../src/core/packet/decode.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { type KernelTreatment, malformedFacts } from "../../src/core/packet/malformed.js"
import { Packet, SYN } from "../../src/core/packet/packet.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { kernelTest } from "./support/kernel-test.js"

/**
 * What `malformedFacts` says that Linux does with each fault, asked of Linux: a packet with the fault is sent, and the referee says whether a hook saw it and
 * what conntrack called it.
 */

const v4 = { source: "203.0.113.9", destination: "192.0.2.1" }
const v6 = { source: "2001:db8:9::5", destination: "2001:db8:1::1" }
const ports = { sourcePort: 40000, destinationPort: 22 }
const syn = { ...ports, flags: SYN }
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))

interface Trial {
  readonly fact: string
  readonly description: PacketDescription
  /** Changes to the built frame, at offsets of the IP header. */
  readonly change?: readonly (readonly [offset: number, value: number])[]
  readonly cut?: number
}

function trial(
  fact: string,
  description: PacketDescription,
  change: Trial["change"] = [],
  cut?: number,
): Trial {
  return { fact, description, change, ...(cut === undefined ? {} : { cut }) }
}

const trials: readonly Trial[] = [
  trial("none", { ...v4, tcp: syn }),
  trial("none", { ...v6, tcp: syn }),
  trial("ipv4-truncated", { ...v4, tcp: syn }, [], 19),
  trial("ipv4-version", { ...v4, tcp: syn }, [[0, 0x55]]),
  trial("ipv4-header-length", { ...v4, tcp: syn }, [[0, 0x44]]),
  trial("ipv4-total-length", { ...v4, networkLength: 19, tcp: syn }),
  trial("ipv4-beyond-frame", { ...v4, networkLength: 41, tcp: syn }),
  trial("ipv4-option-length", { ...v4, ipOptions: hex("94010000"), tcp: syn }),
  trial("ipv6-truncated", { ...v6, tcp: syn }, [], 39),
  trial("ipv6-version", { ...v6, tcp: syn }, [[0, 0x50]]),
  trial("ipv6-beyond-frame", { ...v6, networkLength: 21, tcp: syn }),
  trial("ipv6-extension-truncated", { ...v6, protocol: 60, payload: hex("06000102000000") }),
  trial("ipv6-extension-length", { ...v6, protocol: 60, payload: hex("0601010c0000000000000000") }),
  trial("ipv6-extension-length", { ...v6, protocol: 51, payload: hex("06040000000000010000000a") }),
  trial("ipv6-hop-by-hop-length", { ...v6, protocol: 0, payload: hex("0601010c0000000000000000") }),
  trial("ipv6-hop-by-hop-length", { ...v6, protocol: 0, payload: hex("06000104000000") }),
  ...[
    "010500000000",
    "050500000000",
    "400400000000",
    "800400000000",
    "c00400000000",
    "000000000001",
    "010400000001",
  ].map((body) =>
    trial("ipv6-hop-by-hop-option", { ...v6, extensions: [{ header: 0, body: hex(body) }], tcp: syn }),
  ),
  trial("ipv6-hop-by-hop-option", {
    ...v6,
    extensions: [{ header: 0, body: hex("0106000000000000010400000000") }],
    tcp: syn,
  }),
  // Router alert, an unknown option that may be skipped, padding.
  ...["050200000100", "1e0400000000", "010400000000", "000000000000"].map((body) =>
    trial("none", { ...v6, extensions: [{ header: 0, body: hex(body) }], tcp: syn }),
  ),
  trial("ipv6-jumbo-length", {
    ...v6,
    networkLength: 0,
    extensions: [{ header: 0, body: hex("c2040000ffff") }],
    tcp: syn,
  }),
  trial("ipv6-too-many-extensions", {
    ...v6,
    extensions: Array.from({ length: 70 }, () => ({ header: 60 })),
    tcp: syn,
  }),
  trial("tcp-truncated", { ...v4, protocol: 6, payload: hex("9c40001600000001") }),
  trial("tcp-header-length", { ...v4, tcp: { ...syn, headerLength: 16 } }),
  trial("tcp-header-beyond-packet", { ...v4, tcp: { ...syn, headerLength: 24 } }),
  trial("tcp-option-length", { ...v4, tcp: { ...syn, options: hex("02010000") } }),
  trial("udp-truncated", { ...v4, protocol: 17, payload: hex("9c400016000700") }),
  trial("udp-length", { ...v4, udp: { ...ports, length: 7 } }),
  trial("udp-length", { ...v4, udp: { ...ports, length: 0 } }),
  trial("udp-beyond-packet", { ...v4, udp: { ...ports, length: 9 } }),
  trial("icmp-truncated", { ...v4, protocol: 1, payload: hex("0800f7ff000000") }),
  trial("icmpv6-truncated", { ...v6, protocol: 58, payload: hex("80000000000000") }),
  trial("sctp-truncated", { ...v4, protocol: 132, payload: hex("000100020000000000000000").subarray(0, 11) }),
  trial("dccp-truncated", { ...v4, protocol: 33, payload: hex("000100020000000000000000").subarray(0, 11) }),
  trial("udplite-coverage", { ...v4, protocol: 136, payload: hex("0001000200070000") }),
  trial("udplite-coverage", { ...v4, protocol: 136, payload: hex("0001000200090000") }),
]

/** Not asked: what is no IP, and fragments, which defragmentation takes in or throws away before a hook is asked. */
const notAsked = /^(?:link|vlan|nflog|arp)-|-fragment-/

kernelTest("Linux treats each fault as the table says", ({ laboratory }) => {
  const referee = createReferee(laboratory)
  const frames = trials.map(frame)
  const asked = trials.map(({ fact }, index) => {
    expect(`${index} ${faultOf(frames[index]!)}`).toBe(`${index} ${fact}`)
    return fact
  })
  // One at a time: what is asked is what happens to each, and two of them are alike to the referee.
  for (const bytes of frames) laboratory.outside.sender("eth0").send([{ bytes }], { between: referee.poll })
  const arrivals = referee.finish().filter(({ own }) => !own)
  const treated = arrivals.map(({ frame: { bytes }, ruling }) => {
    const treatment: KernelTreatment =
      !ruling || ruling.passed.size === 0 ? "no-hook" : ruling.state === "invalid" ? "invalid" : "passes"
    return `${faultOf(bytes)}: ${treatment}`
  })
  const expected = asked.map(
    (name) => `${name}: ${malformedFacts.find((fact) => fact.name === name)!.kernel}`,
  )
  expect(treated).toEqual(expected)
  const missing = malformedFacts.filter(({ name }) => !asked.includes(name) && !notAsked.test(name))
  expect(missing).toEqual([])
})

function frame({ description, change = [], cut }: Trial): Uint8Array {
  const bytes = buildPacket(description)
  for (const [offset, value] of change) bytes[14 + offset] = value
  return cut === undefined ? bytes : bytes.subarray(0, 14 + cut)
}

function faultOf(bytes: Uint8Array): string {
  const packet = new Packet()
  decode(packet, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, bytes.length, 1)
  return malformedFacts[packet.malformed]!.name
}
