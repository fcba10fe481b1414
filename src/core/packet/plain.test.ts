import fc from "fast-check"
import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { fold32, transportChecksum } from "./checksum.js"
import { decode } from "./decode.js"
import { LINKTYPE_ETHERNET, LINKTYPE_IPV4 } from "./link-type.js"
import { ACK, Packet } from "./packet.js"

const ETHERNET = 14
const base = { source: "192.0.2.9", destination: "198.51.100.1", payload: Uint8Array.of(1, 2, 3, 4, 5) }
const tcp = { sourcePort: 40000, destinationPort: 80, flags: ACK, sequence: 0xfffffff0, acknowledgement: 7 }
const frames = [
  buildPacket({ ...base, tcp }),
  buildPacket({ ...base, tcp: { ...tcp, maximumSegmentSize: 1460, windowScale: 7 } }),
  buildPacket({ ...base, udp: { sourcePort: 5353, destinationPort: 53 } }),
]

/** What only the link layer's fields and the sum say is not the same of one packet in two wrappings. */
function withoutLink(packet: Packet): object {
  return { ...packet, linkType: 0, frameOffset: 0, capturedLength: 0, wireLength: 0, headerSum: 0 }
}

function decoded(frame: Uint8Array, offset: number, wire: number, linkType: number, into: Packet): Packet {
  decode(into, new DataView(frame.buffer), offset, frame.length - offset, wire - offset, linkType)
  if (linkType === LINKTYPE_ETHERNET) {
    into.destinationMacOffset = -1
    into.sourceMacOffset = -1
  }
  return into
}

test("what is decoded in one go is what is decoded header by header, whatever came before", () => {
  const used = new Packet()
  let plain = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.array(fc.tuple(fc.nat(59), fc.nat(255)), { maxLength: 3 }),
      fc.nat(60),
      fc.nat(3),
      (built, changes, cut, beyond) => {
        const frame = built.slice(0, Math.max(ETHERNET, built.length - (cut > 30 ? 0 : cut)))
        for (const [at, value] of changes) if (at + ETHERNET < frame.length) frame[at + ETHERNET] = value
        const wire = frame.length + beyond
        const here = decoded(frame, 0, wire, LINKTYPE_ETHERNET, used)
        const there = decoded(frame, ETHERNET, wire, LINKTYPE_IPV4, new Packet())
        expect(withoutLink(here)).toEqual(withoutLink(there))
        if (here.plain === 4) plain++
      },
    ),
    { numRuns: 3000 },
  )
  expect(plain).toBeGreaterThan(300)
})

test.each(frames)("the sum of a header is part of its checksum's", (frame) => {
  const packet = decoded(frame, 0, frame.length, LINKTYPE_ETHERNET, new Packet())
  expect(transportChecksum(packet)).toBe(1)
  const header = packet.protocol === 6 ? 20 : 8
  let sum = packet.headerSum + packet.protocol + (frame.length - packet.transportOffset)
  for (let at = packet.transportOffset + header; at < frame.length; at++)
    sum += (at - packet.transportOffset) % 2 === 0 ? frame[at]! << 8 : frame[at]!
  expect(fold32(sum)).toBe(0xffff)
})
