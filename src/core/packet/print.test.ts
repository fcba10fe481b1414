import { expect, test } from "vitest"
import type { PacketDescription } from "./description.js"
import { bytes, decodeDescription, decodeFrame } from "./packet-fixture.js"
import { printDelay, printPacketExactly } from "./print.js"

const address = { source: "10.0.0.9", destination: "10.0.0.1" }
const ports = { sourcePort: 1, destinationPort: 2 }

test.each<[PacketDescription, string]>([
  [
    { ...address, udp: ports, payload: bytes("68692022796f750a") },
    '10.0.0.9:1 > 10.0.0.1:2 udp data "hi \\"you\\n"',
  ],
  [{ ...address, udp: ports, payload: bytes("00ff") }, "10.0.0.9:1 > 10.0.0.1:2 udp hex 00ff"],
  [
    { ...address, udp: { ...ports, checksum: "none" }, identification: 7 },
    "10.0.0.9:1 > 10.0.0.1:2 udp ip-id 7 checksum 0",
  ],
  [
    { ...address, tcp: { ...ports, flags: 2, timestamps: [1, 2] } },
    "10.0.0.9:1 > 10.0.0.1:2 S win 64240 tcp-options 0101080a0000000100000002",
  ],
  [
    { ...address, networkChecksum: 9, protocol: 50, payload: 4, padding: 22 },
    "10.0.0.9 > 10.0.0.1 esp len 4 ip-checksum 9 pad 22",
  ],
  [{ source: "::9", destination: "::1", flowLabel: 5, udp: ports }, "[::9]:1 > [::1]:2 udp flow 5"],
  [
    { ...address, sourceMac: "02:00:00:00:00:0a", icmp: { type: 0 } },
    "mac 02:00:00:00:00:0a > 02:00:00:00:00:02 10.0.0.9 > 10.0.0.1 icmp echo-reply id 0 seq 0",
  ],
])("%j", (description, text) => {
  expect(printPacketExactly(decodeDescription(description))).toBe(text)
})

test("what words cannot say is said in bytes", () => {
  expect(printPacketExactly(decodeFrame(bytes("0102")))).toBe("frame ethernet 0102")
  expect(printPacketExactly(decodeFrame(bytes("01"), 147))).toBe("frame 147 01")
})

test.each([
  [0, "+0"],
  [1, "+0.000000001"],
  [300e6, "+0.3"],
  [10e9, "+10"],
  [1.5e9, "+1.5"],
])("a delay of %i ns is %s", (nanoseconds, text) => {
  expect(printDelay(nanoseconds)).toBe(text)
})
