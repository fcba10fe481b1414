import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Diagnostic, printDiagnostic } from "../../base/diagnostic.js"
import { compilePolicy } from "../../policy/compile.js"
import { unknownHost } from "../../policy/environment.js"
import { loadPolicy } from "../../policy/load.js"
import { printDraft } from "../draft.js"
import type { DialectFile, Imported, ImportItem } from "../imported.js"
import { examples } from "./examples-fixture.js"
import { importFirehol } from "./import.js"

const files: Readonly<Record<string, string>> = {
  "lists/bad.txt": "203.0.113.1\n203.0.113.64/26 # a network\n",
  "more.conf": "protection malformed-null\n",
}

function read(text: string, exact = false): Imported {
  const other = (path: string): DialectFile | { id: "unreadable-file"; message: string } =>
    Object.hasOwn(files, path)
      ? { path, text: files[path]! }
      : { id: "unreadable-file", message: `${path} cannot be read` }
  return importFirehol([{ path: "firehol.conf", text }], { exact, read: other })
}

/** The policy that a person would get, loaded; and its mistakes. */
function load({ policy, items }: Imported) {
  const text = printDraft(policy, items, "from firehol.conf")
  const environment = { read: () => ({ problem: "no such file" }), glob: () => [], host: unknownHost }
  const loaded = loadPolicy({ path: "policy.yaml", text }, environment)
  const compiled = loaded.policy && compilePolicy(loaded.policy, unknownHost)
  return { text, loaded, diagnostics: [...loaded.diagnostics, ...(compiled?.diagnostics ?? [])] }
}

const errorsOf = (diagnostics: readonly Diagnostic[]) =>
  diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)

function reported({ items, diagnostics, closed }: Imported): string {
  return [
    ...items.map(printItem),
    ...diagnostics.map(printDiagnostic),
    `before: ${closed.before}`,
    `after: ${closed.after}`,
  ].join("\n")
}

function printItem(item: ImportItem): string {
  const { span, text, owner, ownerDoes, becomes, relation, why, protects, diagnostics } = item
  const lines = [
    `${span.line} ${text}`,
    `  ${owner}: ${ownerDoes}`,
    `  ${relation}${protects ? "" : ", protects nothing"}: ${becomes ?? "nothing"}`,
    ...(why === undefined ? [] : [`  why: ${why}`]),
    ...diagnostics.map(({ id, message }) => `  ${id}: ${message}`),
  ]
  return lines.join("\n")
}

describe("every example", () => {
  for (const [name, text] of Object.entries(examples)) {
    test(`${name}: the whole report, and the policy`, () => {
      const imported = read(text)
      expect(
        `${reported(imported)}\n\n${load(imported).text.split("\n").slice(5).join("\n")}`,
      ).toMatchSnapshot()
    })

    test(`${name}: exactly`, () => {
      const { items, policy } = read(text, true)
      const { text: printed } = load(read(text, true))
      expect(policy).toBeDefined()
      const lines = items
        .filter(({ protects }) => protects)
        .map(({ span, relation, becomes }) => `${span.line} ${relation}: ${becomes ?? "nothing"}`)
      expect(`${lines.join("\n")}\n\n${printed.split("\n").slice(5).join("\n")}`).toMatchSnapshot()
    })

    test(`${name}: the policy loads and compiles`, () => {
      for (const exact of [false, true]) expect(errorsOf(load(read(text, exact)).diagnostics)).toEqual([])
    })
  }
})

/** The ids of the diagnostics of all items. */
const idsOf = (text: string) => [
  ...new Set(read(text).items.flatMap(({ diagnostics }) => diagnostics.map(({ id }) => id))),
]
const wan = (...lines: readonly string[]) =>
  `interface eth0 wan\n${lines.map((line) => `  ${line}\n`).join("")}`

