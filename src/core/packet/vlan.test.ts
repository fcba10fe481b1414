import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { bytes, decodeDescription, decodeFrame, fault, line, show } from "./packet-fixture.js"

const inner = { source: "10.0.0.9", destination: "10.0.0.1", icmp: { type: 8, identifier: 7, sequence: 1 } }

test.each([
  [[10], "vlan 10 10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1", 1],
  [[10, 20], "vlan 10.20 10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1", 2],
  [[0xe00a], "vlan 57354 10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1", 1],
])("tags %j", (vlans, text, count) => {
  const packet = decodeDescription({ ...inner, vlans })
  expect(line(packet)).toBe(text)
  expect(packet.vlanCount).toBe(count)
  expect(packet.networkOffset).toBe(14 + 4 * count)
})

test("three tags: the first two are kept, all are stepped over", () => {
  const packet = decodeDescription({ ...inner, vlans: [1, 2, 3] })
  expect(show(packet, "vlanCount", "vlanOuter", "vlanInner", "etherType", "family")).toBe(
    "vlanCount 3, vlanOuter 1, vlanInner 2, etherType 2048, family 4",
  )
})

test("0x9100 is a tag too", () => {
  const frame = buildPacket({ ...inner, vlans: [5] })
  frame.set([0x91, 0x00], 12)
  expect(show(decodeFrame(frame), "vlanCount", "vlanOuter", "family")).toBe(
    "vlanCount 1, vlanOuter 5, family 4",
  )
})

test("a tag cut short", () => {
  const packet = decodeFrame(bytes("020000000002 020000000001 8100 000a 08"))
  expect(fault(packet)).toBe("vlan-truncated at 14: needed 4, had 3 by the frame's length")
  expect(packet.etherType).toBe(0)
})
