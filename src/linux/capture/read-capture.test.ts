import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { afterAll, beforeAll, expect, test } from "vitest"
import { CaptureRecord } from "../../core/packet/capture-record.js"
import { encodePcap } from "../../core/packet/pcap-writer.js"
import { readCapture } from "./read-capture.js"
import { CaptureWriter } from "./write-capture.js"

const folder = mkdtempSync(join(tmpdir(), "floodwall-capture-"))
afterAll(() => rmSync(folder, { recursive: true }))

const packets = Array.from({ length: 30_000 }, (_, index) => ({
  time: index * 1_000_003,
  bytes: Uint8Array.from({ length: index % 200 }, (_, at) => (index + at) & 255),
}))
const file = encodePcap(packets, 101, 1_700_000_000)

function path(name: string, content: Uint8Array): string {
  const full = join(folder, name)
  writeFileSync(full, content)
  return full
}

/** Reads the capture, and says how many packets it has and what was wrong; the bytes are compared on the way. */
async function check(name: string): Promise<{ count: number; faults: string[] }> {
  let count = 0
  const summary = await readCapture(name, ({ view, offset, captured, seconds, nanoseconds }) => {
    const { time, bytes } = packets[count++]!
    if (captured !== bytes.length) throw new Error(`packet ${count} has ${captured} bytes`)
    for (let at = 0; at < captured; at++)
      if (view.getUint8(offset + at) !== bytes[at]) throw new Error(`packet ${count} differs`)
    expect((seconds - 1_700_000_000) * 1e9 + nanoseconds).toBe(time)
  })
  expect(summary.packets).toBe(count)
  return {
    count,
    faults: summary.diagnostics.map(({ id, message }) => `${id} ${message.replace(folder, "")}`),
  }
}

test("a file, plain and compressed", async () => {
  expect(await check(path("plain.pcap", file))).toEqual({ count: 30_000, faults: [] })
  expect(await check(path("one.pcap.gz", gzipSync(file)))).toEqual({ count: 30_000, faults: [] })
})

test("gzip members one behind the other are one stream", async () => {
  const members = Buffer.concat([gzipSync(file.subarray(0, 1_000_000)), gzipSync(file.subarray(1_000_000))])
  expect(await check(path("two.gz", members))).toEqual({ count: 30_000, faults: [] })
})

test("what is cut short is read to there", async () => {
  const cut = await check(path("cut.pcap", file.subarray(0, 2_000_000)))
  expect(cut.faults).toEqual([
    expect.stringMatching(
      /^capture-truncated \/cut.pcap: the capture ends inside the record at byte \d+, behind packet \d+$/,
    ),
  ])
  expect(cut.count).toBeGreaterThan(15_000)

  const zipped = gzipSync(file)
  const compressed = await check(path("cut.gz", zipped.subarray(0, Math.floor(zipped.length / 2))))
  expect(compressed.faults[0]).toMatch(
    /^capture-gzip \/cut.gz: the compressed capture is damaged or cut short/,
  )
  expect(compressed.count).toBeGreaterThan(10_000)
})

test("a compressed file whose only fault is its missing trailer", async () => {
  const zipped = gzipSync(file)
  const result = await check(path("trailer.gz", zipped.subarray(0, zipped.length - 8)))
  expect(result.count).toBe(30_000)
  expect(result.faults).toEqual([expect.stringMatching(/^capture-gzip/)])
})

test.each([
  ["missing.pcap", undefined, /^unreadable-file .*cannot be read: no such file$/],
  ["empty.pcap", new Uint8Array(0), /^capture-unknown-format .*the file is empty/],
  ["text.pcap", Buffer.from("hello, world"), /^capture-unknown-format .*begins with 68656c6c/],
  ["text.gz", gzipSync("hello, world"), /^capture-unknown-format .*begins with 68656c6c/],
  ["empty.gz", gzipSync(""), /^capture-unknown-format .*the file is empty/],
])("%s", async (name, content, fault) => {
  const full = content === undefined ? join(folder, name) : path(name, content)
  const { count, faults } = await check(full)
  expect(count).toBe(0)
  expect(faults).toHaveLength(1)
  expect(faults[0]).toMatch(fault)
})

