import { expect, test } from "vitest"
import { matchStep, outcomes } from "../step-fixture.js"
import { u32 } from "./u32.js"

const syn = { tcp: { sourcePort: 1024, destinationPort: 80, flags: 2 }, ttl: 64 }
const options = { ...syn, ipOptions: new Uint8Array([1, 1, 1, 0]) }

test.each([
  ["0&0xFFFF=0x28", "x."],
  ["0&0xFFFF=0x28,0x2c", "xx"],
  ["6&0xFF=6 && 4>>15=0:1", "xx"],
  // The TCP header lies behind the IP header, wherever that ends.
  ["0>>22&0x3C@0&0xFFFF=80", "xx"],
  ["0>>22&0x3C@12>>16&0xFF=2", "xx"],
  // Beyond the end a test does not hold.
  ["37=0", ".."],
  ["0>>22&0x3C@20=0", ".."],
  ["0=0&&36=0:0xFFFFFFFF", ".."],
  ["8<<8=0", ".."],
  ["8>>24=64", "xx"],
])("%s", (text, expected) =>
  expect(outcomes([matchStep(u32, `--u32 "${text}"`)], [syn, options])).toBe(expected),
)
