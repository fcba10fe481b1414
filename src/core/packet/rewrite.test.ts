import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { buildPacket } from "./build.js"
import { decode } from "./decode.js"
import type { PacketDescription } from "./description.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { Packet, SYN } from "./packet.js"
import { DESTINATION, Rewriter, SOURCE } from "./rewrite.js"

const rewriter = new Rewriter()

/** What a write makes of a frame, and whether the frame and the packet are as before once it is released. */
function written(description: PacketDescription, write: (packet: Packet) => boolean): Uint8Array {
  const frame = buildPacket(description)
  const margin = 5
  const buffer = new Uint8Array(frame.length + 2 * margin).fill(0xee)
  buffer.set(frame, margin)
  const packet = new Packet()
  decode(packet, new DataView(buffer.buffer), margin, frame.length, frame.length, LINKTYPE_ETHERNET)
  const before = { ...packet }
  expect(write(packet)).toBe(true)
  const fields = { ...packet }
  rewriter.refresh(packet)
  // The sum of a header that was written on is not known until it is decoded again.
  if (fields.headerSum < 0) fields.headerSum = packet.headerSum
  // The fields that the write itself kept right are those that decoding finds.
  expect({ ...packet }).toEqual(fields)
  const result = rewriter.release(packet)
  expect({ ...packet }).toEqual(before)
  expect(buffer.slice(margin, margin + frame.length)).toEqual(frame)
  const { view, frameOffset, capturedLength } = result
  return new Uint8Array(view.buffer, view.byteOffset + frameOffset, capturedLength).slice()
}

const four = { source: "10.0.0.9", destination: "10.0.0.1", payload: new Uint8Array([1, 2, 3]) }
const six = { source: "2001:db8::9", destination: "2001:db8::1", payload: new Uint8Array([1, 2, 3, 4, 5]) }
const tcp = { sourcePort: 40000, destinationPort: 80, flags: SYN }
const words = (text: string) => parseAddress(text)!.words