describe("each failure of the tool that a configuration can show has its diagnostic", () => {
  test.each<[string, string, string]>([
    ["quotation marks", wan("protection syn-floods malformed-xmas"), "firehol-unquoted-types"],
    ["behind a group", wan('protection "strong all-floods"'), "firehol-after-group"],
    ["connrate without upto", wan("protection connrate 60/minute"), "firehol-connrate-without-upto"],
    ["src on connlimit", wan("ipv4 protection connlimit 5 src 1.2.3.4"), "firehol-client-parameters"],
    ["an address in both families", wan("protection connlimit 5 src 1.2.3.4"), "firehol-address-family"],
    ["a mask in both families", wan("protection connlimit 10 mask 32"), "firehol-ipv6-mask"],
    [
      "connrate twice",
      wan("protection connrate upto 1/s", "protection connrate upto 2/s"),
      "firehol-connrate-twice",
    ],
    ["one limit for all", wan("protection syn-floods"), "firehol-shared-limit"],
    ["behind an accept", wan("server http accept", "protection syn-floods"), "firehol-hidden-by-accept"],
    [
      "invalid under policy accept",
      wan("policy accept", "protection bad-packets"),
      "firehol-invalid-unchecked",
    ],
    ["a rate that is none", wan("protection syn-floods abc"), "firehol-bad-argument"],
    ["words too many", wan("protection syn-floods 1/s 5 src 1.2.3.4"), "firehol-ignored-words"],
    ["an unknown type", wan("protection bogus"), "firehol-unknown-type"],
    ["a misspelt command", wan("protecton strong"), "firehol-unknown-command"],
    ["a suffix that it does not take", wan("protection4 strong"), "firehol-unknown-command"],
    ["a long name", "interface eth0 a-very-long-name-of-a-thing\n", "firehol-name"],
    ["a name twice", "interface eth0 lan\nrouter lan inface eth0\n", "firehol-name"],
    ["outside", "protection strong\n", "firehol-outside"],
    ["fragments", wan("protection fragments"), "firehol-fragments"],
    ["synproxy's settings", "synproxy input inface eth0 dport 80 accept\n", "firehol-synproxy-settings"],
    ["a log without limit", "blacklist full log BAD 192.0.2.1\n", "firehol-unlimited-log"],
  ])("%s", (_name, text, id) => {
    expect(idsOf(text)).toContain(id)
    // The positive control: a configuration without any failure has none of them.
    expect(idsOf(wan("protection malformed-null", "server ssh accept"))).toEqual([])
  })
})

test("a file that the configuration reads is read, too", () => {
  const { items } = read(wan("source more.conf", "protection invalid"))
  expect(items.map(({ span, text }) => `${span.file}:${span.line} ${text}`)).toEqual([
    "firehol.conf:1 interface eth0 wan",
    "more.conf:1 protection malformed-null",
    "firehol.conf:3 protection invalid",
  ])
})

test("a list that the configuration names is read, too", () => {
  const { policy } = read(
    `ipset4 addfile bad lists/bad.txt\nblacklist4 input ipset:bad\n${wan("policy accept")}`,
  )
  expect(policy["protect"]).toEqual({ wan: { blocklist: ["203.0.113.1", "203.0.113.64/26"] } })
})

describe("whatever stands in the file", () => {
  const words = [
    ..."interface router protection server client route policy group with end eth0 eth1 wan lan any strong bad-packets".split(
      " ",
    ),
    ..."syn-floods connlimit connrate upto above mask src not 192.0.2.1 2001:db8::1 dport 22 proto tcp 10/sec 5 10 reverse".split(
      " ",
    ),
    ..."all accept drop ssh http custom tcp/80 limit recent blacklist full ipset:bad iptrap synproxy input for in do done".split(
      " ",
    ),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: variables of bash
    ..."if then fi case esac while until { } ( ) ; ;; && || | & < > << $x ${x} ${x:-a} $( ` \" ' \\ # = x= x=( A=1 f() function".split(
      " ",
    ),
    "\n",
    "\n  ",
    " ",
  ]
  const text = fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 4 })))
    .map((list) => list.join(" "))

  test("nothing is thrown, every item has its place, and the policy loads", { timeout: 180_000 }, () => {
    fc.assert(
      fc.property(text, fc.boolean(), (configuration, exact) => {
        const imported = read(configuration, exact)
        for (const { span, text: written, ownerDoes } of imported.items) {
          expect(span.line).toBeGreaterThan(0)
          expect(span.column).toBeGreaterThan(0)
          expect(written).not.toBe("")
          expect(ownerDoes).not.toBe("")
          expect(ownerDoes).not.toMatch(/undefined|\[object/)
        }
        expect(errorsOf(load(imported).diagnostics)).toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  test.each<[string, string]>([
    ["variables that double themselves", `a=aaaaaaaaaa\n${"a=$a$a\n".repeat(60)}protection $a\n`],
    ["loops in loops", `${"for x in 1 2 3 4 5 6 7 8 9; do ".repeat(12)}echo $x; ${"done; ".repeat(12)}`],
    ["functions that call themselves", "f() { f; f; }\nf\n"],
    ["files that read themselves", "source more.conf\n".repeat(300)],
    ["brackets without end", "( { if ".repeat(5000)],
    ["long lines", `protection ${"strong ".repeat(50_000)}\n`],
  ])("%s end", (_name, configuration) => {
    const begun = Date.now()
    expect(Array.isArray(read(configuration).items)).toBe(true)
    expect(Date.now() - begun).toBeLessThan(10_000)
  })
})
