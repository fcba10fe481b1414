import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import type { PacketDescription } from "./description.js"
import { LINKTYPE_RAW } from "./link-type.js"
import { bytes, decodeFrame, decodeIp, fault, line, show } from "./packet-fixture.js"

const udp: PacketDescription = {
  source: "192.0.2.1",
  destination: "198.51.100.2",
  udp: { sourcePort: 1000, destinationPort: 2000 },
  payload: 24,
}

test("every field of the header", () => {
  const packet = decodeIp({
    ...udp,
    ttl: 3,
    trafficClass: 0xb8,
    identification: 0xbeef,
    dontFragment: true,
  })
  expect(
    show(
      packet,
      "family",
      "source0",
      "destination0",
      "ttl",
      "trafficClass",
      "identification",
      "dontFragment",
    ),
  ).toBe(
    "family 4, source0 3221225985, destination0 3325256706, ttl 3, trafficClass 184, identification 48879, dontFragment true",
  )
  expect(
    show(
      packet,
      "networkOffset",
      "networkHeaderLength",
      "networkLength",
      "transportOffset",
      "payloadOffset",
      "payloadEnd",
    ),
  ).toBe(
    "networkOffset 0, networkHeaderLength 20, networkLength 52, transportOffset 20, payloadOffset 28, payloadEnd 52",
  )
  expect(packet.malformed).toBe(0)
})

test("options move the transport header", () => {
  const packet = decodeIp({ ...udp, ipOptions: bytes("94040000") })
  expect(show(packet, "networkHeaderLength", "transportOffset", "sourcePort", "malformed")).toBe(
    "networkHeaderLength 24, transportOffset 24, sourcePort 1000, malformed 0",
  )
})

test("Ethernet's padding is not payload", () => {
  const frame = buildPacket({ ...udp, payload: 0, padding: 18 })
  expect(show(decodeFrame(frame), "payloadOffset", "payloadEnd", "malformed")).toBe(
    "payloadOffset 42, payloadEnd 42, malformed 0",
  )
})

test.each([
  [{ offset: 0, more: true }, 16, "192.0.2.1:1000 > 198.51.100.2:2000 udp frag 7/0/more len 16"],
  [{ offset: 24, more: true }, 24, "192.0.2.1 > 198.51.100.2 udp frag 7/24/more len 24"],
  [{ offset: 48, more: false }, 5, "192.0.2.1 > 198.51.100.2 udp frag 7/48 len 5"],
])("fragment %j", (fragment, payload, text) => {
  const later = fragment.offset > 0
  const packet = decodeIp({
    ...udp,
    fragment,
    identification: 7,
    payload,
    ...(later ? { protocol: 17 } : {}),
  })
  expect(line(packet)).toBe(text)
  expect(packet.isFragment).toBe(true)
  expect(packet.transportOffset).toBe(later ? -1 : 20)
  expect(packet.transportStart).toBe(later ? -1 : 20)
  expect(packet.malformed).toBe(0)
})

test.each<[string, Uint8Array, number, string]>([
  [
    "19 bytes",
    bytes("45000014000000004011000000000000000000"),
    0,
    "ipv4-truncated at 0: needed 20, had 19 by the frame's length",
  ],
  [
    "cut by its capture",
    bytes("4500"),
    60,
    "ipv4-truncated at 0: needed 20, had 2 by the capture's snap length",
  ],
  [
    "header of 16 bytes",
    change(0, 0x44),
    0,
    "ipv4-header-length at 0: needed 20, had 16 by the IPv4 header length",
  ],
  [
    "header beyond the packet",
    change(0, 0x4f),
    0,
    "ipv4-total-length at 0: needed 60, had 52 by the IPv4 total length",
  ],
  [
    "total length of 19",
    change(3, 19),
    0,
    "ipv4-total-length at 0: needed 20, had 19 by the IPv4 total length",
  ],
  ["total length of 0", change(3, 0), 0, "ipv4-total-length at 0: needed 20, had 0 by the IPv4 total length"],
  [
    "total length beyond the frame",
    change(3, 53),
    0,
    "ipv4-beyond-frame at 0: needed 53, had 52 by the IPv4 total length",
  ],
  ["total length beyond the capture only", change(3, 53), 53, ""],
  [
    "fragment of 31 bytes that is not the last",
    changeAll([
      [3, 51],
      [6, 0x20],
    ]),
    0,
    "ipv4-fragment-length at 20: needed 8, had 31 by the IPv4 total length",
  ],
  [
    "ping of death",
    changeAll([
      [6, 0x1f],
      [7, 0xff],
    ]),
    0,
    "ipv4-fragment-beyond-65535 at 0: needed 65580, had 65535 by the IPv4 fragment offset",
  ],
])("%s", (_, frame, wire, text) => {
  const packet = decodeFrame(frame, LINKTYPE_RAW, wire || frame.length)
  expect(fault(packet)).toBe(text)
})

test.each([
  ["94", "ipv4-option-length at 20: needed 2, had 4 by the IPv4 option length"],
  ["9401", "ipv4-option-length at 20: needed 2, had 4 by the IPv4 option length"],
  ["01940500", "ipv4-option-length at 21: needed 5, had 3 by the IPv4 option length"],
  ["01010194", "ipv4-option-length at 23: needed 2, had 1 by the IPv4 option length"],
  ["00940500", ""],
])("options %s: %s", (hexadecimal, text) => {
  expect(fault(decodeIp({ ...udp, ipOptions: bytes(hexadecimal) }))).toBe(text)
})

test("a segment that the card was left to cut", () => {
  const whole = decodeIp({ ...udp, payload: 70000, networkLength: 0 })
  expect(show(whole, "networkLength", "malformed", "payloadEnd")).toBe(
    "networkLength 70028, malformed 0, payloadEnd 70028",
  )
})

function change(offset: number, value: number): Uint8Array {
  return changeAll([[offset, value]])
}

function changeAll(changes: readonly (readonly [offset: number, value: number])[]): Uint8Array {
  const frame = buildPacket({ ...udp, linkType: LINKTYPE_RAW })
  for (const [offset, value] of changes) frame[offset] = value
  return frame
}
