import { expect, test } from "vitest"
import { greCall } from "./gre.js"

/** Which call, as Linux 6.18 took headers of these flags and versions, protocols and lengths. */
test.each([
  ["version 0", 0x0000, 0x0800, 12, 0],
  ["PPTP", 0x3001, 0x880b, 12, 7],
  ["PPTP with an acknowledgement", 0x3081, 0x880b, 16, 7],
  ["PPTP without PPP", 0x2001, 0x0800, 8, -1],
  ["PPTP without PPP, cut short", 0x2001, 0x0800, 6, 0],
  ["PPTP, cut short", 0x3001, 0x880b, 4, 0],
  ["version 2", 0x0002, 0x0800, 12, 0],
  ["version 5, whose lowest bit is set", 0x0005, 0x0800, 12, 0],
])("%s", (_name, flags, protocol, length, call) => {
  const view = new DataView(new ArrayBuffer(20))
  view.setUint16(0, flags)
  view.setUint16(2, protocol)
  view.setUint16(6, 7)
  expect(greCall(view, 0, length)).toBe(call)
})

test("no header, no call", () => expect(greCall(new DataView(new ArrayBuffer(8)), -1, 8)).toBe(0))
