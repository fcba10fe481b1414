/**
 * What the detectors say of captures in which nobody attacks: other people's, for none of which they were written.
 *
 *     npm run honest -- FOLDER [--findings]
 *
 * Every capture of the folder and below it goes through the guard in memory, once for each of three policies: alone, and then all of them one after the other, as if they were one day of one
 * wire. Printed is how many captures and packets could be read, what was found by which detector, and who would have been blocked; with `--findings` every finding as well. Nothing is known of
 * who is who in them: who goes from a private address to a public one is inside, everybody else may be found. Exit 1: somebody would have been blocked.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { hasErrors } from "../src/core/base/diagnostic.js"
import { sourceText } from "../src/core/block/block.js"
import { createReplay, type Replay } from "../src/core/engine/replay.js"
import type { Finding } from "../src/core/event/finding.js"
import { findingText } from "../src/core/event/print-finding.js"
import { CaptureGuard } from "../src/core/guard/capture-guard.js"
import { compilePolicy } from "../src/core/policy/compile.js"
import { unknownHost } from "../src/core/policy/environment.js"
import { loadPolicy } from "../src/core/policy/load.js"
import { readCapture } from "../src/linux/capture/read-capture.js"

const policies = {
  "nothing is dropped": "{ preset: watch }",
  "the default": "{ preset: default }",
  "and all closed but ssh, http, https": "{ preset: default, open: [ssh, http, https] }",
} as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { findings: { type: "boolean" } },
})
const [folder] = positionals
if (folder === undefined) {
  process.stderr.write("usage: npm run honest -- FOLDER [--findings]\n")
  process.exit(2)
}
const captures = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(?:pcap|pcapng|cap|dump)(?:\.gz)?$/.test(name))
  .sort()

/** What all captures came to under one policy. */
class Score {
  read = 0
  packets = 0
  found = 0
  readonly byDetector = new Map<string, number>()
  readonly withFindings = new Set<string>()
  readonly lines: string[] = []
  readonly blocked: string[] = []

  note(capture: string, finding: Finding): void {
    const { detector } = finding
    this.found++
    this.withFindings.add(capture)
    this.byDetector.set(detector, (this.byDetector.get(detector) ?? 0) + 1)
    this.lines.push(`${capture}: ${detector} ${findingText(finding)}`)
  }

  print(name: string): void {
    if (this.blocked.length > 0) process.exitCode = 1
    const detectors = [...this.byDetector].map(([detector, count]) => `${detector} ${count}`)
    process.stdout.write(
      `${name}: ${this.read} captures, ${this.packets} packets; ${this.found} findings in ${this.withFindings.size} captures${detectors.length > 0 ? ` (${detectors.join(", ")})` : ""}; ${this.blocked.length} would be blocked\n`,
    )
    for (const line of [...(values.findings ? this.lines : []), ...this.blocked])
      process.stdout.write(`  ${line}\n`)
  }
}

/** A guard in memory, and what it says. */
class Watch {
  /** What is read at present. */
  capture = ""
  private last = 0
  private readonly score: Score
  private readonly replay: Replay
  private readonly guard: CaptureGuard

  constructor(protect: string, score: Score) {
    this.score = score
    const text = `version: 1\ninterfaces: { wan: eth0 }\nprotect: { wan: ${protect} }\n`
    const { policy } = loadPolicy(
      { path: "honest.yaml", text },
      { read: () => ({ problem: "no files" }), glob: () => [], host: unknownHost },
    )
    if (!policy) throw new Error(`no policy: ${protect}`)
    const { replay } = createReplay(compilePolicy(policy, unknownHost).ruleset, {
      firstInterface: "eth0",
      interfaces: [{ name: "eth0", networks: [] }],
      random: () => 0,
    })
    if (replay === null) throw new Error(`no rules: ${protect}`)
    this.replay = replay
    this.guard = new CaptureGuard(replay.engine, {
      detect: policy.detect,
      outside: ["eth0"],
      neverBlocked: () => undefined,
      provedOnly: false,
      onFinding: (finding) => score.note(this.capture, finding),
      onBlock: ({ source, why }) =>
        score.blocked.push(`${this.capture}: ${sourceText(source)} is blocked: ${why}`),
      onEnd: () => {},
    })
  }

  /** A capture, on its own time, or so that it begins a second after the one before. */
  async look(path: string, capture: string, time: "its own" | "one after the other"): Promise<void> {
    this.capture = capture
    let behind = 0
    let isFirst = true
    const { packets, diagnostics } = await readCapture(path, (record) => {
      if (time === "one after the other") {
        if (isFirst) behind = this.last === 0 ? 0 : Math.ceil(this.last) + 1 - record.seconds
        isFirst = false
        record.seconds += behind
      }
      const judgement = this.replay.feed(record, "")
      const seconds = record.seconds + record.nanoseconds / 1e9
      this.last = Math.max(this.last, seconds)
      this.guard.take(this.replay.packet, judgement, seconds)
      return undefined
    })
    this.score.packets += packets
    if (packets > 0 || !hasErrors(diagnostics)) this.score.read++
  }

  finish(): void {
    this.guard.finish()
  }
}

for (const [name, protect] of Object.entries(policies)) {
  const alone = new Score()
  for (const capture of captures) {
    const watch = new Watch(protect, alone)
    await watch.look(join(folder, capture), capture, "its own")
    watch.finish()
  }
  alone.print(name)
  const together = new Score()
  const watch = new Watch(protect, together)
  for (const capture of captures) await watch.look(join(folder, capture), capture, "one after the other")
  watch.finish()
  together.print(`${name}, one after the other`)
}
