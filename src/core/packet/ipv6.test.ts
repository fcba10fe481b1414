import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import type { PacketDescription } from "./description.js"
import {
  AUTHENTICATION,
  DESTINATION_OPTIONS,
  HAS_AUTHENTICATION,
  HAS_DESTINATION_OPTIONS,
  HAS_FRAGMENT,
  HAS_HOP_BY_HOP,
  HAS_ROUTING,
  HOP_BY_HOP,
  ROUTING,
} from "./ipv6.js"
import { LINKTYPE_RAW } from "./link-type.js"
import { bytes, decodeFrame, decodeIp, fault, line, show } from "./packet-fixture.js"

const tcp: PacketDescription = {
  source: "2001:db8::9",
  destination: "fe80::1",
  tcp: { sourcePort: 40000, destinationPort: 22, flags: 2 },
}

test("every field of the header", () => {
  const packet = decodeIp({ ...tcp, ttl: 255, trafficClass: 0xb9, flowLabel: 0xabcde, payload: 3 })
  expect(
    show(packet, "family", "ttl", "trafficClass", "protocol", "networkLength", "networkHeaderLength"),
  ).toBe("family 6, ttl 255, trafficClass 185, protocol 6, networkLength 63, networkHeaderLength 40")
  expect(show(packet, "source0", "source1", "source2", "source3")).toBe(
    "source0 536939960, source1 0, source2 0, source3 9",
  )
  expect(show(packet, "destination0", "destination1", "destination2", "destination3")).toBe(
    "destination0 4269801472, destination1 0, destination2 0, destination3 1",
  )
  expect(show(packet, "transportOffset", "payloadOffset", "payloadEnd", "isFragment", "malformed")).toBe(
    "transportOffset 40, payloadOffset 60, payloadEnd 63, isFragment false, malformed 0",
  )
})

test("extension headers are stepped over and noted", () => {
  const packet = decodeIp({
    ...tcp,
    extensions: [
      { header: HOP_BY_HOP, body: bytes("010400000000") },
      { header: DESTINATION_OPTIONS, body: bytes("010c000000000000000000000000") },
      { header: ROUTING, body: bytes("0400") },
      { header: AUTHENTICATION, body: bytes("0000 00000001 00000001 00000000") },
    ],
  })
  expect(packet.extensionHeaders).toBe(
    HAS_HOP_BY_HOP + HAS_DESTINATION_OPTIONS + HAS_ROUTING + HAS_AUTHENTICATION,
  )
  expect(show(packet, "networkHeaderLength", "protocol", "destinationPort", "routingType", "malformed")).toBe(
    "networkHeaderLength 88, protocol 6, destinationPort 22, routingType 4, malformed 0",
  )
})

test("a first fragment, a later one, an atomic one", () => {
  const first = decodeIp({
    ...tcp,
    fragment: { offset: 0, more: true },
    identification: 0xdeadbeef,
    payload: 4,
  })
  expect(
    show(first, "isFragment", "moreFragments", "identification", "transportOffset", "destinationPort"),
  ).toBe(
    "isFragment true, moreFragments true, identification 3735928559, transportOffset 48, destinationPort 22",
  )
  const later = decodeIp({ ...tcp, fragment: { offset: 1448, more: false }, protocol: 6, payload: 9 })
  expect(
    show(later, "fragmentOffset", "protocol", "transportStart", "payloadOffset", "destinationPort"),
  ).toBe("fragmentOffset 1448, protocol 6, transportStart -1, payloadOffset 48, destinationPort 0")
  const atomic = decodeIp({ ...tcp, fragment: { offset: 0, more: false } })
  expect(show(atomic, "isFragment", "moreFragments", "extensionHeaders", "destinationPort")).toBe(
    `isFragment true, moreFragments false, extensionHeaders ${HAS_FRAGMENT}, destinationPort 22`,
  )
  expect([first, later, atomic].map(fault)).toEqual(["", "", ""])
})

test("no next header", () => {
  const packet = decodeIp({ source: "::1", destination: "::2", protocol: 59 })
  expect(line(packet)).toBe("::1 > ::2 proto 59")
})

test("mobility is a transport protocol, as it is to Linux", () => {
  const packet = decodeIp({ source: "::1", destination: "::2", protocol: 135, payload: 16 })
  expect(show(packet, "protocol", "transportOffset", "extensionHeaders")).toBe(
    "protocol 135, transportOffset 40, extensionHeaders 0",
  )
})

