import * as fc from "fast-check"
import { expect, test } from "vitest"
import { devices, usualPools } from "../../scripts/conformance/random/pools.js"
import { rulesets } from "../../scripts/conformance/random/rulesets.js"
import { readNft, readNftJson } from "../../src/core/backend/nft/read/read.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import type { ReadRules } from "../../src/core/backend/read-rules.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import type { Rule, Ruleset } from "../../src/core/ruleset/ruleset.js"
import { createNamespace } from "../../src/linux/host/namespace/namespace.js"
import { needsKernel } from "./support/kernel-test.js"

/** Random rulesets, written, read and written again, by us and by the kernel's own tool: all say the same. */

const SEED = 20260727
const RULESETS = 40

const samples = fc.sample(rulesets({ pools: usualPools, timed: false, counting: false }), {
  seed: SEED,
  numRuns: RULESETS,
})

function read({ ruleset, diagnostics }: ReadRules): Ruleset {
  expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
  return ruleset
}

const readText = (text: string) => read(readNft({ path: "rules.nft", text }))

/** What nft 1.0.6 does not tell in JSON: which sets rules may change, by which expressions a set is declared, at which devices a chain stands. */
const forgotten: ReadonlySet<string> = new Set(["dynamic", "typeof", "devices"])

/** Without places; elements of sets and devices in an order of their own, for the kernel lists them in any. */
function plain(ruleset: object, without: ReadonlySet<string> = new Set()): unknown {
  return JSON.parse(
    JSON.stringify(ruleset, (name, value) => {
      if (name === "origin" || without.has(name)) return undefined
      if (name === "flags" && Array.isArray(value)) return value.filter((flag) => !without.has(flag))
      return name === "elements" || name === "devices" ? sorted(value) : value
    }),
  )
}

function sorted(elements: readonly unknown[]): readonly unknown[] {
  return elements.map((each) => JSON.stringify(each)).sort()
}

test("what is written of a random ruleset is read as the same, and written as the same", () => {
  let rules = 0
  for (const ruleset of samples) {
    const { text, diagnostics } = renderNft(ruleset)
    expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
    // What the generator makes need not be in nft's normal form; what was read once is.
    const normal = readText(text)
    const again = renderNft(normal).text
    const second = readText(again)
    expect(plain(second)).toEqual(plain(normal))
    expect(renderNft(second).text).toBe(again)
    for (const { chains } of normal.tables) rules += chains.flatMap((chain) => chain.rules).length
  }
  expect(rules).toBeGreaterThan(RULESETS * 3)
})

/**
 * nft 1.0.6 lists some rules as others: neighbouring fields compared with `>=` and `<=` as one range, `th dport` behind a question for ICMP as its checksum, a reject of
 * both families as one of the family at hand. What it lists is what anybody reads.
 */
const listedOtherwise = 0.02

test("the kernel's listing of a random ruleset is read as the ruleset, as text and as JSON", (context) => {
  needsKernel(context)
  let rules = 0
  const otherwise: string[] = []
  const differences: string[] = []
  for (const ruleset of samples) {
    const { written, text, json } = listings(renderNft(ruleset).text)
    expect(shapeOf(text)).toEqual(shapeOf(written))
    expect(shapeOf(json)).toEqual(shapeOf(text))
    const pairs = rulesOf(written)
    const [fromText, fromJson] = [rulesOf(text), rulesOf(json)]
    expect([fromText.length, fromJson.length]).toEqual([pairs.length, pairs.length])
    for (const [index, rule] of pairs.entries()) {
      rules++
      const listed = fromText[index]!
      if (stepsOf(listed) !== stepsOf(rule)) otherwise.push(listed.origin.text)
      else if (stepsOf(fromJson[index]!) !== stepsOf(listed)) differences.push(listed.origin.text)
    }
  }
  expect(differences).toEqual([])
  expect(rules).toBeGreaterThan(RULESETS * 3)
  expect(otherwise.length).toBeLessThan(rules * listedOtherwise)
})

/** What is read of a text, and of the two listings of the kernel that has loaded it. */
function listings(text: string): Readonly<Record<"written" | "text" | "json", Ruleset>> {
  const namespace = createNamespace()
  try {
    // Chains at a device want it to be there.
    for (const device of devices) namespace.run("ip", ["link", "add", device, "type", "veth"])
    namespace.run("nft", ["-f", "-"], { input: text })
    const list = namespace.run("nft", ["list", "ruleset"]).stdout
    const json = namespace.run("nft", ["-j", "list", "ruleset"]).stdout
    return {
      written: readText(text),
      text: readNft({ path: "list", text: list }).ruleset,
      json: readNftJson({ path: "json", text: json }).ruleset,
    }
  } finally {
    namespace.close()
  }
}

function rulesOf({ tables }: Ruleset): readonly Rule[] {
  return tables.flatMap(({ chains }) =>
    chains.toSorted((one, other) => (one.name < other.name ? -1 : 1)).flatMap((chain) => chain.rules),
  )
}

function stepsOf({ steps, comment }: Rule): string {
  return JSON.stringify([steps, comment])
}

/** All but the rules, chains by name: JSON lists them in another order. */
function shapeOf({ tables }: Ruleset): unknown {
  const bare = tables.map((table) => ({
    ...table,
    chains: table.chains
      .map((chain) => ({ ...chain, rules: chain.rules.length }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
  }))
  return plain({ tables: bare }, forgotten)
}
