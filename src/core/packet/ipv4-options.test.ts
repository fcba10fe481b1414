import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { decode } from "./decode.js"
import { hasReadableOptions, optionFault } from "./ipv4-options.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { Packet } from "./packet.js"

/** What Linux 6.18 makes of these options: where such a packet ends, and whether a rule is told of what it has (`ip option … exists`). */
const options: readonly (readonly [bytes: readonly number[], fault: string, readable: boolean])[] = [
  [[1, 1, 1, 0], "", true],
  [[7, 7, 4, 0, 0, 0, 0, 0], "", true],
  [[7, 7, 8, 0, 0, 0, 0, 0], "", true],
  [[7, 7, 6, 0, 0, 0, 0, 0], "ipv4-option", false],
  [[7, 3, 4, 7, 3, 4, 0, 0], "ipv4-option", false],
  [[7, 39, 4, 0], "ipv4-option", false],
  [[68, 8, 5, 0, 0, 0, 0, 0], "", true],
  [[68, 8, 5, 1, 0, 0, 0, 0], "ipv4-option", false],
  [[68, 8, 5, 0, 0, 0, 0, 0, 68, 4, 5, 0], "ipv4-option", false],
  [[131, 7, 4, 1, 2, 3, 4, 0], "source-route", true],
  [[131, 7, 8, 1, 2, 3, 4, 0], "source-route", false],
  [[131, 7, 4, 1, 2, 3, 4, 137, 7, 4, 1, 2, 3, 4, 0, 0], "source-route", false],
  [[148, 4, 0, 1], "", true],
  [[148, 3, 0, 0], "ipv4-option", false],
  [[134, 6, 0, 0, 0, 1, 0, 0], "ipv4-option", false],
]

test.each(options)("%j: %s, %s", (bytes, fault, readable) => {
  const frame = buildPacket({
    source: "192.0.2.1",
    destination: "192.0.2.2",
    ipOptions: Uint8Array.from(bytes),
    udp: { sourcePort: 1, destinationPort: 2 },
  })
  const packet = new Packet()
  decode(packet, new DataView(frame.buffer), 0, frame.length, frame.length, LINKTYPE_ETHERNET)
  expect(optionFault(packet)).toBe(fault)
  expect(hasReadableOptions(packet)).toBe(readable)
})
