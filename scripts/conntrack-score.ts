/**
 * How often the engine's conntrack says what the kernel's says.
 *
 *     node scripts/run.mjs scripts/conntrack-score.ts CORPUS [CLASS]
 *
 * CORPUS is a folder with captures and labels-conntrack-kernel-{loose1,loose0,loose1-nocsum}.tsv.gz, whose columns are: pcap (a path in the folder), frame,
 * ct: NEW, EST_ORIG, EST_REPLY, REL, INVALID, UNTRACKED, fragment (taken in by defragmentation), no-hook (never reached PREROUTING), or skip:WHY. The
 * packets came 0.7 ms after one another, for this host; only link-local unicast destinations had no route there and were dropped behind PREROUTING. With
 * CLASS (`INVALID->NEW`), every such difference is listed.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { createEngine, type Engine } from "../src/core/engine/engine.js"
import type { Settings } from "../src/core/engine/settings.js"
import { ctStateName, type Judgement, verdictNames } from "../src/core/engine/verdict.js"
import { decode } from "../src/core/packet/decode.js"
import { Packet } from "../src/core/packet/packet.js"
import type { Ruleset } from "../src/core/ruleset/ruleset.js"
import { readCapture } from "../src/linux/capture/read-capture.js"

const worlds: readonly { readonly name: string; readonly settings: Partial<Settings> }[] = [
  { name: "loose1", settings: {} },
  { name: "loose0", settings: { nf_conntrack_tcp_loose: 0 } },
  { name: "loose1-nocsum", settings: { nf_conntrack_checksum: 0 } },
]

/** The labelled packets came so far apart, in nanoseconds. */
const PACE = 700_000

/** fe80::/10 */
const LINK_LOCAL = 0x3fa

const noForwarding: Ruleset = {
  tables: [
    {
      family: "inet",
      name: "world",
      sets: [],
      chains: [
        {
          name: "forward",
          base: { type: "filter", hook: "forward", priority: 0, policy: "drop" },
          rules: [],
        },
      ],
    },
  ],
}

const [corpus, listed] = process.argv.slice(2)
if (corpus === undefined) {
  process.stderr.write("usage: conntrack-score.ts CORPUS [CLASS]\n")
  process.exit(2)
}

for (const { name, settings } of worlds) {
  const labels = readLabels(join(corpus, `labels-conntrack-kernel-${name}.tsv.gz`))
  const differences = new Map<string, number>()
  let compared = 0
  let same = 0
  for (const [pcap, byFrame] of labels) {
    const engine = newEngine(settings)
    const packet = new Packet()
    let frame = 0
    await readCapture(join(corpus, pcap), (record) => {
      frame++
      const label = byFrame.get(frame)
      if (label === undefined || label.startsWith("skip:")) return undefined
      decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
      packet.time = frame * PACE
      packet.inputInterface = 1
      // The labelled frames were sent to the host's own hardware address.
      packet.linkPacketType = -1
      const isLinkLocal = packet.family === 6 && packet.destination0 >>> 22 === LINK_LOCAL
      const judgement = engine.judge(packet, isLinkLocal ? "forward" : "input")
      const answer = answerOf(judgement)
      compared++
      if (answer === label) same++
      else {
        const difference = `${label}->${answer}`
        differences.set(difference, (differences.get(difference) ?? 0) + 1)
        if (difference === listed)
          process.stdout.write(`${name} ${pcap} ${frame} protocol ${packet.protocol} ${judgement.why}\n`)
      }
      return undefined
    })
  }
  const share = ((100 * same) / compared).toFixed(2)
  process.stdout.write(`${name.padEnd(14)} ${same} of ${compared} (${share} %)\n`)
  for (const [difference, count] of [...differences].sort((left, right) => right[1] - left[1]))
    process.stdout.write(`  ${String(count).padStart(5)} ${difference}\n`)
}

function newEngine(settings: Partial<Settings>): Engine {
  const { engine, diagnostics } = createEngine(noForwarding, {
    random: () => 0,
    conntrack: "on",
    settings,
    interfaces: [{ name: "eth0", networks: [] }],
  })
  if (engine === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return engine
}

function answerOf(judgement: Judgement): string {
  const verdict = verdictNames[judgement.verdict]!
  if (verdict === "absorbed") return "fragment"
  if (verdict === "none") return "no-hook"
  switch (ctStateName(judgement.ctState)) {
    case "new":
      return "NEW"
    case "established":
      return judgement.ctDirection === 0 ? "EST_ORIG" : "EST_REPLY"
    case "related":
      return "REL"
    case "untracked":
      return "UNTRACKED"
    case "invalid":
      return "INVALID"
    default:
      return "none"
  }
}

function readLabels(path: string): Map<string, Map<number, string>> {
  const labels = new Map<string, Map<number, string>>()
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n").slice(1)
  for (const line of lines) {
    const [pcap = "", frame = "", state = ""] = line.split("\t")
    const byFrame = labels.get(pcap) ?? new Map<number, string>()
    byFrame.set(Number(frame), state)
    labels.set(pcap, byFrame)
  }
  return labels
}
