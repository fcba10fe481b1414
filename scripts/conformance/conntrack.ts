/**
 * How often the engine's conntrack says what the kernel's says.
 *
 * The folder has captures and labels-conntrack-kernel-{loose1,loose0,loose1-nocsum}.tsv.gz, whose columns are: pcap (a path in the folder), frame,
 * ct: NEW, EST_ORIG, EST_REPLY, REL, INVALID, UNTRACKED, fragment (taken in by defragmentation), no-hook (never reached PREROUTING), or skip:WHY. The
 * packets came 0.7 ms after one another, for this host; only link-local unicast destinations had no route there and were dropped behind PREROUTING.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { createEngine, type Engine } from "../../src/core/engine/engine.js"
import type { Settings } from "../../src/core/engine/settings.js"
import { ctStateName, type Judgement, verdictNames } from "../../src/core/engine/verdict.js"
import { decode } from "../../src/core/packet/decode.js"
import { Packet } from "../../src/core/packet/packet.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { readCapture } from "../../src/linux/capture/read-capture.js"
import type { Score, ScoreRow } from "./score.js"

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

export async function conntrackScore(corpus: string): Promise<Score> {
  const rows: ScoreRow[] = []
  const differences: string[] = []
  for (const { name, settings } of worlds) {
    let compared = 0
    let agreed = 0
    for (const [pcap, byFrame] of readLabels(join(corpus, `labels-conntrack-kernel-${name}.tsv.gz`))) {
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
        if (answer === label) agreed++
        else
          differences.push(
            `${label}->${answer} ${name} ${pcap} ${frame} protocol ${packet.protocol} ${judgement.why}`,
          )
        return undefined
      })
    }
    rows.push({ name: settingsText[name]!, agreed, compared })
  }
  return {
    name: "conntrack",
    title: "Conntrack states",
    text: `Which state each packet of other people's captures is in: new, established (in which direction), related, invalid, untracked, taken in by defragmentation, or never shown to a hook. Each capture met an empty table, in three settings.`,
    rows,
    notes: `What is left are captures whose link layer says one IP version around a packet of the other, and fragments cut short, which the labels call fragments.`,
    differences,
  }
}

const settingsText: Readonly<Record<string, string>> = {
  loose1: "as the kernel comes",
  loose0: "`nf_conntrack_tcp_loose=0`",
  "loose1-nocsum": "`nf_conntrack_checksum=0`",
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
