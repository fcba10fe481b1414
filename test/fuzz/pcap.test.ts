import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { concat } from "../../src/core/packet/build.js"
import { Capture } from "../../src/core/packet/capture.js"
import { CaptureRecord } from "../../src/core/packet/capture-record.js"
import { encodePcap } from "../../src/core/packet/pcap-writer.js"
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../src/core/packet/pcapng-writer.js"

interface Reading {
  readonly packets: readonly string[]
  readonly diagnostics: readonly string[]
}

/** Reads a file in pieces of `step` bytes, and holds every record to what a record promises. */
function read(file: Uint8Array, step: number): Reading {
  const capture = new Capture(32)
  const record = new CaptureRecord()
  const packets: string[] = []
  for (let at = 0; at < file.length; at += step) {
    capture.push(file.subarray(at, at + step))
    while (capture.read(record)) {
      expect(record.offset >= 0 && record.offset + record.captured <= record.view.byteLength).toBe(true)
      expect(record.nanoseconds >= 0 && record.nanoseconds < 1e9).toBe(true)
      expect(capture.interfaces[record.interfaceIndex]?.linkType).toBe(record.linkType)
      const bytes = new Uint8Array(record.view.buffer, record.offset, record.captured)
      packets.push(
        `${record.seconds}.${record.nanoseconds} ${record.wire} ${record.direction} ${bytes.join(" ")}`,
      )
    }
  }
  capture.end()
  expect(capture.isStopped).toBe(true)
  expect(capture.diagnostics.length).toBeLessThanOrEqual(1)
  return { packets, diagnostics: capture.diagnostics.map(({ id, message }) => `${id} ${message}`) }
}

const packet = fc.record({
  time: fc.integer({ min: 0, max: 1e15 }),
  bytes: fc.uint8Array({ maxLength: 50 }),
  direction: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
})
const packets = fc.array(packet, { maxLength: 8 })

const pcap = packets.map((each) => encodePcap(each, 1, 1_700_000_000))
const pcapng = packets.map((each) =>
  concat([
    pcapngSection(),
    pcapngInterface(1, "eth0"),
    ...each.map(({ time, bytes, direction }) =>
      pcapngPacket({
        interfaceIndex: 0,
        seconds: 1_700_000_000 + Math.floor(time / 1e9),
        nanoseconds: time % 1e9,
        bytes,
        wireLength: bytes.length,
        direction,
        comment: "",
      }),
    ),
  ]),
)
const good = fc.oneof(pcap, pcapng)
const runs = { numRuns: 1000 }

/** Both byte orders' magics first, so that what follows is read. */
const arbitrary = fc
  .tuple(
    fc.constantFrom(
      "d4c3b2a1",
      "a1b2c3d4",
      "4d3cb2a1",
      "a1b23c4d",
      "34cdb2a1",
      "0a0d0d0a1c0000004d3c2b1a",
      "",
    ),
    fc.uint8Array({ maxLength: 300 }),
  )
  .map(([magic, rest]) =>
    concat([Uint8Array.from(magic.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)), rest]),
  )

const mutated = fc
  .tuple(good, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 5 }), fc.nat())
  .map(([file, changes, cut]) => {
    const changed = file.slice()
    for (const [at, value] of changes) changed[at % changed.length] = value
    return cut % 3 === 0 ? changed.subarray(0, cut % (changed.length + 1)) : changed
  })

test("any file is read to its end, the same in pieces of every size", () => {
  fc.assert(
    fc.property(fc.oneof(arbitrary, mutated, good), fc.integer({ min: 1, max: 64 }), (file, step) => {
      expect(read(file, step)).toEqual(read(file, file.length || 1))
    }),
    runs,
  )
})

test("what was written is read, with every nanosecond", () => {
  fc.assert(
    fc.property(packets, fc.boolean(), (each, isPcapng) => {
      const file = isPcapng
        ? concat([
            pcapngSection(),
            pcapngInterface(1, ""),
            ...each.map(({ time, bytes, direction }) =>
              pcapngPacket({
                interfaceIndex: 0,
                seconds: Math.floor(time / 1e9),
                nanoseconds: time % 1e9,
                bytes,
                wireLength: 60,
                direction,
                comment: "why",
              }),
            ),
          ])
        : encodePcap(
            each.map(({ time, bytes }) => ({ time, bytes, wireLength: 60 })),
            1,
            0,
          )
      const expected = each.map(({ time, bytes, direction }) => {
        const seconds = Math.floor(time / 1e9)
        return `${seconds}.${time - seconds * 1e9} 60 ${isPcapng ? direction : 0} ${bytes.join(" ")}`
      })
      expect(read(file, 1 << 20)).toEqual({ packets: expected, diagnostics: [] })
    }),
    runs,
  )
})

test("a file that is cut anywhere gives every packet before the cut", () => {
  fc.assert(
    fc.property(good, fc.nat(), (file, cut) => {
      const whole = read(file, file.length)
      const part = read(file.subarray(0, cut % (file.length + 1)), 1 << 20)
      expect(whole.diagnostics).toEqual([])
      expect(part.packets).toEqual(whole.packets.slice(0, part.packets.length))
    }),
    runs,
  )
})

/** Small files made by hand, each `NAME.pcap` or `NAME.pcapng` with `.hex` behind it: what they have in them is their name. */
const folder = join(import.meta.dirname, "corpus/pcap")
const kept = readdirSync(folder).filter((name) => name.endsWith(".hex"))

test("there are kept files", () => expect(kept.length).toBeGreaterThanOrEqual(8))

test.each(kept)("%s, whole and cut at every byte", (name) => {
  const text = readFileSync(join(folder, name), "utf8").replace(/#.*$/gm, "").replace(/\s/g, "")
  const file = Uint8Array.from(text.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
  const whole = read(file, file.length)
  for (let length = 0; length < file.length; length++) {
    const part = read(file.subarray(0, length), 3)
    expect(part.packets).toEqual(whole.packets.slice(0, part.packets.length))
  }
})
