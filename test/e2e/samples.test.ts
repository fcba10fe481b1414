import { readdirSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
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
