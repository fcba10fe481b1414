/**
 * How nft's own test rules are read: those that load are printed as nft lists them, those that must fail are refused.
 *
 *     node scripts/run.mjs scripts/conformance/nft-rules.ts CORPUS [WORD]
 *
 * The folder has nft-py/{ip,ip6,inet,any}/*.t, whose lines are: `:chain;type … hook …`, `*family;table;chains`, `!set type …;ok`, `?set elements;ok`, `%object type …;ok`,
 * `rule;ok[;as it is listed]` and `rule;fail`. A rule counts once for each of the families ip, ip6 and inet that its file names.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { hasErrors, printDiagnostic } from "../../src/core/base/diagnostic.js"
import { writerWith } from "../../src/core/ruleset/kinds.js"
import type { Rule } from "../../src/core/ruleset/ruleset.js"
import type { Score } from "./score.js"

const families = ["ip", "ip6", "inet"] as const
type Family = (typeof families)[number]

interface TestTable {
  readonly family: Family
  readonly name: string
  readonly chains: readonly string[]
}

interface Count {
  agreed: number
  compared: number
}

interface Counts {
  readonly loaded: Count
  readonly refused: Count
}

/** What nft's tests list protocols as. */
const writer = writerWith({ numericProtocols: true, newest: true })

export function nftRulesScore(corpus: string): Score {
  const counts = new Map<Family, Counts>(
    families.map((family) => [
      family,
      { loaded: { agreed: 0, compared: 0 }, refused: { agreed: 0, compared: 0 } },
    ]),
  )
  const differences: string[] = []
  for (const folder of ["ip", "ip6", "inet", "any"]) {
    const path = join(corpus, "nft-py", folder)
    if (!existsSync(path)) throw new Error(`${path} is not there`)
    for (const file of readdirSync(path).sort())
      if (file.endsWith(".t"))
        readTest(`${folder}/${file}`, readFileSync(join(path, file), "utf8"), counts, differences)
  }
  return {
    name: "nft-rules",
    title: "nft's rules",
    text: "nft's own test rules in the families ip, ip6 and inet: those that load are read and printed as nft lists them, those that nft refuses are refused.",
    rows: families.flatMap((family) => {
      const { loaded, refused } = counts.get(family)!
      return [
        { name: `${family}: read and printed`, ...loaded },
        { name: `${family}: refused`, ...refused },
      ]
    }),
    differences,
  }
}

/** What a file has declared so far, as commands, for one table. */
interface Setting {
  readonly table: TestTable
  readonly declarations: string[]
}

function readTest(
  name: string,
  text: string,
  counts: ReadonlyMap<Family, Counts>,
  differences: string[],
): void {
  const chains = new Map<string, string>()
  const settings: Setting[] = []
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#") || line.startsWith("- ")) continue
    if (line.startsWith(":")) {
      const [chain, type] = line.slice(1).split(";")
      chains.set(chain!, type!)
    } else if (line.startsWith("*")) {
      const [family, table, list] = line.slice(1).split(";")
      const known = families.find((each) => each === family)
      if (known) settings.push(newSetting({ family: known, name: table!, chains: list!.split(",") }, chains))
    } else {
      for (const setting of settings)
        judge(`${name}:${index + 1}`, line, setting, counts.get(setting.table.family)!, differences)
    }
  }
}

function newSetting(table: TestTable, chains: ReadonlyMap<string, string>): Setting {
  const { family, name } = table
  const declarations = [
    `add table ${family} ${name}`,
    ...table.chains.map((chain) => `add chain ${family} ${name} ${chain} { ${chains.get(chain)}; }`),
  ]
  return { table, declarations }
}

