import { readFileSync } from "node:fs"
import { join } from "node:path"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { parseAddress, printAddress } from "../../src/core/base/address.js"
import { type Diagnostic, printDiagnostic } from "../../src/core/base/diagnostic.js"
import { hostPrefix } from "../../src/core/base/prefix.js"
import { createEngine, type Engine, type Path } from "../../src/core/engine/engine.js"
import { ruleReference } from "../../src/core/engine/reference.js"
import { ctStateName, type Judgement, verdictNames } from "../../src/core/engine/verdict.js"
import { decode } from "../../src/core/packet/decode.js"
import { Packet } from "../../src/core/packet/packet.js"
import { parseScript, type ScriptPacket } from "../../src/core/packet/script.js"
import { compilePolicy } from "../../src/core/policy/compile.js"
import { loadPolicy } from "../../src/core/policy/load.js"
import type { HostFacts } from "../../src/core/policy/policy.js"
import { printRuleset } from "../../src/core/ruleset/print.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { formatTable } from "../../src/linux/cli/text.js"

const own = ["198.51.100.1", "2001:db8::1", "fe80::1:1"].map((text) => parseAddress(text)!)

/** The host of every case: eth0 leads outside, eth1 to 10.1.0.0/16. */
const host: HostFacts = {
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  addresses: own.map(hostPrefix),
  listening: [22, 80, 443].map((port) => ({ protocol: "tcp", range: { from: port, to: port } })),
  ingressDevices: ["eth0", "eth1"],
  egress: true,
}

const inside = { address: parseAddress("10.1.0.0")!, length: 16 }

export interface CaseResult {
  readonly ruleset: string
  readonly nft: string
  readonly verdicts: string
  /** Errors and warnings of any stage; a case has none. */
  readonly problems: string
}

/** Every stage of the folder: policy, ruleset, nft text, packets, verdicts. */
export function runCase(folder: string): CaseResult {
  const text = (name: string) => readFileSync(join(folder, name), "utf8")
  const problems: Diagnostic[] = []
  const loaded = loadPolicy(
    { path: "policy.yaml", text: text("policy.yaml") },
    {
      read: (path) => ({ text: text(path) }),
      glob: () => [],
      host,
    },
  )
  problems.push(...loaded.diagnostics)
  if (!loaded.policy) return failed(problems)
  const { ruleset, diagnostics } = compilePolicy(loaded.policy, host)
  const nft = renderNft(ruleset)
  const script = parseScript(text("packets"), "packets")
  problems.push(...diagnostics, ...nft.diagnostics, ...script.diagnostics)
  const verdicts = judgeAll(ruleset, script.packets, text("packets"), problems)
  return { ruleset: printRuleset(ruleset), nft: nft.text, verdicts, problems: printed(problems) }
}

function failed(problems: readonly Diagnostic[]): CaseResult {
  return { ruleset: "", nft: "", verdicts: "", problems: printed(problems) }
}

/** Lints are opinions: what a case shows on purpose may have some. */
function printed(problems: readonly Diagnostic[]): string {
  return problems
    .filter(({ severity }) => severity !== "lint")
    .map(printDiagnostic)
    .join("\n")
}

/** The script again, each packet behind its verdict, its connection's state, and the policy line that decided. */
function judgeAll(
  ruleset: Ruleset,
  packets: readonly ScriptPacket[],
  script: string,
  problems: Diagnostic[],
): string {
  const listed = new Map<string, string>()
  const told: string[] = []
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: [
      { name: "eth0", networks: ["default"] },
      { name: "eth1", networks: [inside] },
    ],
    local: own,
    random: () => 0,
    onLog: ({ prefix }) => told.push(prefix),
    onSetAdd(_table, set, words, expires, run, rule) {
      if (set.keeps !== "ledger") return
      const source = printAddress({ family: words.length === 1 ? 4 : 6, words: [...words] })
      const until = Number.isFinite(expires) ? `${expires / 1e9} s` : "ever"
      const line = `  ${source} from ${run.now / 1e9} s until ${until} for ${rule.origin.protection}\n`
      if (!listed.has(source)) listed.set(source, line)
    },
  })
  problems.push(...diagnostics)
  if (!engine) return ""
  const byLine = groupByLine(packets)
  const rows: string[][] = []
  let number = 0
  for (const [index, line] of script.trimEnd().split("\n").entries()) {
    const group = byLine.get(index + 1)
    if (!group) {
      rows.push([line])
      continue
    }
    for (const [at, run] of runsOf(
      group.map((packet) => describe(engine, judge(engine, packet), told.splice(0))),
    ).entries()) {
      const first = number + 1
      number += run.length
      rows.push([
        first === number ? `${first}` : `${first}-${number}`,
        ...run.what,
        at === 0 ? group[0]!.text : '"',
      ])
    }
  }
  const table = formatRows(rows)
  return listed.size === 0 ? table : `${table}\nblocked\n${[...listed.values()].join("")}`
}

const packet = new Packet()

function judge(
  engine: Engine,
  { bytes, linkType, time, inputInterface, outputInterface }: ScriptPacket,
): Judgement {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  decode(packet, view, 0, bytes.length, bytes.length, linkType)
  packet.time = time
  packet.inputInterface = inputInterface === "" ? 0 : engine.interfaces.index(inputInterface)
  packet.outputInterface = outputInterface === "" ? 0 : engine.interfaces.index(outputInterface)
  const path: Path = inputInterface === "" ? "output" : outputInterface === "" ? "input" : "forward"
  return engine.judge(packet, path)
}

/** `drop`, `new`, `policy.yaml:6 syn-floods`. */
function describe(engine: Engine, judgement: Judgement, told: readonly string[]): readonly string[] {
  const reference = ruleReference(engine, judgement.chain, judgement.rule)
  const origin = reference?.origin
  const rule = origin ? `${origin.file}:${origin.line} ${origin.protection ?? origin.text}` : "-"
  const why = judgement.why === "" ? "" : ` (${judgement.why})`
  // What was dropped is told too, but sampled: told of here is what went on.
  const notices = told.filter((prefix) => prefix.includes(" notify")).map((prefix) => `, told "${prefix}"`)
  return [
    verdictNames[judgement.verdict]!,
    ctStateName(judgement.ctState) ?? "-",
    rule + why + notices.join(""),
  ]
}

interface Same {
  readonly what: readonly string[]
  length: number
}

function runsOf(descriptions: readonly (readonly string[])[]): Same[] {
  const runs: Same[] = []
  for (const what of descriptions) {
    const last = runs.at(-1)
    if (last && last.what.join() === what.join()) last.length++
    else runs.push({ what, length: 1 })
  }
  return runs
}

function formatRows(rows: readonly (readonly string[])[]): string {
  const packets = rows.filter((row) => row.length > 1)
  const columns = [
    { title: "", align: "right" as const },
    ...Array.from({ length: 4 }, () => ({ title: "" })),
  ]
  const lines = formatTable(columns, packets).split("\n")
  return `${rows.map((row) => (row.length > 1 ? lines.shift() : row[0])).join("\n")}\n`
}

function groupByLine(packets: readonly ScriptPacket[]): Map<number, ScriptPacket[]> {
  const groups = new Map<number, ScriptPacket[]>()
  for (const each of packets) groups.set(each.span.line, [...(groups.get(each.span.line) ?? []), each])
  return groups
}
