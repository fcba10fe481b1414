/**
 * How often the engine's rules match what the kernel's match.
 *
 *     node scripts/run.mjs scripts/conformance/rule-matches.ts CORPUS [RULE]
 *
 * CORPUS is a folder with captures, labels-rulematch-rules.tsv (id, kind, …, rule, stable) and labels-rulematch-kernel.tsv.gz (pcap, frame, and the ids of the rules that
 * matched; or no-hook, fragment, unstable, skip:WHY). The rules I… stood in the mangle table's PREROUTING of iptables-legacy, the rules N… in an inet chain at -140;
 * for each capture the rules were fresh, the packets came 0.7 ms after one another, and every address was this host's. With RULE (`I47`), each packet on which that
 * rule differs is listed.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { type Diagnostic, printDiagnostic } from "../../src/core/base/diagnostic.js"
import { createEngine, type Engine } from "../../src/core/engine/engine.js"
import { VERDICT_ABSORBED, VERDICT_NONE } from "../../src/core/engine/verdict.js"
import { buildPacket } from "../../src/core/packet/build.js"
import { decode } from "../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import { Packet } from "../../src/core/packet/packet.js"
import type { Ruleset, Table } from "../../src/core/ruleset/ruleset.js"
import { readCapture } from "../../src/linux/capture/read-capture.js"

/** One rule, or all of them together. */
export interface RuleScore {
  /** `I47`, or `all`. */
  readonly id: string
  readonly rule: string
  /** Pairs of a rule and a packet, and those on which engine and kernel agree. */
  readonly compared: number
  readonly same: number
  /** Packets that the kernel's rule matched: a rule that never does proves little. */
  readonly matched: number
}

export interface RuleMatches {
  readonly rules: readonly RuleScore[]
  readonly all: RuleScore
  /** What became of packets before any rule: `no-hook`, `fragment`, or judged. */
  readonly fates: { readonly compared: number; readonly same: number }
  /** Packets on which all rules agree. */
  readonly packets: { readonly compared: number; readonly same: number }
  /** Why rules could not be read. */
  readonly diagnostics: readonly Diagnostic[]
  /** Every difference: `pcap frame rule kernel`, where `kernel` is + (it matched) or -. */
  readonly differences: readonly string[]
}

/** Nanoseconds between two packets. */
const PACE = 700_000

const sets = `set da { type ipv4_addr; size 65535; flags dynamic; }
  set db { type ipv4_addr . inet_service; size 65535; flags dynamic; }
  set dc { type ipv4_addr; size 65535; flags dynamic; }`

/** fe80::/10, of a destination's first word. */
const LINK_LOCAL = 0x3fa
/** 224.0.0.0/4 */
const MULTICAST = 14
/** 224.0.0.1 */
const ALL_HOSTS = 0xe0000001
/** ff02::1 */
const ALL_NODES = 0xff020000

const noForwarding: Table = {
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
}

export async function ruleMatches(corpus: string): Promise<RuleMatches> {
  const rules = readRules(join(corpus, "labels-rulematch-rules.tsv"))
  const { ruleset, diagnostics } = rulesetOf(rules)
  const scores = new Map(rules.map(({ id }) => [id, { compared: 0, same: 0, matched: 0 }]))
  const fates = { compared: 0, same: 0 }
  const packets = { compared: 0, same: 0 }
  const differences: string[] = []
  const hits = new Set<string>()
  for (const [pcap, labels] of readLabels(join(corpus, "labels-rulematch-kernel.tsv.gz"))) {
    const engine = engineOf(ruleset, hits)
    const packet = new Packet()
    sendProbe(engine, packet)
    let frame = 0
    await readCapture(join(corpus, pcap), (record) => {
      frame++
      const label = labels.get(frame)
      if (label === undefined || label.startsWith("skip:")) return undefined
      decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
      packet.time = frame * PACE
      packet.inputInterface = 1
      // The frames were sent to the host's own hardware address.
      packet.linkPacketType = -1
      hits.clear()
      const { verdict } = engine.judge(packet, hasRoute(packet) ? "input" : "forward")
      if (label === "unstable") return undefined
      const fate = verdict === VERDICT_NONE ? "no-hook" : verdict === VERDICT_ABSORBED ? "fragment" : ""
      const isFate = label === "no-hook" || label === "fragment"
      fates.compared++
      if (fate !== (isFate ? label : "")) {
        differences.push(`${pcap} ${frame} ${fate || "judged"} ${isFate ? label : "judged"}`)
        return undefined
      }
      fates.same++
      if (isFate) return undefined
      const kernel = new Set(label.split(","))
      let agrees = true
      for (const { id } of rules) {
        const score = scores.get(id)!
        score.compared++
        if (kernel.has(id)) score.matched++
        if (kernel.has(id) === hits.has(id)) score.same++
        else {
          agrees = false
          differences.push(`${pcap} ${frame} ${id} ${kernel.has(id) ? "+" : "-"}`)
        }
      }
      packets.compared++
      if (agrees) packets.same++
      return undefined
    })
  }
  const scored = rules.map(({ id, rule }) => ({ id, rule, ...scores.get(id)! }))
  const sum = (of: (score: RuleScore) => number) => scored.reduce((total, score) => total + of(score), 0)
  return {
    rules: scored,
    all: {
      id: "all",
      rule: "",
      compared: sum(({ compared }) => compared),
      same: sum(({ same }) => same),
      matched: sum(({ matched }) => matched),
    },
    fates,
    packets,
    diagnostics,
    differences,
  }
}

