import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { copyPacket } from "./copy.js"
import { decode } from "./decode.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { Packet } from "./packet.js"
import { printPacketExactly } from "./print.js"

test("a copy outlives its buffer", () => {
  const frame = buildPacket({
    source: "10.0.0.9",
    destination: "10.0.0.1",
    tcp: { sourcePort: 1, destinationPort: 2, flags: 2, options: Uint8Array.of(2, 1) },
  })
  const buffer = new Uint8Array(1000)
  buffer.set(frame, 500)
  const packet = new Packet()
  decode(packet, new DataView(buffer.buffer), 500, frame.length, frame.length, LINKTYPE_ETHERNET)
  packet.time = 77
  const before = printPacketExactly(packet)
  const copy = copyPacket(packet)
  buffer.fill(0)
  expect(printPacketExactly(copy)).toBe(before)
  expect(copy.view.byteLength).toBe(frame.length)
  expect([copy.networkOffset, copy.malformedOffset, copy.frameOffset, copy.time]).toEqual([14, 54, 0, 77])
})
