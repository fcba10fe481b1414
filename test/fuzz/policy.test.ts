import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { testEnvironment } from "../../src/core/policy/kinds-fixture.js"
import { lintPolicy } from "../../src/core/policy/lint.js"
import { loadPolicy } from "../../src/core/policy/load.js"
import type { Policy } from "../../src/core/policy/policy.js"
import { printPolicy } from "../../src/core/policy/print.js"
import { protectionKinds } from "../../src/core/policy/protections/index.js"

const folder = join(import.meta.dirname, "corpus/policy")
const corpus = readdirSync(folder)
  .sort()
  .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }))

const environment = testEnvironment({
  "lists/cdn.txt": "198.51.100.0/24\n2001:db8:c::/48\n",
  "lists/drop.txt": "# drop\n203.0.113.0/25 ; x\n",
  "policy.d/a.yaml": "never-block: [198.51.100.1]\n",
})

/** Loads, and holds the loader to its contract: a policy or an error, each with its place; what is printed loads as the same policy. */
function load(text: string): Policy | undefined {
  const { policy, diagnostics } = loadPolicy({ path: "p.yaml", text }, environment)
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  expect(errors.length === 0).toBe(policy !== undefined)
  for (const { span, message } of diagnostics) {
    expect(span?.line).toBeGreaterThan(0)
    expect(span?.column).toBeGreaterThan(0)
    expect(message).not.toMatch(/undefined|\[object|function/)
  }
  if (!policy) return undefined
  lintPolicy(policy, environment.host)
  const printed = printPolicy(policy)
  const again = loadPolicy({ path: "p.yaml", text: printed }, environment)
  expect(again.diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  expect(withoutPlaces(again.policy!)).toEqual(withoutPlaces(policy))
  expect(withoutComments(printPolicy(again.policy!))).toBe(withoutComments(printed))
  return policy
}

function withoutPlaces({ files: _files, ...policy }: Policy): unknown {
  return JSON.parse(JSON.stringify(policy, (key, value) => (key === "origin" ? undefined : value)))
}

function withoutComments(text: string): string {
  return text.replace(/ {2}#.*$/gm, "")
}

describe("the corpus", () => {
  const good = ["gateway.yaml", "shortest.yaml", "web-server.yaml", "windows.yaml"]

  test.each(corpus)("$name", ({ name, text }) => {
    expect(load(text) !== undefined).toBe(good.includes(name))
  })

  test("there is one", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(9)
  })
})

const words = [
  ...[
    "version",
    "include",
    "interfaces",
    "addresses",
    "action",
    "never-block",
    "protect",
    "detect",
    "bypass",
  ],
  ...[
    "wan",
    "lan",
    "auto",
    "preset",
    "default",
    "strong",
    "watch",
    "kura-flooding-protection",
    "outgoing",
    "open",
  ],
  ...[
    "limit",
    "per",
    "ports",
    "for",
    "action",
    "block-for",
    "off",
    "drop",
    "notify",
    "block",
    "source",
    "everyone",
  ],
  ...[
    "100/second burst 50",
    "more than 5 in 300s",
    "300",
    "100..1000/second",
    "5 in 3s",
    "/24",
    "10m",
    "ever",
    "1:30",
  ],
  ...[
    "ssh",
    "22/tcp",
    "8000-8100",
    "80,443",
    "0022",
    "192.0.2.1",
    "2001:db8::",
    "::",
    "0.0.0.0/0",
    "office",
    "office2",
  ],
  ...[
    "file lists/cdn.txt",
    "lists/drop.txt",
    "policy.d/*.yaml",
    "p.yaml",
    "*",
    "*a",
    "&a",
    "<<",
    "~",
    "null",
    "yes",
    "no",
  ],
  ...[
    "in tcp port 80",
    "out on wan",
    "__proto__",
    "constructor",
    "toString",
    "port-scan",
    "which",
    "minimum",
    "lift",
  ],
  ...protectionKinds.flatMap(({ name, aliases, options }) => [
    name,
    ...aliases,
    ...Object.keys(options ?? {}),
  ]),
]

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string() },
)

/** Trees of the language's own words, written as JSON or as words without quotes. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    word,
    fc.dictionary(word, tie("tree"), { maxKeys: 5 }),
    fc.array(tie("tree"), { maxLength: 4 }),
  ),
}))

const policyLike = fc.record({
  interfaces: fc.constantFrom<unknown>({ wan: "auto" }, { wan: "eth0", lan: ["eth1", "br-*"] }, "wan"),
  protect: fc.dictionary(fc.constantFrom("wan", "lan"), fc.dictionary(word, tree, { maxKeys: 6 }), {
    maxKeys: 2,
  }),
  rest: fc.dictionary(
    fc.constantFrom("addresses", "detect", "bypass", "never-block", "action", "include"),
    tree,
    {
      maxKeys: 3,
    },
  ),
})

describe("whatever is written", { timeout: 300_000 }, () => {
  test("trees of words, quoted", () => {
    fc.assert(
      fc.property(tree, (value) => void load(JSON.stringify(value))),
      { numRuns: 300 },
    )
  })

  test("almost policies", () => {
    let loaded = 0
    const property = fc.property(policyLike, fc.boolean(), ({ rest, ...policy }, quoted) => {
      const text = JSON.stringify({ ...policy, ...rest })
      if (load(quoted ? text : text.replaceAll('"', ""))) loaded++
    })
    fc.assert(property, { numRuns: 1000 })
    // The positive control: some are policies, and are printed and loaded again.
    expect(loaded).toBeGreaterThan(10)
  })

  test("good policies with a few changes", () => {
    let loaded = 0
    const seeds = corpus
      .filter(({ name }) => /gateway|web-server|shortest/.test(name))
      .map(({ text }) => text)
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(12),
      insert: fc.option(word),
    })
    const property = fc.property(
      fc.constantFrom(...seeds),
      fc.array(change, { maxLength: 4 }),
      (seed, changes) => {
        let text = seed
        for (const { at, cut, insert } of changes) {
          const index = Math.floor(at * text.length)
          text = text.slice(0, index) + (insert ?? "") + text.slice(index + cut)
        }
        if (load(text)) loaded++
      },
    )
    fc.assert(property, { numRuns: 1000 })
    expect(loaded).toBeGreaterThan(100)
  })

  test("any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void load(text)),
      { numRuns: 500 },
    )
    const signs = fc.constantFrom(..."{}[]:,-?&*!|>'\"%@`#~ \n\t\ra0".split(""))
    const soup = fc.array(signs, { maxLength: 60 }).map((all) => all.join(""))
    fc.assert(
      fc.property(soup, (text) => void load(text)),
      { numRuns: 1000 },
    )
  })
})
