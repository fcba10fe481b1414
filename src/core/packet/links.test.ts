import { expect, test } from "vitest"
import { buildPacket, concat } from "./build.js"
import {
  LINKTYPE_C_HDLC,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NFLOG,
  LINKTYPE_NULL,
  LINKTYPE_PPP,
  LINKTYPE_PPP_HDLC,
  LINKTYPE_RAW,
  linkTypeName,
  linkTypeNumber,
} from "./link-type.js"
import { bytes, decodeFrame, fault, line, show } from "./packet-fixture.js"

const ipv4 = buildPacket({
  linkType: LINKTYPE_RAW,
  source: "10.0.0.9",
  destination: "10.0.0.1",
  udp: { sourcePort: 5000, destinationPort: 53 },
})
const ipv6 = buildPacket({
  linkType: LINKTYPE_RAW,
  source: "2001:db8::9",
  destination: "2001:db8::1",
  udp: { sourcePort: 5000, destinationPort: 53 },
})
const ipv4Line = "10.0.0.9:5000 > 10.0.0.1:53 udp"
const ipv6Line = "[2001:db8::9]:5000 > [2001:db8::1]:53 udp"

test.each([
  ["raw, IPv4", LINKTYPE_RAW, "", ipv4, ipv4Line],
  ["raw, IPv6", LINKTYPE_RAW, "", ipv6, ipv6Line],
  ["DLT_RAW", 12, "", ipv4, ipv4Line],
  ["DLT_RAW of OpenBSD", 14, "", ipv6, ipv6Line],
  ["IPv4", LINKTYPE_IPV4, "", ipv4, ipv4Line],
  ["IPv6", LINKTYPE_IPV6, "", ipv6, ipv6Line],
  ["null, little-endian", LINKTYPE_NULL, "02000000", ipv4, ipv4Line],
  ["null, big-endian", LINKTYPE_NULL, "00000002", ipv4, ipv4Line],
  ["null, NetBSD's AF_INET6", LINKTYPE_NULL, "18000000", ipv6, ipv6Line],
  ["null, FreeBSD's AF_INET6", LINKTYPE_NULL, "1c000000", ipv6, ipv6Line],
  ["null, macOS's AF_INET6", LINKTYPE_NULL, "1e000000", ipv6, ipv6Line],
  ["PPP", LINKTYPE_PPP, "0021", ipv4, ipv4Line],
  ["PPP, IPv6, with address and control", LINKTYPE_PPP, "ff03 0057", ipv6, ipv6Line],
  ["PPP, compressed protocol", LINKTYPE_PPP_HDLC, "ff03 21", ipv4, ipv4Line],
  ["Cisco HDLC", LINKTYPE_C_HDLC, "0f00 86dd", ipv6, ipv6Line],
  ["loop", LINKTYPE_LOOP, "00000018", ipv6, ipv6Line],
  ["cooked", LINKTYPE_LINUX_SLL, "0000 0001 0006 0200000000010000 0800", ipv4, ipv4Line],
  ["cooked, a GRE device", LINKTYPE_LINUX_SLL, "0000 030a 0000 0000000000000000 86dd", ipv6, ipv6Line],
  [
    "cooked, tagged",
    LINKTYPE_LINUX_SLL,
    "0000 0001 0006 0200000000010000 8100 000a 0800",
    ipv4,
    `vlan 10 ${ipv4Line}`,
  ],
  ["cooked2", LINKTYPE_LINUX_SLL2, "86dd 0000 00000003 0001 00 06 0200000000010000", ipv6, ipv6Line],
])("%s", (_, linkType, header, packet, text) => {
  expect(line(decodeFrame(concat([bytes(header), packet]), linkType))).toBe(text)
})

test.each([
  ["0000", 1],
  ["0003", 1],
  ["0004", 2],
  ["0005", 0],
])("cooked: packet type %s has direction %i", (type, direction) => {
  const header = bytes(`${type} 0001 0006 0200000000010000 0800`)
  const packet = decodeFrame(concat([header, ipv4]), LINKTYPE_LINUX_SLL)
  expect(packet.direction).toBe(direction)
  expect(packet.linkPacketType).toBe(Number.parseInt(type, 16))
  expect(packet.sourceMacOffset).toBe(6)
})

