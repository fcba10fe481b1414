/**
 * Whether nft's text and nft's JSON of the same ruleset are read as the same: each `NAME.nft` in the folder against `NAME.json-nft` beside it.
 *
 *     node scripts/run.mjs scripts/conformance/nft-twins.ts CORPUS
 *
 * Where they come from does not count, nor what one of the two notations cannot say: JSON has no words of `typeof`, and forgets the flag dynamic.
 */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { readNft, readNftJson } from "../../src/core/backend/nft/read/read.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { hasErrors, printDiagnostic } from "../../src/core/base/diagnostic.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import type { Score } from "./score.js"

export function nftTwinsScore(corpus: string): Score {
  const folder = join(corpus, "nft-shell")
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()
  const known = new Set(files)
  const differences: string[] = []
  let texts = 0
  let textsRead = 0
  let twins = 0
  let twinsRead = 0
  let alike = 0
  let again = 0
  const note = (what: string, file: string, more: string) => differences.push(`${what} ${file}: ${more}`)
  for (const file of files) {
    if (!file.endsWith(".nft")) continue
    texts++
    const text = readNft({ path: file, text: readFileSync(join(folder, file), "utf8") })
    const error = text.diagnostics.find(({ severity }) => severity === "error")
    if (error) note("text", file, printDiagnostic(error))
    else textsRead++
    const rendered = renderNft(text.ruleset)
    const second = readNft({ path: file, text: rendered.text })
    const lost = difference(text.ruleset, second.ruleset)
    if (lost === undefined && !hasErrors(rendered.diagnostics) && !hasErrors(second.diagnostics)) again++
    else {
      const wrong = [...rendered.diagnostics, ...second.diagnostics].find(
        ({ severity }) => severity === "error",
      )
      note("again", file, wrong ? printDiagnostic(wrong) : lost!)
    }
    const twin = file.replace(/\.nft$/, ".json-nft")
    if (!known.has(twin)) continue
    twins++
    const json = readNftJson({ path: twin, text: readFileSync(join(folder, twin), "utf8") })
    const jsonError = json.diagnostics.find(({ severity }) => severity === "error")
    if (jsonError) note("json", twin, printDiagnostic(jsonError))
    else twinsRead++
    const found = difference(text.ruleset, json.ruleset)
    if (found === undefined) alike++
    else note("twins", file, found)
  }
  return {
    name: "nft-twins",
    title: "nft's text and its JSON",
    text: "Rulesets of nft's own tests, as text and as JSON: both are read, both give the same ruleset, and what is written of it is read as the same again.",
    rows: [
      { name: "text read", agreed: textsRead, compared: texts },
      { name: "JSON read", agreed: twinsRead, compared: twins },
      { name: "text and JSON alike", agreed: alike, compared: twins },
      { name: "written and read again", agreed: again, compared: texts },
    ],
    differences,
  }
}

/** The first place where two rulesets are not the same, or undefined. */
function difference(left: Ruleset, right: Ruleset): string | undefined {
  const [a, b] = [JSON.stringify(plain(left), undefined, 1), JSON.stringify(plain(right), undefined, 1)]
  if (a === b) return undefined
  const [ours, theirs] = [a.split("\n"), b.split("\n")]
  const at = ours.findIndex((line, index) => line !== theirs[index])
  const around = (lines: readonly string[]) =>
    lines
      .slice(Math.max(0, at - 3), at + 3)
      .map((line) => line.trim())
      .join(" ")
  return `${around(ours)}  ≠  ${around(theirs)}`
}

const placeless = new Set(["origin", "typeof"])

/** Without places, the entries of objects in order, tables and chains by name: JSON lists them in another order. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value)
    .filter(([name]) => !placeless.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, isNamed(name) ? sorted(plain(inner)) : plain(inner)])
  return Object.fromEntries(entries)
}

function isNamed(name: string): boolean {
  return name === "chains" || name === "sets" || name === "objects" || name === "flowtables"
}

function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  const nameOf = (each: unknown) => `${(each as { name?: string }).name} ${(each as { kind?: string }).kind}`
  return value.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

if (basename(process.argv[1] ?? "").startsWith("nft-twins.") && process.argv[2] !== undefined) {
  const { rows, differences } = nftTwinsScore(process.argv[2])
  for (const line of differences) process.stdout.write(`${line}\n`)
  for (const { name, agreed, compared } of rows) process.stdout.write(`${name}: ${agreed} of ${compared}\n`)
}
