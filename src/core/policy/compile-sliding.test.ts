import fc from "fast-check"
import { expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import { host } from "../dialect/dialect-fixture.js"
import { engineOf, judgeScript } from "../engine/engine-fixture.js"
import { compilePolicy } from "./compile.js"
import { loadPolicy } from "./load.js"

function compile(setting: string) {
  const text = `interfaces: { wan: [eth0] }\nprotect: { wan: { port-floods: { ssh: ${setting} } } }\n`
  const environment = { read: () => ({ text: "" }), glob: () => [], host }
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return compilePolicy(policy, host)
}

interface Attempt {
  readonly milliseconds: number
  readonly source: string
}

function judged(setting: string, attempts: readonly Attempt[]): string {
  const script = attempts.map(
    ({ milliseconds, source }, index) =>
      `@${milliseconds}ms ${source}:${1024 + index} > ${source.includes("[") ? "[2001:db8:1::1]" : "198.51.100.1"}:22 S`,
  )
  const lines = judgeScript(engineOf(compile(setting).ruleset), script.join("\n"))
  return lines.map((line) => (line.startsWith("accept") ? "." : "x")).join("")
}

/** The rule as its manual has it: stamps in a list. */
function expected(limit: number, window: number, attempts: readonly Attempt[]): string {
  const stamps = new Map<string, number[]>()
  let text = ""
  for (const { milliseconds, source } of attempts) {
    const own = stamps.get(source) ?? []
    const isLate = own.filter((stamp) => milliseconds - stamp < window).length >= limit
    own.push(...new Array<number>(isLate ? 2 : 1).fill(milliseconds))
    stamps.set(source, own)
    text += isLate ? "x" : "."
  }
  return text
}

test("a list of stamps says the same, for every limit", () => {
  const attempt = fc.record({
    gap: fc.integer({ min: 1, max: 800 }),
    source: fc.constantFrom("192.0.2.1", "192.0.2.2", "[2001:db8::1]"),
  })
  let dropped = 0
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(attempt, { minLength: 5, maxLength: 60 }),
      (limit, all) => {
        let milliseconds = 0
        const attempts = all.map(({ gap, source }) => {
          milliseconds += gap
          return { milliseconds, source }
        })
        const verdicts = judged(`{ limit: more than ${limit} in 3s, action: drop, lift: sliding }`, attempts)
        // Stamps of the same millisecond as the window's end are as old in the one as in the other.
        expect(verdicts).toBe(expected(limit, 3000, attempts))
        dropped += verdicts.split("x").length - 1
      },
    ),
    { numRuns: 100 },
  )
  expect(dropped).toBeGreaterThan(100)
})

test("hosts of `for` have a window of their own, and `off` has none", () => {
  const setting =
    "{ limit: more than 1 in 3s, action: drop, lift: sliding, for: { 192.0.2.1: more than 2 in 3s, 192.0.2.2: off } }"
  const burst = (source: string) => new Array<Attempt>(4).fill({ milliseconds: 5, source })
  expect(["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((source) => judged(setting, burst(source)))).toEqual([
    "..xx",
    "....",
    ".xxx",
  ])
})

test("with notify nothing is dropped, with block who was dropped is kept out of everything", () => {
  const burst = new Array<Attempt>(4).fill({ milliseconds: 5, source: "192.0.2.1" })
  const setting = (action: string) => `{ limit: more than 2 in 3s, action: ${action}, lift: sliding }`
  expect(judged(setting("notify"), burst)).toBe("....")
  expect(judged(setting("block"), [...burst, { milliseconds: 9000, source: "192.0.2.1" }])).toBe("..xxx")
})

test("more attempts than are remembered are a mistake", () => {
  const { diagnostics } = compile("{ limit: more than 33 in 3s, lift: sliding }")
  expect(diagnostics.map(({ id, severity }) => [id, severity])).toEqual([["window-too-long", "error"]])
})
