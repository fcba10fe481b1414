import { expect, test } from "vitest"
import { concat } from "./build.js"
import { readAll } from "./capture-fixture.js"
import { bytes } from "./packet-fixture.js"
import { encodePcap } from "./pcap-writer.js"

const little = {
  micro: bytes("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"),
  nano: bytes("4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000"),
}
const big = {
  micro: bytes("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001"),
  nano: bytes("a1b23c4d 0002 0004 00000000 00000000 00040000 00000065"),
}
const littleRecord = bytes("00ca9a3b 3f420f00 02000000 3c000000 abcd")
const bigRecord = bytes("3b9aca00 000f423f 00000002 0000003c abcd")

test.each([
  ["little-endian, microseconds", little.micro, littleRecord, "1000000000.999999000 1/0 2 of 60: abcd"],
  ["little-endian, nanoseconds", little.nano, littleRecord, "1000000000.000999999 101/0 2 of 60: abcd"],
  ["big-endian, microseconds", big.micro, bigRecord, "1000000000.999999000 1/0 2 of 60: abcd"],
  ["big-endian, nanoseconds", big.nano, bigRecord, "1000000000.000999999 101/0 2 of 60: abcd"],
])("%s, in pieces of every size", (_, header, record, packet) => {
  const file = concat([header, record, record])
  for (let step = 1; step <= file.length; step++)
    expect(readAll(file, step)).toEqual({ packets: [packet, packet], diagnostics: [] })
})

test("a fraction of more than a second carries over", () => {
  const record = bytes("00ca9a3b 40420f00 00000000 00000000")
  expect(readAll(concat([little.micro, record])).packets).toEqual(["1000000001.000000000 1/0 0 of 0: "])
})

test("Kuznetsov's records say the direction", () => {
  const header = bytes("34cdb2a1 0200 0400 00000000 00000000 00000400 01000000")
  const left = bytes("01000000 02000000 01000000 01000000 03000000 0800 04 00 ff")
  const arrived = bytes("01000000 02000000 01000000 01000000 03000000 0800 00 00 ee")
  expect(readAll(concat([header, left, arrived])).packets).toEqual([
    "1.000002000 1/0 1 of 1 out: ff",
    "1.000002000 1/0 1 of 1 in: ee",
  ])
})

test("before version 2.3 the two lengths stood the other way round", () => {
  const header = bytes("d4c3b2a1 0200 0200 00000000 00000000 00000400 01000000")
  const record = bytes("01000000 00000000 3c000000 02000000 abcd")
  expect(readAll(concat([header, record])).packets).toEqual(["1.000000000 1/0 2 of 60: abcd"])
})

const whole = concat([little.micro, littleRecord])

test.each([
  ["an empty file", new Uint8Array(0), 0, "capture-unknown-format: the file is empty"],
  ["three bytes", whole.subarray(0, 3), 0, "capture-unknown-format: the file ends inside its header"],
  ["half a header", whole.subarray(0, 12), 0, "capture-unknown-format: the file ends inside its header"],
  [
    "something else",
    bytes("504b0304 00000000"),
    0,
    "capture-unknown-format: this is neither pcap nor pcapng: it begins with 504b0304",
  ],
  [
    "a record header cut short",
    concat([whole, littleRecord.subarray(0, 15)]),
    1,
    "capture-truncated: the capture ends inside the record at byte 42, behind packet 1",
  ],
  [
    "a packet cut short",
    concat([whole, littleRecord.subarray(0, 17)]),
    1,
    "capture-truncated: the capture ends inside the record at byte 42, behind packet 1",
  ],
  [
    "a record of 262145 bytes",
    concat([whole, bytes("01000000 00000000 01000400 01000400"), littleRecord]),
    1,
    "capture-record-length: the record at byte 42 claims 262145 captured bytes; 262144 is the most",
  ],
])("%s", (_, file, packets, diagnostic) => {
  for (const step of [1, 7, file.length || 1]) {
    const result = readAll(file, step)
    expect(result.packets).toHaveLength(packets)
    expect(result.diagnostics).toEqual([diagnostic])
  }
})

test("what is written is read", () => {
  const packets = [
    { time: 0, bytes: bytes("00") },
    { time: 1_500_000_001, bytes: bytes(""), wireLength: 9 },
  ]
  expect(readAll(encodePcap(packets, 229, 1_700_000_000))).toEqual({
    packets: ["1700000000.000000000 229/0 1 of 1: 00", "1700000001.500000001 229/0 0 of 9: "],
    diagnostics: [],
  })
})