test("cooked2 knows the interface", () => {
  const header = bytes("0800 0000 00000007 0001 04 06 0200000000010000")
  const packet = decodeFrame(concat([header, ipv4]), LINKTYPE_LINUX_SLL2)
  expect(show(packet, "linkInterfaceIndex", "direction", "sourceMacOffset", "family")).toBe(
    "linkInterfaceIndex 7, direction 2, sourceMacOffset 12, family 4",
  )
})

test("cooked: a netlink message has no EtherType", () => {
  const packet = decodeFrame(
    concat([bytes("0004 0338 0000 0000000000000000 0800"), ipv4]),
    LINKTYPE_LINUX_SLL,
  )
  expect(show(packet, "family", "etherType", "malformed")).toBe("family 0, etherType 0, malformed 0")
})

const prefix = "0c00 0a00 666c6f6f643a2000"
const nflogBefore = "02 00 0007 0800 0100 0800 01 00 0800 0400 00000003"

test("nflog: the packet, its prefix, its hook, its interface", () => {
  const length = (4 + ipv4.length).toString(16).padStart(2, "0")
  const frame = concat([bytes(`${nflogBefore} ${prefix} ${length}00 0900`), ipv4])
  const packet = decodeFrame(frame, LINKTYPE_NFLOG)
  expect(line(packet)).toBe(ipv4Line)
  const { view, nflogPrefixOffset, nflogPrefixLength } = packet
  const text = Array.from({ length: nflogPrefixLength }, (_, index) =>
    String.fromCharCode(view.getUint8(nflogPrefixOffset + index)),
  ).join("")
  expect(text).toBe("flood: ")
  expect(show(packet, "nflogHook", "linkInterfaceIndex", "direction")).toBe(
    "nflogHook 1, linkInterfaceIndex 3, direction 1",
  )
})

test("nflog, big-endian", () => {
  const length = (4 + ipv6.length).toString(16).padStart(4, "0")
  const frame = concat([bytes(`0a 00 0007 0008 0005 00000004 ${length} 0009`), ipv6])
  const packet = decodeFrame(frame, LINKTYPE_NFLOG)
  expect(line(packet)).toBe(ipv6Line)
  expect(show(packet, "linkInterfaceIndex", "direction")).toBe("linkInterfaceIndex 4, direction 2")
})

test.each([
  [LINKTYPE_ETHERNET, "", "link-truncated at 0: needed 14, had 0 by the frame's length"],
  [LINKTYPE_RAW, "", "link-truncated at 0: needed 1, had 0 by the frame's length"],
  [LINKTYPE_RAW, "30", "link-type-unknown at 0: needed 4, had 3 by the version field"],
  [LINKTYPE_NULL, "020000", "link-truncated at 0: needed 4, had 3 by the frame's length"],
  [LINKTYPE_LINUX_SLL, "0000 0001", "link-truncated at 0: needed 16, had 4 by the frame's length"],
  [LINKTYPE_LINUX_SLL2, "0800 0000", "link-truncated at 0: needed 20, had 4 by the frame's length"],
  [LINKTYPE_NFLOG, "0200", "link-truncated at 0: needed 4, had 2 by the frame's length"],
  [LINKTYPE_NFLOG, "02000007", "nflog-no-payload at 4: needed 4, had 0 by the frame's length"],
  [
    LINKTYPE_NFLOG,
    "02000007 0300 0100",
    "nflog-attribute-length at 4: needed 4, had 3 by the NFLOG attribute length",
  ],
  [LINKTYPE_PPP, "ff03 00", "link-truncated at 2: needed 2, had 1 by the frame's length"],
  [LINKTYPE_C_HDLC, "0f00 08", "link-truncated at 0: needed 4, had 3 by the frame's length"],
  [147, "00", "link-type-unknown at 0: needed 0, had 1 by the capture file's link type"],
])("link type %i, %j: %s", (linkType, hexadecimal, text) => {
  const packet = decodeFrame(bytes(hexadecimal), linkType)
  expect(fault(packet)).toBe(text)
  expect(packet.family).toBe(0)
})

test("names of link types and their numbers", () => {
  for (const name of [
    "ppp",
    "ppp-hdlc",
    "hdlc",
    "null",
    "ethernet",
    "raw",
    "loop",
    "cooked",
    "ipv4",
    "ipv6",
    "nflog",
    "cooked2",
  ])
    expect(linkTypeName(linkTypeNumber(name) ?? -1)).toBe(name)
  expect(linkTypeNumber("token-ring")).toBeUndefined()
  expect(linkTypeName(6)).toBeUndefined()
})