test("a jumbogram says its length in an option", () => {
  const length = 70000
  const packet = decodeIp({
    ...tcp,
    networkLength: 0,
    extensions: [{ header: HOP_BY_HOP, body: bytes("c204 00011170") }],
    payload: length - 28,
  })
  expect(show(packet, "networkLength", "malformed", "payloadEnd")).toBe(
    `networkLength ${length + 40}, malformed 0, payloadEnd ${length + 40}`,
  )
})

test.each<[string, PacketDescription, string]>([
  [
    "jumbo length of 65535",
    { networkLength: 0, extensions: [{ header: 0, body: bytes("c2040000ffff") }] },
    "ipv6-jumbo-length at 42: needed 65536, had 65535 by the IPv6 jumbo payload option",
  ],
  [
    "payload beyond the frame",
    { networkLength: 21 },
    "ipv6-beyond-frame at 0: needed 61, had 60 by the IPv6 payload length",
  ],
  [
    "payload that ends in TCP",
    { networkLength: 19 },
    "tcp-truncated at 40: needed 20, had 19 by the IPv6 payload length",
  ],
  [
    "extension header that ends in itself",
    { networkLength: 7, extensions: [{ header: 60 }] },
    "ipv6-extension-truncated at 40: needed 8, had 7 by the IPv6 payload length",
  ],
  [
    "extension header beyond the packet",
    { networkLength: 12, extensions: [{ header: 60, body: bytes("010c000000000000000000000000") }] },
    "ipv6-extension-length at 40: needed 16, had 12 by the IPv6 extension header length",
  ],
  [
    "fragment of 21 bytes that is not the last",
    { fragment: { offset: 0, more: true }, payload: 1 },
    "ipv6-fragment-length at 48: needed 8, had 21 by the IPv6 payload length",
  ],
  [
    "fragment beyond 65535",
    { fragment: { offset: 65528, more: false }, protocol: 6, payload: 8 },
    "ipv6-fragment-beyond-65535 at 48: needed 65536, had 65535 by the IPv6 fragment offset",
  ],
])("%s", (_, change, text) => {
  expect(fault(decodeIp({ ...tcp, ...change }))).toBe(text)
})

test.each([
  ["010400000000", ""],
  ["050200000100", ""],
  ["1e0400000000", ""],
  ["000000000000", ""],
  ["010500000000", "ipv6-hop-by-hop-option at 42: needed 7, had 6 by the IPv6 option length"],
  ["010400000001", "ipv6-hop-by-hop-option at 42: needed 6, had 6 by the IPv6 option length"],
  ["000001024000", "ipv6-hop-by-hop-option at 44: needed 4, had 4 by the IPv6 option length"],
  ["050200004000", "ipv6-hop-by-hop-option at 46: needed 2, had 2 by the IPv6 option length"],
])("hop-by-hop options %s: %s", (body, text) => {
  const packet = decodeIp({ ...tcp, extensions: [{ header: HOP_BY_HOP, body: bytes(body) }] })
  expect(fault(packet)).toBe(text)
  expect(packet.destinationPort).toBe(22)
})

test("a hop-by-hop header beyond the packet", () => {
  const packet = decodeIp({ ...tcp, networkLength: 7, extensions: [{ header: 0 }] })
  expect(fault(packet)).toBe("ipv6-hop-by-hop-length at 40: needed 8, had 7 by the IPv6 payload length")
})

test("39 bytes; and the version does not fit", () => {
  const frame = buildPacket({ ...tcp, linkType: LINKTYPE_RAW })
  expect(fault(decodeFrame(frame.subarray(0, 39), 229))).toBe(
    "ipv6-truncated at 0: needed 40, had 39 by the frame's length",
  )
  expect(fault(decodeFrame(frame.subarray(0, 39), 229, 60))).toBe(
    "ipv6-truncated at 0: needed 40, had 39 by the capture's snap length",
  )
  expect(fault(decodeFrame(frame, 228))).toBe("ipv4-version at 0: needed 4, had 6 by the version field")
})

test("a thousand extension headers end the decoding, not the program", () => {
  const extensions = Array.from({ length: 1000 }, () => ({ header: DESTINATION_OPTIONS }))
  expect(fault(decodeIp({ ...tcp, extensions }))).toBe(
    "ipv6-too-many-extensions at 552: needed 65, had 64 by the IPv6 extension header length",
  )
})