const cases: readonly (readonly [
  string,
  PacketDescription,
  PacketDescription,
  (packet: Packet) => boolean,
])[] = [
  ["TTL", { ...four, tcp }, { ...four, tcp, ttl: 5 }, (packet) => rewriter.setTimeToLive(packet, 5)],
  ["hop limit", { ...six, tcp }, { ...six, tcp, ttl: 5 }, (packet) => rewriter.setTimeToLive(packet, 5)],
  [
    "TOS",
    { ...four, tcp },
    { ...four, tcp, trafficClass: 0xb9 },
    (packet) => rewriter.setTrafficClass(packet, 0xb9),
  ],
  [
    "traffic class",
    { ...six, tcp, flowLabel: 0xfedcb },
    { ...six, tcp, trafficClass: 0xb9, flowLabel: 0xfedcb },
    (packet) => rewriter.setTrafficClass(packet, 0xb9),
  ],
  ...(["tcp", "udp"] as const).flatMap((protocol) =>
    [four, six].flatMap((base) => {
      const to = base === four ? "203.0.113.250" : "2001:db8:ffff:1234::fe"
      const ports = { sourcePort: 40000, destinationPort: 80, flags: SYN }
      return (
        [
          [
            `${protocol} destination`,
            { ...base, [protocol]: ports },
            { ...base, [protocol]: { ...ports, destinationPort: 8080 }, destination: to },
            (packet: Packet) =>
              rewriter.setAddress(packet, DESTINATION, words(to)) &&
              rewriter.setPort(packet, DESTINATION, 8080),
          ],
          [
            `${protocol} source`,
            { ...base, [protocol]: ports },
            { ...base, [protocol]: { ...ports, sourcePort: 1 }, source: to },
            (packet: Packet) =>
              rewriter.setAddress(packet, SOURCE, words(to)) && rewriter.setPort(packet, SOURCE, 1),
          ],
        ] as const
      ).map(([name, before, after, write]) => [`${name} of ${base.source}`, before, after, write] as const)
    }),
  ),
  [
    "an ICMP identifier",
    { ...four, icmp: { type: 8, identifier: 7, sequence: 1 } },
    { ...four, icmp: { type: 8, identifier: 0xfffe, sequence: 1 } },
    (packet) => rewriter.setIcmpIdentifier(packet, 0xfffe),
  ],
  [
    "a field by its place",
    { ...four, tcp },
    { ...four, tcp: { ...tcp, window: 7 } },
    (packet) =>
      rewriter.setField(packet, packet.transportOffset + 14, 2, [7], 0, packet.transportOffset + 16, false),
  ],
  [
    "a field at an odd place",
    { ...four, tcp },
    { ...four, tcp, ttl: 7, trafficClass: 8 },
    (packet) =>
      rewriter.setField(packet, packet.networkOffset + 1, 1, [8], 0, packet.networkOffset + 10, false) &&
      rewriter.setField(packet, packet.networkOffset + 8, 1, [7], 0, packet.networkOffset + 10, false),
  ],
  [
    "a field of the pseudo-header",
    { ...six, tcp },
    { ...six, tcp, destination: "2001:db8::2" },
    (packet) => rewriter.setField(packet, packet.networkOffset + 24, 16, words("2001:db8::2"), 0, -1, true),
  ],
  [
    "a hardware address",
    { ...four, tcp },
    { ...four, tcp, destinationMac: "02:0a:0b:0c:0d:0e" },
    (packet) => rewriter.setField(packet, packet.destinationMacOffset, 6, [0x020a0b0c, 0x0d0e], 0, -1, false),
  ],
  [
    "MSS",
    { ...four, tcp: { ...tcp, maximumSegmentSize: 1460 } },
    { ...four, tcp: { ...tcp, maximumSegmentSize: 536 } },
    (packet) => rewriter.setMaximumSegmentSize(packet, 536),
  ],
  ...[four, six].map(
    (base) =>
      [
        `MSS put into ${base.source}`,
        { ...base, payload: new Uint8Array(0), tcp },
        { ...base, payload: new Uint8Array(0), tcp: { ...tcp, maximumSegmentSize: 536 } },
        (packet: Packet) => rewriter.insertMaximumSegmentSize(packet, 536),
      ] as const,
  ),
]

for (const [name, before, after, write] of cases)
  test(`writes ${name}: the frame is the one that would have been built so, the feeder's stays`, () => {
    expect(written(before, write)).toEqual(buildPacket(after))
  })

test("strips options with no-operations", () => {
  const stripped = written({ ...four, tcp: { ...tcp, maximumSegmentSize: 1460, windowScale: 7 } }, (packet) =>
    rewriter.stripTcpOption(packet, 2),
  )
  const packet = new Packet()
  decode(packet, new DataView(stripped.buffer), 0, stripped.length, stripped.length, LINKTYPE_ETHERNET)
  expect([packet.tcpMaximumSegmentSize, packet.tcpWindowScale]).toEqual([-1, 7])
  expect([...stripped.subarray(54, 58)]).toEqual([1, 1, 1, 1])
})

test("a checksum that was wrong stays as wrong as it was, and UDP's zero stays zero", () => {
  const wrong = { ...four, udp: { sourcePort: 1, destinationPort: 2, checksum: 0 } }
  const result = written(wrong, (packet) => rewriter.setPort(packet, DESTINATION, 3))
  expect([result[40], result[41]]).toEqual([0, 0])
})

test("says no to what is not there", () => {
  const frame = buildPacket({ ...four, icmp: { type: 8 } })
  const packet = new Packet()
  decode(packet, new DataView(frame.buffer), 0, frame.length, frame.length, LINKTYPE_ETHERNET)
  expect(rewriter.setPort(packet, SOURCE, 1)).toBe(false)
  expect(rewriter.setMaximumSegmentSize(packet, 1)).toBe(false)
  expect(rewriter.insertMaximumSegmentSize(packet, 1)).toBe(false)
  expect(rewriter.stripTcpOption(packet, 2)).toBe(false)
  expect(rewriter.isOwn(packet)).toBe(false)
})
