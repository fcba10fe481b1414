import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { ruleText } from "../../src/core/backend/iptables/rule-text.js"
import { type Diagnostic, hasErrors, printDiagnostic } from "../../src/core/base/diagnostic.js"
import { percent, type Score } from "./score.js"

interface Counting {
  agreed: number
  compared: number
}

/**
 * How iptables' text is read, by the lists of rules that its own tests have: which load and how iptables-save prints them, and which are refused;
 * and by whole files of which iptables-restore said whether it takes them.
 */
export function iptablesRulesScore(corpus: string): Score {
  const loads: Counting = { agreed: 0, compared: 0 }
  const refuses: Counting = { agreed: 0, compared: 0 }
  const differences: string[] = []
  let others = 0
  const folder = join(corpus, "iptables-ext")
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".t")) continue
    const lines = linesOf(readFileSync(join(folder, name), "utf8"))
    if (/^lib(?:arpt|ebt)_/.test(name)) {
      others += lines.length
      continue
    }
    const family = name.startsWith("libip6t_") ? 6 : 4
    for (const line of lines) {
      const tally = line.isLoaded ? loads : refuses
      const said = difference(line, family)
      tally.compared++
      if (said === undefined) tally.agreed++
      else differences.push(`${name}: ${line.rule}\n    ${said}`)
    }
  }
  return {
    name: "iptables-rules",
    title: "iptables' rules",
    text: "The test rules of iptables' own matches and targets: those that load are read and printed as iptables-save prints them, those that iptables refuses are refused; and files that iptables-restore takes.",
    rows: [
      { name: "read and printed", ...loads },
      { name: "refused", ...refuses },
      { name: "files", ...scoreFiles(corpus, differences) },
    ],
    notes: `${others} lines of arptables and ebtables, which are other programs', are not read.`,
    differences,
  }
}

interface RuleLine {
  readonly table: string
  readonly chains: readonly string[]
  readonly rule: string
  readonly printed: string
  readonly isLoaded: boolean
}

/** `:CHAINS` and `*tables` hold for the lines below; `RULE;PRINTED;OK|FAIL`, where = says that it is printed as it is written. */
function linesOf(text: string): RuleLine[] {
  const found: RuleLine[] = []
  let chains: readonly string[] = []
  let table = "filter"
  for (const line of text.split("\n")) {
    if (line === "" || /^[#%@]/.test(line)) continue
    if (line.startsWith(":")) {
      chains = line.slice(1).trim().split(",")
      continue
    }
    if (line.startsWith("*")) {
      table = line.slice(1).trim().split(",")[0]!
      continue
    }
    const [rule = "", printed = "", result] = line.split(";")
    found.push({
      table,
      chains,
      rule,
      printed: printed === "=" ? rule : printed,
      isLoaded: result?.trim() === "OK",
    })
  }
  return found
}

/** What is not as iptables has it, or undefined. */
function difference({ table, chains, rule, printed, isLoaded }: RuleLine, family: 4 | 6): string | undefined {
  const program = family === 4 ? "iptables" : "ip6tables"
  for (const chain of chains) {
    const { ruleset, diagnostics } = readIptables(
      { path: "rule", text: `${program} -t ${table} -A ${chain} ${rule}` },
      family,
    )
    const isRefused = hasErrors(diagnostics)
    if (!isLoaded) {
      if (isRefused) continue
      return `is read in ${chain}, and iptables refuses it`
    }
    if (isRefused) return `is refused in ${chain}: ${firstError(diagnostics)}`
    const kept = ruleset.tables[0]?.chains.find(({ name }) => name === chain)?.rules[0]
    const text = kept ? ruleText(kept.steps) : undefined
    if (text !== printed.trim()) return `is printed as ${text}\n    and by iptables as ${printed}`
  }
  return undefined
}

function firstError(diagnostics: readonly Diagnostic[]): string {
  const error = diagnostics.find(({ severity }) => severity === "error")
  return error ? printDiagnostic(error).replaceAll("\n", " ") : ""
}

function scoreFiles(corpus: string, differences: string[]): Counting {
  const tally: Counting = { agreed: 0, compared: 0 }
  const seen = new Set<string>()
  for (const line of readFileSync(join(corpus, "labels-rules.tsv"), "utf8").split("\n").slice(1)) {
    const [file = "", tool = "", result = ""] = line.split("\t")
    if (!/^ip6?tables-/.test(tool) || seen.has(file)) continue
    seen.add(file)
    const family = tool.startsWith("ip6") ? 6 : 4
    const { diagnostics } = readIptables(
      { path: file, text: readFileSync(join(corpus, file), "utf8") },
      family,
    )
    tally.compared++
    if (hasErrors(diagnostics) === (result === "reject")) tally.agreed++
    else differences.push(`${file}: iptables says ${result}\n    ${firstError(diagnostics)}`)
  }
  return tally
}

if (process.argv[1]?.endsWith("iptables-rules.ts")) {
  const [corpus] = process.argv.slice(2)
  if (corpus === undefined) {
    process.stderr.write("usage: iptables-rules.ts CORPUS\n")
    process.exit(2)
  }
  const { rows, differences, notes } = iptablesRulesScore(corpus)
  for (const text of differences) process.stdout.write(`${text}\n`)
  for (const row of rows)
    process.stdout.write(`${row.name.padEnd(20)} ${percent(row)} (${row.agreed} of ${row.compared})\n`)
  process.stdout.write(`${notes}\n`)
}
