import { expect, test } from "vitest"
import { BODY, messageWriter, readAttributes, readMessages, textAt } from "./message.js"

test("what is written is read again, nested and beyond the buffer's first size", () => {
  const writer = messageWriter(32)
  for (const number of [1, 2]) {
    writer.begin(0x0a00 + number, 5, 2, 7)
    writer.text(1, "floodwall")
    writer.open(3)
    for (let index = 0; index < 20; index++) writer.bytes(1, new Uint8Array([index, 1, 2]))
    writer.close()
    writer.u64(4, 2n ** 40n)
    writer.end()
  }
  const bytes = writer.written()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read: unknown[] = []
  readMessages(view, bytes, bytes.length, ({ type, from, end }) => {
    readAttributes(view, from + BODY, end, (kind, at, length) => {
      if (kind === 1) read.push([type, textAt(bytes, at, length)])
      else if (kind === 4) read.push(view.getBigUint64(at))
      else {
        let count = 0
        readAttributes(view, at, at + length, (_, place, size) => {
          count += size === 3 && bytes[place] === count ? 1 : 0
        })
        read.push(count)
      }
    })
  })
  expect(read).toEqual([[0x0a01, "floodwall"], 20, 2n ** 40n, [0x0a02, "floodwall"], 20, 2n ** 40n])
})

test("whatever bytes come, reading ends", () => {
  for (let seed = 1; seed < 2000; seed++) {
    const bytes = Uint8Array.from({ length: seed % 90 }, (_, index) => (seed * 7919 * (index + 3)) >> 5)
    const view = new DataView(bytes.buffer)
    readMessages(view, bytes, bytes.length, ({ from, end }) =>
      readAttributes(view, from + BODY, end, (_, at, length) => expect(at + length).toBeLessThanOrEqual(end)),
    )
  }
})