function judge(place: string, line: string, setting: Setting, counts: Counts, differences: string[]): void {
  const parts = /^(.*?);(ok|fail)(?:;(.*))?$/.exec(line)
  if (!parts) return
  const [, written, outcome, listed] = parts as unknown as [string, string, "ok" | "fail", string | undefined]
  const { table, declarations } = setting
  const declaration = declarationOf(written, table)
  const commands = declaration === undefined ? rulesOf(written, table) : [declaration]
  const { ruleset, diagnostics } = readNft({
    path: place,
    text: `${[...declarations, ...commands].join("\n")}\n`,
  })
  const isRefused = hasErrors(diagnostics)
  const note = (what: string) => differences.push(`${table.family} ${place}: ${written}\n    ${what}`)
  const firstError = diagnostics.find(({ severity }) => severity === "error")
  if (outcome === "fail") {
    counts.refused.compared++
    if (isRefused) counts.refused.agreed++
    else note("must be refused, and is read")
    return
  }
  counts.loaded.compared++
  if (firstError) {
    note(`refused: ${printDiagnostic(firstError)}`)
    return
  }
  if (declaration !== undefined) {
    declarations.push(declaration)
    counts.loaded.agreed++
    return
  }
  const rules = ruleset.tables[0]?.chains.map((chain) => chain.rules.at(-1)) ?? []
  const wanted = normal(listed ?? written)
  const wrong = rules
    .map((rule) => normal(rule ? printRule(rule) : "(nothing)"))
    .find((text) => text !== wanted)
  if (wrong === undefined) counts.loaded.agreed++
  else note(`${wanted}\n    ${wrong}`)
}

/** Sets, their elements and named objects, as commands; undefined: it is a rule. */
function declarationOf(written: string, { family, name }: TestTable): string | undefined {
  const [word = "", ...rest] = written.slice(1).split(" ")
  const where = `${family} ${name} ${word}`
  if (written.startsWith("!")) {
    const declared = rest.join(" ").replace(/ (timeout|flags) /g, "; $1 ")
    return `add ${/ : /.test(declared) ? "map" : "set"} ${where} { ${declared}; }`
  }
  if (written.startsWith("?")) return `add element ${where} { ${rest.join(" ")} }`
  if (!written.startsWith("%")) return undefined
  const [, kind = "", ...specification] = rest
  const type = kind === "ct" ? `${kind} ${specification.shift()}` : kind
  return `add ${type} ${where} ${specification.join(" ")}`
}

function rulesOf(written: string, { family, name, chains }: TestTable): string[] {
  return chains.map((chain) => `add rule ${family} ${name} ${chain} ${written}`)
}

function printRule(rule: Rule): string {
  return rule.steps
    .map((step) => {
      const text = writer.step(step)
      return typeof text === "string" ? text : `<${text.unsupported}>`
    })
    .join(" ")
}

/** Without what nft's tests do not look at: spaces, and the order of a set's elements. */
function normal(text: string): string {
  const spaced = text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\s*([{},])\s*/g, "$1")
    .replaceAll(/\s*:\s+(?=[a-z0-9"])/g, " : ")
    .trim()
  return spaced
    .replaceAll(/\{([^{}]*)\}/g, (_, inner: string) => {
      const elements = inner.split(",").map((element) =>
        element
          .trim()
          .replaceAll(/\s*: ?/g, ":")
          .replaceAll(/\s*-\s*/g, "-"),
      )
      return ` { ${elements.sort().join(", ")} } `
    })
    .replaceAll(/ +/g, " ")
    .trim()
}

if (process.argv[1]?.includes("nft-rules")) {
  const [corpus, word = ""] = process.argv.slice(2)
  if (corpus === undefined) {
    process.stderr.write("usage: node scripts/run.mjs scripts/conformance/nft-rules.ts CORPUS [WORD]\n")
    process.exit(2)
  }
  const score = nftRulesScore(corpus)
  for (const difference of score.differences)
    if (difference.includes(word)) process.stdout.write(`${difference}\n`)
  for (const { name, agreed, compared } of score.rows)
    process.stdout.write(`${name}: ${agreed} of ${compared} (${((100 * agreed) / compared).toFixed(2)} %)\n`)
}
