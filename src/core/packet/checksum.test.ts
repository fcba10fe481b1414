import fc from "fast-check"
import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { addWords, checksumStatus, finish, fold, networkChecksum, transportChecksum } from "./checksum.js"
import type { PacketDescription } from "./description.js"
import { LINKTYPE_RAW } from "./link-type.js"
import { bytes, decodeFrame, decodeIp } from "./packet-fixture.js"

const ipv4 = { source: "10.0.0.9", destination: "10.0.0.1" }
const ipv6 = { source: "2001:db8::9", destination: "2001:db8::1" }
const ports = { sourcePort: 40000, destinationPort: 22 }

const [bad, good, unknown] = [0, 1, 2]

test("RFC 1071's own example", () => {
  const view = new DataView(bytes("0001 f203 f4f5 f6f7").buffer as ArrayBuffer)
  expect(fold(addWords(0, view, 0, 8))).toBe(0xddf2)
  expect(finish(addWords(0, view, 0, 8))).toBe(0x220d)
  expect(fold(addWords(0, view, 0, 3))).toBe(0xf201)
})

test.each<[string, PacketDescription, number, number]>([
  ["TCP", { ...ipv4, tcp: { ...ports, flags: 2 }, payload: 3 }, good, good],
  ["TCP, bad", { ...ipv4, tcp: { ...ports, flags: 2, checksum: "bad" } }, good, bad],
  ["TCP over IPv6", { ...ipv6, tcp: { ...ports, flags: 2 }, payload: 3 }, unknown, good],
  ["IPv4's own, bad", { ...ipv4, networkChecksum: "bad", tcp: { ...ports, flags: 2 } }, bad, good],
  ["UDP", { ...ipv4, udp: ports, payload: 7 }, good, good],
  ["UDP, bad", { ...ipv4, udp: { ...ports, checksum: "bad" } }, good, bad],
  ["UDP without", { ...ipv4, udp: { ...ports, checksum: "none" } }, good, unknown],
  ["UDP without, over IPv6", { ...ipv6, udp: { ...ports, checksum: "none" } }, unknown, unknown],
  [
    "UDP shorter than its packet",
    { ...ipv4, udp: { ...ports, length: 8, checksum: 0x4f7e }, payload: 4 },
    good,
    good,
  ],
  ["ICMP", { ...ipv4, icmp: { type: 8, identifier: 7 }, payload: 5 }, good, good],
  ["ICMP, bad", { ...ipv4, icmp: { type: 8, checksum: "bad" } }, good, bad],
  ["ICMPv6", { ...ipv6, icmp: { type: 128, identifier: 7 }, payload: 5 }, unknown, good],
  [
    "a first fragment",
    { ...ipv4, udp: ports, payload: 8, fragment: { offset: 0, more: true } },
    good,
    unknown,
  ],
  ["another protocol", { ...ipv4, protocol: 47, payload: 8 }, good, unknown],
])("%s", (_, description, network, transport) => {
  const packet = decodeIp(description)
  expect([networkChecksum(packet), transportChecksum(packet)]).toEqual([network, transport])
  const both = [description.source === ipv6.source ? good : network, transport]
  expect(checksumStatus(packet)).toBe(both.includes(bad) ? bad : both.includes(unknown) ? unknown : good)
})

test("one flipped bit anywhere in a segment shows", () => {
  const frame = buildPacket({
    ...ipv4,
    linkType: LINKTYPE_RAW,
    tcp: { ...ports, flags: 24 },
    payload: bytes("deadbeef01"),
  })
  let bads = 0
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const flipped = frame.slice()
    flipped[bit >>> 3] = flipped[bit >>> 3]! ^ (1 << (bit & 7))
    if (checksumStatus(decodeFrame(flipped, LINKTYPE_RAW)) !== good) bads++
  }
  expect(bads).toBe(frame.length * 8)
})

test("bytes that were not captured cannot be verified", () => {
  const frame = buildPacket({ ...ipv4, linkType: LINKTYPE_RAW, tcp: { ...ports, flags: 24 }, payload: 100 })
  expect(transportChecksum(decodeFrame(frame.subarray(0, 60), LINKTYPE_RAW, frame.length))).toBe(unknown)
})

test("a checksum that another implementation computed", () => {
  // By a few lines of Python over struct.unpack, which know nothing of this code.
  const frame = buildPacket({
    linkType: LINKTYPE_RAW,
    source: "192.0.2.1",
    destination: "192.0.2.2",
    identification: 1,
    udp: { sourcePort: 53, destinationPort: 53 },
    payload: bytes("68656c6c6f"),
  })
  expect([...frame.subarray(10, 12), ...frame.subarray(26, 28)]).toEqual([0xf6, 0xc7, 0x37, 0x94])
})

/** RFC 1071 to the letter: halves in the network's order. */
function slowSum(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0
  for (let at = 0; at < length; at++) sum += bytes[offset + at]! << (at & 1 ? 0 : 8)
  return sum
}

test("a sum is RFC 1071's, wherever it begins and however long it is", () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 255))
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(9),
      byte,
      fc.nat(1e6),
      (bytes, offset, fill, sum) => {
        const whole = new Uint8Array(offset + bytes.length).fill(fill)
        whole.set(bytes, offset)
        const view = new DataView(whole.buffer)
        expect(fold(addWords(sum, view, offset, bytes.length))).toBe(
          fold(sum + slowSum(whole, offset, bytes.length)),
        )
      },
    ),
    { numRuns: 1000 },
  )
})

test.each([65_534, 65_535, 65_536, 65_537, 200_001])(
  "a sum of %d bytes, all of their bits set or not",
  (length) => {
    for (const fill of [0, 0xff, 0x5a]) {
      const bytes = new Uint8Array(length + 3).fill(fill)
      const view = new DataView(bytes.buffer)
      expect(fold(addWords(0, view, 3, length))).toBe(fold(slowSum(bytes, 3, length)))
    }
  },
)
