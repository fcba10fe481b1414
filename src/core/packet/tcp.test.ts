import { expect, test } from "vitest"
import type { TcpDescription } from "./description.js"
import { ACK, CWR, ECE, FIN, type Packet, PSH, RST, SYN, URG } from "./packet.js"
import { bytes, decodeIp, fault, line, show } from "./packet-fixture.js"

function decodeTcp(change: Partial<TcpDescription>, payload = 0): Packet {
  const tcp = { sourcePort: 40000, destinationPort: 22, flags: SYN, ...change }
  return decodeIp({ source: "10.0.0.9", destination: "10.0.0.1", tcp, payload })
}

test("every field of the header", () => {
  const packet = decodeTcp(
    { sequence: 0xffffffff, acknowledgement: 0x80000000, window: 65535, urgentPointer: 9 },
    5,
  )
  expect(
    show(
      packet,
      "sourcePort",
      "destinationPort",
      "tcpSequence",
      "tcpAcknowledgement",
      "tcpWindow",
      "tcpUrgentPointer",
    ),
  ).toBe(
    "sourcePort 40000, destinationPort 22, tcpSequence 4294967295, tcpAcknowledgement 2147483648, tcpWindow 65535, tcpUrgentPointer 9",
  )
  expect(show(packet, "tcpHeaderLength", "payloadOffset", "payloadEnd", "malformed")).toBe(
    "tcpHeaderLength 20, payloadOffset 40, payloadEnd 45, malformed 0",
  )
})

test("all 256 combinations of flags", () => {
  for (let flags = 0; flags < 256; flags++) expect(decodeTcp({ flags }).tcpFlags).toBe(flags)
  expect(FIN + SYN + RST + PSH + ACK + URG + ECE + CWR).toBe(255)
})

test("what Linux offers in a SYN", () => {
  const packet = decodeTcp({
    maximumSegmentSize: 1460,
    sackPermitted: true,
    timestamps: [1, 0],
    windowScale: 7,
  })
  expect(line(packet)).toBe("10.0.0.9:40000 > 10.0.0.1:22 S win 64240 mss 1460 sack wscale 7")
  expect(packet.tcpHeaderLength).toBe(40)
})

test.each([
  ["020405b4 02040218", "mss 1460, the first counts", 1460, -1],
  ["03030700 03030900", "ends at the zero", -1, 7],
  ["01030307 01030309", "the last window scale counts", -1, 9],
  ["0203ff00", "an MSS of 3 bytes is none", -1, -1],
  ["0101080a 00000001 00000000", "only timestamps", -1, -1],
])("options %s: %s", (hexadecimal, _, mss, scale) => {
  const packet = decodeTcp({ options: bytes(hexadecimal) })
  expect(packet.tcpMaximumSegmentSize).toBe(mss)
  expect(packet.tcpWindowScale).toBe(scale)
  expect(packet.malformed).toBe(0)
})

test.each<[Partial<TcpDescription>, number, string]>([
  [{ headerLength: 16 }, 0, "tcp-header-length at 20: needed 20, had 16 by the TCP data offset"],
  [{ headerLength: 0 }, 40, "tcp-header-length at 20: needed 20, had 0 by the TCP data offset"],
  [{ headerLength: 60 }, 39, "tcp-header-beyond-packet at 20: needed 60, had 59 by the TCP data offset"],
  [{ options: bytes("02010000") }, 0, "tcp-option-length at 40: needed 2, had 4 by the TCP option length"],
  [{ options: bytes("01010205") }, 0, "tcp-option-length at 42: needed 5, had 2 by the TCP option length"],
  [{ options: bytes("01010102") }, 0, "tcp-option-length at 43: needed 2, had 1 by the TCP option length"],
])("%j: %s", (change, payload, text) => {
  expect(fault(decodeTcp(change, payload))).toBe(text)
})

test("ports are there even where the header is cut short", () => {
  const address = { source: "10.0.0.9", destination: "10.0.0.1" }
  const packet = decodeIp({ ...address, protocol: 6, payload: bytes("9c40 0016 00000001") })
  expect(show(packet, "sourcePort", "destinationPort", "transportOffset", "transportStart", "tcpFlags")).toBe(
    "sourcePort 40000, destinationPort 22, transportOffset -1, transportStart 20, tcpFlags 0",
  )
  expect(fault(packet)).toBe("tcp-truncated at 20: needed 20, had 8 by the IPv4 total length")
  expect(decodeIp({ ...address, protocol: 6, payload: 3 }).sourcePort).toBe(0)
})
