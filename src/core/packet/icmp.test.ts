import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { LINKTYPE_RAW } from "./link-type.js"
import { Packet } from "./packet.js"
import { decodeIp, fault, line, show } from "./packet-fixture.js"
import { decodeQuoted } from "./quoted.js"

const ipv4 = { source: "10.0.0.1", destination: "10.0.0.9" }
const ipv6 = { source: "2001:db8::1", destination: "2001:db8::9" }

test("an echo request, both families", () => {
  const icmp = { type: 8, identifier: 0xabcd, sequence: 9 }
  expect(
    show(decodeIp({ ...ipv4, icmp }), "protocol", "icmpType", "icmpCode", "icmpIdentifier", "icmpSequence"),
  ).toBe("protocol 1, icmpType 8, icmpCode 0, icmpIdentifier 43981, icmpSequence 9")
  expect(line(decodeIp({ ...ipv6, icmp: { ...icmp, type: 128 } }))).toBe(
    "2001:db8::1 > 2001:db8::9 icmpv6 echo-request id 43981 seq 9",
  )
})

test("an error has no identifier, and quotes a packet", () => {
  const quoted = buildPacket({
    linkType: LINKTYPE_RAW,
    source: "10.0.0.9",
    destination: "192.0.2.7",
    tcp: { sourcePort: 40000, destinationPort: 443, flags: 2, sequence: 77 },
  }).subarray(0, 28)
  const packet = decodeIp({ ...ipv4, icmp: { type: 3, code: 4, rest: 1400 }, payload: quoted })
  expect(line(packet)).toBe(
    "10.0.0.1 > 10.0.0.9 icmp fragmentation-needed rest 1400 len 28 # about 10.0.0.9:40000 > 192.0.2.7:443 tcp",
  )
  expect(packet.icmpIdentifier).toBe(0)
  const inner = new Packet()
  decodeQuoted(inner, packet)
  expect(show(inner, "protocol", "sourcePort", "destinationPort", "transportOffset", "networkLength")).toBe(
    "protocol 6, sourcePort 40000, destinationPort 443, transportOffset -1, networkLength 40",
  )
  expect(fault(inner)).toBe("tcp-truncated at 20: needed 20, had 8 by the capture's snap length")
})

test("what is quoted is no IP", () => {
  const inner = new Packet()
  decodeQuoted(inner, decodeIp({ ...ipv4, icmp: { type: 11 }, payload: 2 }))
  expect(inner.family).toBe(0)
})

test("7 bytes keep type and code, 1 byte keeps nothing", () => {
  const seven = decodeIp({ ...ipv4, protocol: 1, payload: Uint8Array.of(8, 1, 0, 0, 0, 0, 0) })
  expect(show(seven, "icmpType", "icmpCode", "transportOffset")).toBe(
    "icmpType 8, icmpCode 1, transportOffset -1",
  )
  expect(fault(seven)).toBe("icmp-truncated at 20: needed 8, had 7 by the IPv4 total length")
  expect(decodeIp({ ...ipv4, protocol: 1, payload: Uint8Array.of(8) }).icmpType).toBe(-1)
  expect(fault(decodeIp({ ...ipv6, protocol: 58, payload: 4 }))).toBe(
    "icmpv6-truncated at 40: needed 8, had 4 by the IPv6 payload length",
  )
})
