import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { canonicalSteps } from "../../src/core/backend/nft/canonical.js"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import { stepsToText } from "../../src/core/ruleset/kinds.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"

/** What is rendered of every case is read back: the text as the same text, and the rules as the same steps. */

const folder = import.meta.dirname
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

function read(text: string): Ruleset {
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text })
  expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
  return ruleset
}

/** Rules without where they come from. */
function stepsOf(ruleset: Ruleset) {
  return ruleset.tables.map(({ family, name, sets, chains }) => ({
    family,
    name,
    sets: sets.map(({ origin: _, elements, ...set }) => ({ ...set, elements })),
    chains: chains.map((chain) => ({
      name: chain.name,
      base: chain.base,
      rules: chain.rules.map(({ steps, comment }) => ({ steps, comment })),
    })),
  }))
}

test("there are cases", () => expect(cases.length).toBeGreaterThan(10))

test.each(cases)("%s", (name) => {
  const written = readFileSync(join(folder, name, "nft"), "utf8")
  const first = read(written)
  const rendered = renderNft(first)
  expect(rendered.diagnostics.map(printDiagnostic)).toEqual([])
  const second = read(rendered.text)
  expect(stepsOf(second)).toEqual(stepsOf(first))
  expect(renderNft(second).text).toBe(rendered.text)
  // The text that was written says the same, but for what the normal form leaves out and puts in order.
  const table = first.tables[0]!
  for (const chain of table.chains) {
    for (const { steps } of chain.rules) {
      const normal = canonicalSteps(steps, {
        family: table.family,
        set: (set) => table.sets.find((each) => each.name === set),
      })
      expect(stepsToText(normal)).toBe(stepsToText(steps))
    }
  }
})
