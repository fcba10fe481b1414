import { expect, test } from "vitest"
import { concat } from "./build.js"
import { Capture } from "./capture.js"
import { readAll } from "./capture-fixture.js"
import { CaptureRecord } from "./capture-record.js"
import { bytes } from "./packet-fixture.js"
import { pcapngInterface, pcapngPacket, pcapngSection } from "./pcapng-writer.js"

/** Blocks in either byte order, from words of 32 bits and bytes. */
function block(isLittle: boolean, type: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const word = (value: number) => {
    const four = new Uint8Array(4)
    new DataView(four.buffer).setUint32(0, value, isLittle)
    return four
  }
  const body = concat(parts.map((part) => (typeof part === "number" ? word(part) : part)))
  return concat([word(type), word(body.length + 12), body, word(body.length + 12)])
}

const section = (isLittle: boolean) =>
  block(isLittle, 0x0a0d0d0a, 0x1a2b3c4d, bytes(isLittle ? "01000000" : "00010000"), 0xffffffff, 0xffffffff)
const ethernet = (isLittle: boolean, ...options: readonly (number | Uint8Array)[]) =>
  block(isLittle, 1, bytes(isLittle ? "01000000" : "00010000"), 0, ...options)
const packet = (isLittle: boolean, high: number, low: number, ...options: readonly (number | Uint8Array)[]) =>
  block(isLittle, 6, 0, high, low, 2, 60, bytes("abcd0000"), ...options)

test.each([
  ["little-endian", true],
  ["big-endian", false],
])("%s, in pieces of every size", (_, isLittle) => {
  const micro = 1_700_000_000n * 1_000_000n + 123_456n
  const time = [Number(micro >> 32n), Number(micro & 0xffffffffn)] as const
  const unknown = block(isLittle, 0x0bad, bytes("00".repeat(40)))
  const file = concat([section(isLittle), unknown, ethernet(isLittle), packet(isLittle, ...time), unknown])
  for (let step = 1; step <= file.length; step++)
    expect(readAll(file, step)).toEqual({
      packets: ["1700000000.123456000 1/0 2 of 60: abcd"],
      diagnostics: [],
    })
})

test.each([
  ["nanoseconds", "09000100 09000000", 1_700_000_000_123_456_789n, "1700000000.123456789"],
  ["milliseconds", "09000100 03000000", 1_700_000_000_123n, "1700000000.123000000"],
  ["seconds", "09000100 00000000", 1_700_000_000n, "1700000000.000000000"],
  ["picoseconds", "09000100 0c000000", 1_700_000_123_456_789_999n, "1700000.123456789"],
  ["2^-32 s", "09000100 a0000000", (17n << 32n) + (1n << 31n), "17.500000000"],
  ["2^-3 s", "09000100 83000000", 17n * 8n + 3n, "17.375000000"],
  ["an offset of an hour", "0e000800 100e000000000000 09000100 06000000", 1_000_000n, "3601.000000000"],
  ["an offset of a second less", "0e000800 ffffffffffffffff", 2_000_001n, "1.000001000"],
  ["the latest nanosecond", "09000100 09000000", 0xffff_ffff_ffff_ffffn, "18446744073.709551615"],
])("times in %s", (_, options, units, time) => {
  const record = packet(true, Number(units >> 32n), Number(units & 0xffffffffn))
  const file = concat([section(true), ethernet(true, bytes(options)), record])
  expect(readAll(file).packets).toEqual([`${time} 1/0 2 of 60: abcd`])
})

test.each([
  ["02000400 01000000", " in"],
  ["02000400 02000000", " out"],
  ["02000400 00000000", ""],
  ["02000400 03000000", ""],
  ["01000300 61626300 02000400 06000000 00000000", " out"],
  ["00000000 02000400 02000000", ""],
  ["02000400", ""],
  ["0100ffff 00000000 02000400 02000000", ""],
])("options %s: direction%s", (options, direction) => {
  const file = concat([section(true), ethernet(true), packet(true, 0, 0, bytes(options))])
  expect(readAll(file)).toEqual({ packets: [`0.000000000 1/0 2 of 60${direction}: abcd`], diagnostics: [] })
})

test("simple packets have no time, and end at the snap length", () => {
  const limited = block(true, 1, bytes("65000000"), 3)
  const simple = block(true, 3, 6, bytes("01020300"))
  expect(readAll(concat([section(true), limited, simple]))).toEqual({
    packets: ["no time 101/0 3 of 6: 010203"],
    diagnostics: [],
  })
})

test("obsolete packets", () => {
  const obsolete = block(true, 2, bytes("00000500"), 0, 7, 2, 60, bytes("abcd0000 02000400 02000000"))
  expect(readAll(concat([section(true), ethernet(true), obsolete])).packets).toEqual([
    "0.000007000 1/0 2 of 60 out: abcd",
  ])
})

test("a new section describes its own interfaces, in its own byte order", () => {
  const file = concat([
    section(true),
    ethernet(true),
    packet(true, 0, 1),
    section(false),
    ethernet(false),
    packet(false, 0, 2),
  ])
  expect(readAll(file).packets).toEqual(["0.000001000 1/0 2 of 60: abcd", "0.000002000 1/1 2 of 60: abcd"])
})