/** The host had no link-local networks, and had joined no groups but those of all: such packets met the rules, and were dropped behind them. */
function hasRoute({ family, destination0, destination3 }: Packet): boolean {
  if (family === 4) return destination0 >>> 28 !== MULTICAST || destination0 === ALL_HOSTS
  if (destination0 >>> 24 === 0xff) return destination0 === ALL_NODES && destination3 === 1
  return destination0 >>> 22 !== LINK_LOCAL
}

/** Before each capture one packet tried whether the rules were there; limits and counters have it. */
function sendProbe(engine: Engine, packet: Packet): void {
  const bytes = buildPacket({
    source: "192.0.2.77",
    destination: "192.0.2.78",
    udp: { sourcePort: 9, destinationPort: 9 },
    payload: 8,
  })
  decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
  packet.inputInterface = 1
  engine.judge(packet, "input")
}

interface LabelledRule {
  readonly id: string
  readonly rule: string
}

/** The rules whose labels mean something: the kernel counts connections when it gets round to it. */
function readRules(path: string): LabelledRule[] {
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [id = "", , , rule = "", stable] = line.split("\t")
      return stable === "yes" ? [{ id, rule }] : []
    })
}

/** Each rule logs its id. */
function rulesetOf(rules: readonly LabelledRule[]): {
  ruleset: Ruleset
  diagnostics: readonly Diagnostic[]
} {
  const xtables = rules
    .filter(({ id }) => id.startsWith("I"))
    .map(({ id, rule }) => `-A PREROUTING ${rule} -j NFLOG --nflog-group 1 --nflog-prefix ${id}`)
  const nft = rules
    .filter(({ id }) => id.startsWith("N"))
    .map(({ id, rule }) => `${rule} log prefix "${id}" group 1`)
  const old = readIptables({ path: "rules.iptables", text: `*mangle\n${xtables.join("\n")}\nCOMMIT\n` }, 4)
  const text = `table inet labels {\n  ${sets}\n  chain prerouting {\n    type filter hook prerouting priority -140\n    ${nft.join("\n    ")}\n  }\n}\n`
  const young = readNft({ path: "rules.nft", text })
  return {
    ruleset: { tables: [...old.ruleset.tables, ...young.ruleset.tables, noForwarding] },
    diagnostics: [...old.diagnostics, ...young.diagnostics],
  }
}

function engineOf(ruleset: Ruleset, hits: Set<string>): Engine {
  const { engine, diagnostics } = createEngine(ruleset, {
    random: () => 0,
    conntrack: "on",
    settings: { nf_conntrack_checksum: 0 },
    interfaces: [{ name: "eth0", networks: [] }],
    onLog: ({ prefix }) => hits.add(prefix),
  })
  if (engine === null) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return engine
}

function readLabels(path: string): Map<string, Map<number, string>> {
  const labels = new Map<string, Map<number, string>>()
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n").slice(1)
  for (const line of lines) {
    const [pcap = "", frame = "", label = ""] = line.split("\t")
    const byFrame = labels.get(pcap) ?? new Map<number, string>()
    byFrame.set(Number(frame), label)
    labels.set(pcap, byFrame)
  }
  return labels
}

async function main(corpus: string, listed: string | undefined): Promise<void> {
  const { rules, all, fates, packets, diagnostics, differences } = await ruleMatches(corpus)
  for (const diagnostic of diagnostics) process.stdout.write(`${printDiagnostic(diagnostic)}\n`)
  const share = ({ same, compared }: { same: number; compared: number }) =>
    `${same} of ${compared} (${((100 * same) / Math.max(1, compared)).toFixed(3)} %)`
  process.stdout.write(`packets before any rule ${share(fates)}\n`)
  process.stdout.write(`rules and packets       ${share(all)}, ${all.matched} matched\n`)
  process.stdout.write(`packets, all rules      ${share(packets)}\n`)
  for (const score of [...rules].sort(
    (one, other) => one.same - one.compared - (other.same - other.compared),
  ))
    if (score.same < score.compared)
      process.stdout.write(
        `  ${String(score.compared - score.same).padStart(6)} ${score.id.padEnd(4)} ${score.rule}\n`,
      )
  for (const difference of differences)
    if (listed !== undefined && difference.includes(` ${listed} `)) process.stdout.write(`${difference}\n`)
}

if (process.argv[1]?.endsWith("rule-matches.ts")) {
  const [corpus, listed] = process.argv.slice(2)
  if (corpus === undefined) {
    process.stderr.write("usage: rule-matches.ts CORPUS [RULE]\n")
    process.exitCode = 2
  } else await main(corpus, listed)
}
