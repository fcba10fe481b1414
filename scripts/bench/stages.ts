import { readFileSync } from "node:fs"
import { createEngine } from "../../src/core/engine/engine.js"
import { createReplay } from "../../src/core/engine/replay.js"
import { Capture } from "../../src/core/packet/capture.js"
import { CaptureRecord, nanosecondsSince } from "../../src/core/packet/capture-record.js"
import { decode } from "../../src/core/packet/decode.js"
import { Packet } from "../../src/core/packet/packet.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { presetRules } from "./policy.js"

type Take = (record: CaptureRecord) => void

/** How far a packet goes, one stage more in each. */
export const stages: Readonly<Record<string, { readonly title: string; readonly start: () => Take }>> = {
  read: { title: "read: record by record out of the file's bytes", start: () => () => {} },
  decode: {
    title: "… and decoded",
    start() {
      const packet = new Packet()
      return (record) => decodeRecord(packet, record)
    },
  },
  conntrack: { title: "… and tracked, without rules", start: () => judging({ tables: [] }) },
  engine: { title: "… and judged by the default policy", start: () => judging(presetRules("default")) },
  replay: {
    title: "… and counted for the summary",
    start() {
      const { replay } = createReplay(presetRules("default"), { ...options, firstInterface: "eth0" })
      if (replay === null) throw new Error("the default policy cannot be replayed")
      return (record) => void replay.feed(record)
    },
  },
}

const options = {
  random: () => 1,
  conntrack: "on",
  interfaces: [{ name: "eth0", networks: ["default"] }],
} as const

function decodeRecord(packet: Packet, record: CaptureRecord): void {
  decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
}

function judging(rules: Ruleset): Take {
  const { engine } = createEngine(rules, options)
  if (engine === null) throw new Error("no engine for these rules")
  const packet = new Packet()
  let origin = Number.NaN
  return (record) => {
    if (Number.isNaN(origin)) origin = record.seconds
    decodeRecord(packet, record)
    packet.time = nanosecondsSince(record, origin, 0)
    packet.inputInterface = 1
    engine.judge(packet, "input")
  }
}

/**
 * Sends a capture through one stage, `rounds` times in this process, and says what a packet cost in each: nanoseconds of processor time, the
 * compiler's and the collector's included.
 */
export function stageCosts(path: string, stage: string, rounds: number): number[] {
  const bytes = readFileSync(path)
  return Array.from({ length: rounds }, () => {
    const take = stages[stage]!.start()
    const capture = new Capture(4 << 20)
    const record = new CaptureRecord()
    const before = process.cpuUsage()
    for (let at = 0; at < bytes.length; at += CHUNK) {
      capture.push(bytes.subarray(at, at + CHUNK))
      while (capture.read(record)) take(record)
    }
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / capture.count
  })
}

const CHUNK = 1 << 20
