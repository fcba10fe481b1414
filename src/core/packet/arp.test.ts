import { expect, test } from "vitest"
import { bytes, decodeDescription, decodeFrame, fault, line, show } from "./packet-fixture.js"

const request = {
  arp: {
    operation: 1,
    senderMac: "02:00:00:00:00:01",
    sender: "10.0.0.9",
    targetMac: "00:00:00:00:00:00",
    target: "10.0.0.1",
  },
}

test("a request", () => {
  const packet = decodeDescription(request)
  expect(line(packet)).toBe("arp who-has 10.0.0.1 tell 10.0.0.9")
  expect(show(packet, "family", "arpOperation", "networkOffset", "networkHeaderLength")).toBe(
    "family 0, arpOperation 1, networkOffset 14, networkHeaderLength 28",
  )
})

test("a reply", () => {
  const packet = decodeDescription({ arp: { ...request.arp, operation: 2 } })
  expect(line(packet)).toBe("arp reply 10.0.0.9 is-at 02:00:00:00:00:01 tell 10.0.0.1")
})

test.each([
  ["0001 0800 06", "arp-truncated at 14: needed 8, had 5 by the frame's length"],
  [
    "0001 0800 06 04 0001 020000000001 0a000009",
    "arp-truncated at 14: needed 28, had 18 by the frame's length",
  ],
])("%s: %s", (hexadecimal, text) => {
  expect(fault(decodeFrame(bytes(`ffffffffffff 020000000001 0806 ${hexadecimal}`)))).toBe(text)
})