test("a folder is no capture", async () => {
  expect((await check(folder)).faults).toEqual([
    expect.stringMatching(/^unreadable-file .*cannot be read: it is a directory$/),
  ])
})

test("false stops; what the callback throws comes through, compressed or not", async () => {
  for (const name of [path("stop.pcap", file), path("stop.gz", gzipSync(file))]) {
    const stopped = await readCapture(name, (_, capture) => capture.count < 7)
    expect([stopped.packets, stopped.diagnostics]).toEqual([7, []])
    const throwing = readCapture(name, () => {
      throw new Error("enough")
    })
    await expect(throwing).rejects.toThrow("enough")
  }
})

test("progress ends at the file's size", async () => {
  const seen: (readonly [number, number | undefined])[] = []
  await readCapture(path("progress.pcap", file), () => true, { onProgress: (...each) => seen.push(each) })
  expect(seen.at(-1)).toEqual([file.length, file.length])
})

test.each(["copy.pcap", "copy.pcapng"])("what is written to %s is read", async (name) => {
  const writer = new CaptureWriter(join(folder, name))
  await readCapture(path("source.pcap", file), (record) => writer.write(record, "eth0", "kept"))
  writer.close()
  expect(writer.count).toBe(30_000)
  expect(await check(join(folder, name))).toEqual({ count: 30_000, faults: [] })
})

test("a pcap file has one link type, pcapng has many", async () => {
  const record = new CaptureRecord()
  const first = new CaptureWriter(join(folder, "types.pcap"))
  const second = new CaptureWriter(join(folder, "types.pcapng"))
  const accepted = [1, 101, 1].map((linkType) => {
    record.linkType = linkType
    return [first.write(record), second.write(record)]
  })
  first.close()
  second.close()
  expect(accepted).toEqual([
    [true, true],
    [false, true],
    [true, true],
  ])
  const types: number[] = []
  await readCapture(join(folder, "types.pcapng"), ({ linkType }) => void types.push(linkType))
  expect(types).toEqual([1, 101, 1])
})

test("a writer without packets writes a capture without packets", async () => {
  new CaptureWriter(join(folder, "none.pcap")).close()
  expect(await check(join(folder, "none.pcap"))).toEqual({ count: 0, faults: [] })
})

test("a packet longer than the writer's buffer", async () => {
  const record = new CaptureRecord()
  record.view = new DataView(new ArrayBuffer(3 << 20))
  record.captured = record.view.byteLength
  const writer = new CaptureWriter(join(folder, "long.pcap"))
  writer.write(record)
  writer.close()
  expect(readFileSync(join(folder, "long.pcap")).length).toBe(24 + 16 + (3 << 20))
})

/** A program that counts the packets of its standard input, and its own memory. */
const counter = join(folder, "counter.mjs")
beforeAll(async () => {
  await build({
    stdin: {
      contents: `
        import { readCapture } from "./read-capture.ts"
        const { packets, diagnostics } = await readCapture(process.argv[2], () => true)
        console.log(JSON.stringify({ packets, diagnostics, rss: process.memoryUsage.rss() }))`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: counter,
  })
})

test.each(["plain", "compressed"])("standard input, %s", (kind) => {
  const input = kind === "plain" ? file : gzipSync(file)
  const { stdout } = spawnSync(process.execPath, [counter, "-"], { input, encoding: "utf8" })
  expect(JSON.parse(stdout)).toMatchObject({ packets: 30_000, diagnostics: [] })
})

test("a gigabyte through a pipe takes no more memory than a megabyte", async () => {
  const child = spawn(process.execPath, [counter, "-"], { stdio: ["pipe", "pipe", "inherit"] })
  const body = file.subarray(24)
  const repetitions = Math.ceil((1 << 30) / body.length)
  child.stdin.write(file.subarray(0, 24))
  for (let repetition = 0; repetition < repetitions; repetition++)
    if (!child.stdin.write(body)) await once(child.stdin, "drain")
  child.stdin.end()
  let output = ""
  for await (const piece of child.stdout) output += piece
  const { packets: count, rss } = JSON.parse(output)
  expect(count).toBe(30_000 * repetitions)
  expect(rss).toBeLessThan(150e6)
}, 180_000)
