import { expect, test } from "vitest"
import { decodeIp, fault, show } from "./packet-fixture.js"

const address = { source: "10.0.0.9", destination: "10.0.0.1" }

test("ports and length", () => {
  const packet = decodeIp({ ...address, udp: { sourcePort: 65535, destinationPort: 53 }, payload: 12 })
  expect(
    show(packet, "sourcePort", "destinationPort", "udpLength", "payloadOffset", "payloadEnd", "malformed"),
  ).toBe("sourcePort 65535, destinationPort 53, udpLength 20, payloadOffset 28, payloadEnd 40, malformed 0")
})

test.each([
  [7, 12, undefined, "udp-length at 20: needed 8, had 7 by the UDP length"],
  [0, 12, undefined, "udp-length at 20: needed 8, had 0 by the UDP length"],
  [21, 12, undefined, "udp-beyond-packet at 20: needed 21, had 20 by the UDP length"],
  [19, 12, undefined, ""],
  [2000, 8, { offset: 0, more: true }, ""],
])("length %i over %i bytes, fragment %j: %s", (length, payload, fragment, text) => {
  const udp = { sourcePort: 1, destinationPort: 2, length }
  expect(fault(decodeIp({ ...address, udp, payload, ...(fragment ? { fragment } : {}) }))).toBe(text)
})

test("7 bytes", () => {
  expect(fault(decodeIp({ ...address, protocol: 17, payload: 7 }))).toBe(
    "udp-truncated at 20: needed 8, had 7 by the IPv4 total length",
  )
})

test.each([
  [136, "00010002 0000 0000", ""],
  [136, "00010002 0007 0000", "udplite-coverage at 20: needed 8, had 7 by the UDP-Lite coverage"],
  [136, "00010002 0009 0000", "udplite-coverage at 20: needed 9, had 8 by the UDP-Lite coverage"],
  [132, "00010002 00000000 00000000", ""],
  [132, "00010002 00000000 000000", "sctp-truncated at 20: needed 12, had 11 by the IPv4 total length"],
  [33, "00010002 00000000 000000", "dccp-truncated at 20: needed 12, had 11 by the IPv4 total length"],
])("protocol %i, %s: %s", (protocol, hexadecimal, text) => {
  const digits = hexadecimal.replace(/\s/g, "")
  const payload = Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const packet = decodeIp({ ...address, protocol, payload })
  expect(fault(packet)).toBe(text)
  expect(show(packet, "sourcePort", "destinationPort")).toBe("sourcePort 1, destinationPort 2")
})