const start = concat([section(true), ethernet(true), packet(true, 0, 1)])
const lying = packet(true, 0, 2)
lying.set([48], lying.length - 4)

test.each([
  [
    "cut short",
    packet(true, 0, 2).subarray(0, 30),
    "capture-truncated: the capture ends inside the record at byte 84, behind packet 1",
  ],
  [
    "cut short in what is skipped",
    block(true, 99, bytes("00".repeat(40))).subarray(0, 40),
    "capture-truncated: the capture ends inside the record at byte 124, behind packet 1",
  ],
  [
    "a length of 14",
    bytes("06000000 0e000000 00000000"),
    "capture-block-length: the block at byte 84 cannot be read: its length is 14, which is no block's",
  ],
  [
    "a length of 8",
    bytes("06000000 08000000 00000000"),
    "capture-block-length: the block at byte 84 cannot be read: its length is 8, which is no block's",
  ],
  [
    "a length of 4 GiB",
    bytes("06000000 fcffffff 00000000"),
    "capture-block-length: the block at byte 84 cannot be read: it claims 4294967292 bytes; 16777216 is the most",
  ],
  [
    "two lengths",
    lying,
    "capture-block-length: the block at byte 84 cannot be read: its length is 36 in front and 48 at its end",
  ],
  [
    "an unknown interface",
    block(true, 6, 1, 0, 0, 0, 0),
    "capture-interface: the block at byte 84 cannot be read: its interface 1 was never described",
  ],
  [
    "more bytes than its block",
    block(true, 6, 0, 0, 0, 5, 5, 0),
    "capture-record-length: the block at byte 84 cannot be read: it claims 5 captured bytes and has 4",
  ],
  [
    "a block too short for a packet",
    block(true, 6, 0, 0),
    "capture-block-length: the block at byte 84 cannot be read: it is too short for a packet",
  ],
  [
    "a section of no byte order",
    bytes("0a0d0d0a 1c000000 00000000"),
    "capture-byte-order: the block at byte 84 cannot be read: its byte-order magic is neither order's",
  ],
  [
    "a section of version 2",
    block(true, 0x0a0d0d0a, 0x1a2b3c4d, bytes("02000000"), 0, 0),
    "capture-version: the block at byte 84 cannot be read: it is of pcapng version 2, of which nothing is known",
  ],
])("%s: the packet before is read", (_, broken, diagnostic) => {
  const file = concat([start, broken])
  for (const step of [1, 5, file.length]) {
    expect(readAll(file, step)).toEqual({
      packets: ["0.000001000 1/0 2 of 60: abcd"],
      diagnostics: [diagnostic],
    })
  }
})

test("a section without packets is a capture without packets", () => {
  expect(readAll(section(true))).toEqual({ packets: [], diagnostics: [] })
  expect(readAll(section(true).subarray(0, 27)).diagnostics).toEqual([
    "capture-unknown-format: the file ends inside its header",
  ])
})

test("a simple packet without an interface", () => {
  expect(readAll(concat([section(true), block(true, 3, 0)])).diagnostics).toEqual([
    "capture-interface: the block at byte 28 cannot be read: no interface was described before it",
  ])
})

test("what is written is read, names and directions too", () => {
  const file = concat([
    pcapngSection(),
    pcapngInterface(1, "eth0"),
    pcapngInterface(101, ""),
    pcapngPacket({
      interfaceIndex: 1,
      seconds: 1_700_000_000,
      nanoseconds: 123_456_789,
      bytes: bytes("abcdef"),
      wireLength: 60,
      direction: 2,
      comment: "drop",
    }),
    pcapngPacket({
      interfaceIndex: 0,
      seconds: 0,
      nanoseconds: 1,
      bytes: bytes(""),
      wireLength: 0,
      direction: 0,
      comment: "",
    }),
  ])
  expect(readAll(file)).toEqual({
    packets: ["1700000000.123456789 101/1 3 of 60 out: abcdef", "0.000000001 1/0 0 of 0: "],
    diagnostics: [],
  })
  const capture = new Capture()
  capture.push(file)
  capture.read(new CaptureRecord())
  expect(capture.interfaces.map(({ name, linkType }) => `${name} ${linkType}`)).toEqual(["eth0 1", " 101"])
  expect(capture.formatName).toBe("pcapng")
})

test("a block of a gigabyte that nobody reads takes no memory", () => {
  const capture = new Capture()
  const record = new CaptureRecord()
  capture.push(concat([start, bytes("63000000 00000040 00000000")]))
  expect(capture.read(record)).toBe(true)
  const piece = new Uint8Array(1 << 20)
  let roomMost = 0
  for (let mebibyte = 0; mebibyte < 1023; mebibyte++) {
    roomMost = Math.max(roomMost, capture.reserve(piece.length).length)
    capture.commit(piece.length)
    expect(capture.read(record)).toBe(false)
  }
  expect(roomMost).toBeLessThan(4 << 20)
  expect(capture.diagnostics).toEqual([])
})
