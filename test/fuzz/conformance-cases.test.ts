import { expect, test } from "vitest"
import { writePage } from "../../scripts/conformance/page.js"
import { type Case, caseFromJson, caseToJson } from "../../scripts/conformance/random/case.js"
import { families } from "../../scripts/conformance/random/families.js"
import { shrink } from "../../scripts/conformance/random/shrink.js"
import { percent, type Score } from "../../scripts/conformance/score.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { hasErrors } from "../../src/core/base/diagnostic.js"
import { createEngine } from "../../src/core/engine/engine.js"
import { laboratoryInterfaces } from "../../src/linux/demo/agreement.js"

const SEEDS = Array.from({ length: 20 }, (_, index) => 7000 + index)

for (const { name, make } of families)
  test(`${name}: cases are the same for the same seed, can be written to a file, and have an engine`, () => {
    const rules = new Set<string>()
    let frames = 0
    for (const seed of SEEDS) {
      const one = make(seed)
      const text = caseToJson(one)
      expect(caseToJson(make(seed))).toBe(text)
      expect(caseToJson(caseFromJson(text))).toBe(text)
      const { engine, diagnostics } = createEngine(one.ruleset, {
        random: () => 0,
        interfaces: laboratoryInterfaces,
      })
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
      expect(engine).not.toBeNull()
      frames += one.frames.length
      rules.add(one.loads.map((load) => load.text).join(""))
    }
    // Another seed, other rules: but for styles that offer few choices.
    expect(rules.size).toBeGreaterThan(SEEDS.length * 0.6)
    expect(frames).toBeGreaterThan(SEEDS.length * 60)
  })

test("what the nft cases hold can be said in nft", () => {
  const nft = families.find(({ name }) => name === "nft")!
  const steps = new Map<string, number>()
  for (const seed of SEEDS) {
    const { ruleset } = nft.make(seed)
    expect(hasErrors(renderNft(ruleset).diagnostics)).toBe(false)
    for (const { chains } of ruleset.tables)
      for (const { rules } of chains)
        for (const rule of rules)
          for (const { step } of rule.steps) steps.set(step, (steps.get(step) ?? 0) + 1)
  }
  for (const kind of [
    "compare",
    "lookup",
    "limit",
    "counter",
    "mark",
    "reject",
    "set-update",
    "verdict",
    "verdict-map",
    "log",
    "notrack",
  ])
    expect(steps.get(kind), kind).toBeGreaterThan(0)
})

test("a failing case is made small: the packet and the rule that it takes", () => {
  const nft = families.find(({ name }) => name === "nft")!
  const one = nft.make(7001)
  const frame = one.frames[37]!
  const rules = (from: Case) =>
    from.ruleset.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules))
  const line = rules(one)[5]!.origin.span.line
  let runs = 0
  const small = shrink(
    one,
    (candidate) => {
      runs++
      return (
        candidate.frames.includes(frame) && rules(candidate).some(({ origin }) => origin.span.line === line)
      )
    },
    1000,
  )
  expect(small.frames).toEqual([frame])
  expect(rules(small)).toHaveLength(1)
  expect(runs).toBeLessThan(300)
})

const score = (name: string, agreed: number): Score => ({
  name,
  title: `The ${name}`,
  text: "Text.",
  rows: [{ name: "row", agreed, compared: 1000 }],
  differences: [],
})
const about = { date: "2026-01-02", kernel: "6.18", command: "`command`" }

test("the page keeps the sections that were not measured, in the order of all", () => {
  const order = ["first", "second", "third"]
  const both = writePage("", [score("third", 3), score("first", 1)], order, about)
  const again = writePage(both, [score("second", 2)], order, { ...about, date: "2026-01-03" })
  expect([...again.matchAll(/^## The (\w+)$/gm)].map(([, name]) => name)).toEqual(order)
  expect(again).toContain("| row | 0.10 % | 1 of 1000 |")
  expect(writePage(again, [], order, about)).toBe(again)
})

test("a share is never rounded up to all", () => {
  expect(percent({ agreed: 999_999, compared: 1_000_000 })).toBe("99.999 %")
  expect(percent({ agreed: 9_999_999, compared: 10_000_000 })).toBe("99.999 %")
  expect(percent({ agreed: 7, compared: 7 })).toBe("100.00 %")
  expect(percent({ agreed: 0, compared: 0 })).toBe("–")
})
