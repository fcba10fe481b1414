import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"

/** What the nft backend wrote of each case is read without a question, and what is written of that is a normal form: read again, it is the same. */
const cases = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

function read(text: string): Ruleset {
  const { ruleset, diagnostics } = readNft({ path: "nft", text })
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  return ruleset
}

function placeless(ruleset: Ruleset): unknown {
  return JSON.parse(JSON.stringify(ruleset, (key, value) => (key === "origin" ? undefined : value)))
}

test.each(cases)("%s", (name) => {
  const text = readFileSync(join(import.meta.dirname, name, "nft"), "utf8")
  const ruleset = read(text)
  const written = renderNft(ruleset)
  expect(written.diagnostics).toEqual([])
  expect(placeless(read(written.text))).toEqual(placeless(ruleset))
  // Nothing was lost on the way: each line of the rules is there, but for the comments that tell where they come from.
  const lines = (all: string) => all.split("\n").filter((line) => !/^\s*(?:#|$)/.test(line))
  const [before, after] = [lines(text), lines(written.text)]
  expect(after).toHaveLength(before.length)
  expect(before.length).toBeGreaterThan(10)
  // Some rules have a shorter form, which nft lists instead.
  const same = after.filter((line, index) => line === before[index]).length
  expect(same).toBeGreaterThan(0.9 * before.length)
})
