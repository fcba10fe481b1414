import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { printAddress } from "../../src/core/base/address.js"
import { decode } from "../../src/core/packet/decode.js"
import { Packet } from "../../src/core/packet/packet.js"
import { readCapture } from "../../src/linux/capture/read-capture.js"
import { makeSamples } from "../../src/linux/demo/samples.js"

const samples = makeSamples()

// Compared unpacked: another zlib packs the same bytes another way.
const unpacked = (name: string, bytes: Uint8Array) =>
  name.endsWith(".gz") ? gunzipSync(bytes) : Buffer.from(bytes)

test.each(samples)("samples/$name is what npm run samples writes", ({ name, bytes }) => {
  expect(unpacked(name, readFileSync(`samples/${name}`)).equals(unpacked(name, bytes))).toBe(true)
})

test("samples/ holds nothing else, and tells the story of each", () => {
  const captures = readdirSync("samples").filter((name) => /\.(pcap|pcapng)(\.gz)?$/.test(name))
  expect(captures.sort()).toEqual(samples.map(({ name }) => name).sort())
  const stories = readFileSync("samples/README.md", "utf8")
  for (const { name } of samples) expect(stories).toContain(`**${name}**`)
})

/** What becomes of each source's packets when a sample is replayed with the policy beside it, as its story says to. */
async function replayed(name: string): Promise<Map<string, Record<string, number>>> {
  const file = `samples/${readdirSync("samples").find((entry) => entry.startsWith(`${name}.pcap`))}`
  const words = [
    "replay",
    file,
    "--policy",
    `samples/${name}.yaml`,
    "--local",
    "192.0.2.80,2001:db8:80::80",
    "--json",
  ]
  const text = execFileSync("bin/floodwall", words, { encoding: "utf8", maxBuffer: 1 << 28 })
  const verdicts = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { n?: number; verdict?: string })
    .filter(({ n }) => n !== undefined)
  const fates = new Map<string, Record<string, number>>()
  const packet = new Packet()
  let index = 0
  await readCapture(file, (record) => {
    decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
    const source = sourceText(packet)
    const { verdict = "missing" } = verdicts[index++] ?? {}
    const fate = fates.get(source) ?? {}
    fate[verdict] = (fate[verdict] ?? 0) + 1
    fates.set(source, fate)
    return undefined
  })
  expect(verdicts).toHaveLength(index)
  return fates
}

/** Sources with a packet that was dropped. */
function harmed(fates: Map<string, Record<string, number>>): string[] {
  return [...fates].filter(([, fate]) => (fate["drop"] ?? 0) > 0).map(([source]) => source)
}

test("a day at a web server: only the floods are dropped, and the page in their midst is read", async () => {
  const fates = await replayed("web-server-day")
  expect(harmed(fates).filter((source) => !source.startsWith("198.18."))).toEqual(["198.51.100.66"])
  const { accept = 0, drop = 0 } = fates.get("198.51.100.66")!
  // 200 a second above the burst of 1000, for 80 ms.
  expect(accept).toBeLessThan(1050)
  expect(accept + drop).toBe(4000)
  expect(fates.get("203.0.113.200")).toEqual({ accept: 6 })
})

test("SSH brute force: the sixth connection is one too many; the administrator and the one who comes back each minute notice nothing", async () => {
  const fates = await replayed("ssh-brute-force")
  expect(harmed(fates)).toEqual(["203.0.113.99"])
  expect(fates.get("203.0.113.5")).toEqual({ accept: 30 })
})

test("a port scan: the scanner gets nowhere, and the neighbour notices nothing", async () => {
  const fates = await replayed("port-scan")
  expect(harmed(fates)).toEqual(["203.0.113.66"])
  expect(fates.get("203.0.113.66")).toEqual({ drop: 1052 })
})

test("DNS and fragments: signed answers arrive, and of the fragments that nobody honest sends no datagram comes", async () => {
  const fates = await replayed("dns-and-fragments")
  expect(harmed(fates)).toEqual(["203.0.113.250"])
  expect(fates.get("203.0.113.250")!["accept"]).toBeUndefined()
})

function sourceText({ family, source0, source1, source2, source3 }: Packet): string {
  if (family === 0) return "not IP"
  const words = family === 4 ? [source0] : [source0, source1, source2, source3]
  return printAddress({ family, words: words.map((word) => word >>> 0) })
}
