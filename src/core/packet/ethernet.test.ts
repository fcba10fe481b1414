import { expect, test } from "vitest"
import { bytes, decodeFrame, fault, show } from "./packet-fixture.js"

const macs = "020000000002 020000000001"

function check(hexadecimal: string): string {
  const packet = decodeFrame(bytes(hexadecimal))
  const found = show(packet, "etherType", "destinationMacOffset", "sourceMacOffset", "family")
  return packet.malformed === 0 ? found : `${found}; ${fault(packet)}`
}

test("the EtherType says what follows", () => {
  expect(check(`${macs} 88cc 0207`)).toBe(
    "etherType 35020, destinationMacOffset 0, sourceMacOffset 6, family 0",
  )
})

test("a length instead of an EtherType is LLC, and no IP for Linux", () => {
  const snap = "aaaa03 000000 0800 4500001400000000401166d20a0000090a000001"
  expect(check(`${macs} 001c ${snap}`)).toBe(
    "etherType 0, destinationMacOffset 0, sourceMacOffset 6, family 0",
  )
})

test("13 bytes are no Ethernet header", () => {
  expect(check(`${macs} 08`)).toBe(
    "etherType 0, destinationMacOffset -1, sourceMacOffset -1, family 0; link-truncated at 0: needed 14, had 13 by the frame's length",
  )
})
