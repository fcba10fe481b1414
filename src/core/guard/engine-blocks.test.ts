import { expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { parsePrefix } from "../base/prefix.js"
import type { Block } from "../block/block.js"
import { createEngine } from "../engine/engine.js"
import { decode } from "../packet/decode.js"
import { Packet } from "../packet/packet.js"
import { parseScript } from "../packet/script.js"
import { compilePolicy } from "../policy/compile.js"
import { unknownHost } from "../policy/environment.js"
import { loadPolicy } from "../policy/load.js"
import { EngineBlocks } from "./engine-blocks.js"

const text = "interfaces: { wan: eth0 }\nprotect: { wan: { preset: default, open: [http] } }\n"

function laboratory() {
  const { policy } = loadPolicy(
    { path: "p.yaml", text },
    { read: () => ({ problem: "none" }), glob: () => [], host: unknownHost },
  )
  if (!policy) throw new Error("no policy")
  const { engine } = createEngine(compilePolicy(policy, unknownHost).ruleset, { random: () => 0 })
  if (engine === null) throw new Error("no engine")
  const packet = new Packet()
  /** Whether a SYN to an open port is let in, so many seconds after the origin. */
  const letsIn = (source: string, seconds: number): boolean => {
    const ends = source.includes(":")
      ? `[${source}]:4000 > [2001:db8:1::1]:80`
      : `${source}:4000 > 192.0.2.1:80`
    const { bytes, linkType } = parseScript(`in eth0 ${ends} S seq ${seconds}`, "script").packets[0]!
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    decode(packet, view, 0, bytes.length, bytes.length, linkType)
    packet.time = seconds * 1e9
    packet.inputInterface = engine.interfaces.index("eth0")
    packet.outputInterface = 0
    return engine.judge(packet, "input").verdict === 0
  }
  return { blocks: new EngineBlocks(engine, 1.7e9), letsIn }
}

function block(source: string, seconds: number): Block {
  const prefix = parsePrefix(source)
  if (isProblem(prefix)) throw new Error(prefix.message)
  return {
    source: prefix,
    scope: "everything",
    by: "neighbours",
    kind: "neighbours",
    why: "many of them",
    since: 1.7e9,
    until: 1.7e9 + seconds,
    times: 1,
    droppedPackets: 0,
    droppedBytes: 0,
  }
}

test.each([
  { source: "203.0.113.0/24", inside: "203.0.113.7", outside: "203.0.114.7" },
  { source: "203.0.113.7", inside: "203.0.113.7", outside: "203.0.113.8" },
  { source: "2001:db8:9::/48", inside: "2001:db8:9:1::5", outside: "2001:db8:a::5" },
  { source: "2001:db8:9:1::/64", inside: "2001:db8:9:1::5", outside: "2001:db8:9:2::5" },
])("$source is kept out, until its time is over or it is let in", ({ source, inside, outside }) => {
  const { blocks, letsIn } = laboratory()
  expect(letsIn(inside, 1)).toBe(true)
  expect(blocks.put(block(source, 60))).toBe(true)
  expect([letsIn(inside, 2), letsIn(outside, 2), letsIn(inside, 61)]).toEqual([false, true, true])
  expect(blocks.put(block(source, 600))).toBe(true)
  expect(letsIn(inside, 62)).toBe(false)
  blocks.remove(block(source, 600))
  expect(letsIn(inside, 63)).toBe(true)
})

test("prefixes come and go one by one, each with its own time", () => {
  const { blocks, letsIn } = laboratory()
  blocks.put(block("203.0.113.0/24", 100))
  blocks.put(block("198.51.100.0/24", 50))
  blocks.put(block("198.18.0.0/15", 20))
  const seen = (at: number) => ["203.0.113.9", "198.51.100.9", "198.19.0.9"].map((from) => letsIn(from, at))
  expect(seen(10)).toEqual([false, false, false])
  expect(seen(30)).toEqual([false, false, true])
  blocks.remove(block("203.0.113.0/24", 100))
  expect(seen(40)).toEqual([true, false, true])
  expect(seen(51)).toEqual([true, true, true])
})
