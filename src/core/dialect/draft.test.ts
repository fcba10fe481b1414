import * as fc from "fast-check"
import { expect, test } from "vitest"
import { unknownHost } from "../policy/environment.js"
import { loadPolicy } from "../policy/load.js"
import { Report } from "../policy/report.js"
import type { Node } from "../policy/tree.js"
import { readYaml } from "../policy/yaml.js"
import { printDraft } from "./draft.js"
import type { Draft, DraftMap, ImportItem } from "./imported.js"

const host = { ...unknownHost, defaultInterfaces: ["eth0"], defaultRoutes: 1, ingressDevices: ["eth0"] }
const environment = { read: () => ({ text: "192.0.2.1\n" }), glob: () => [], host }

function item(line: number, becomes: string | null): ImportItem {
  const span = { file: "old.conf", line, column: 1 }
  return {
    ...{ span, text: "x", owner: "works", ownerDoes: "It works.", becomes },
    ...{ relation: "same", protects: true, diagnostics: [] },
  }
}

const policy: DraftMap = {
  bypass: ["in from 192.0.2.1,192.0.2.2", "out tcp port 80"],
  protect: {
    wan: {
      outgoing: { fragments: "drop" },
      "syn-floods": {
        for: { "2001:db8::/32": "off", cdn: "1000/second burst 2000" },
        per: "source",
        limit: "100/second burst 50",
      },
      "port-floods": Object.fromEntries(
        [22, 25, 80, 443].map((port) => [
          `${port}/tcp`,
          { limit: "more than 5 in 300s", lift: "until-quiet", action: "drop", "block-for": "300s" },
        ]),
      ),
      open: ["ssh", "8000-8010/tcp"],
      preset: "default",
    },
  },
  "never-block": ["cdn", "2001:db8::", "192.0.2.0/24"],
  addresses: { cdn: "file lists/cdn.txt" },
  interfaces: { wan: ["eth0", "br-*"] },
  version: 1,
}

test("a policy is printed in the manual's order, short things on one line, traps in quotes, each with its source", () => {
  const items = [
    item(3, "protect.wan.syn-floods: 100/second burst 50"),
    item(7, "protect.wan.port-floods.22/tcp: { limit: more than 5 in 300s }; protect.wan.open: ssh"),
    ...[8, 9, 10, 11].map((line) => item(line, "never-block: cdn")),
    item(12, null),
  ]
  const text = printDraft(policy, items, "From old.conf.")
  expect(text).toMatchInlineSnapshot(`
    "# From old.conf.
    # Try it before it counts:
    #   floodwall check                   every mistake at once
    #   floodwall replay traffic.pcap     what it would do to a capture of your traffic
    #   floodwall apply                   to the kernel; undone by itself unless you confirm
    version: 1

    interfaces: { wan: [eth0, "br-*"] }

    addresses: { cdn: file lists/cdn.txt }

    never-block: [cdn, "2001:db8::", 192.0.2.0/24]  # old.conf:8, 9, 10 and 1 more

    protect:
      wan:
        preset: default
        syn-floods:  # old.conf:3
          limit: 100/second burst 50
          per: source
          for: { "2001:db8::/32": off, cdn: 1000/second burst 2000 }
        port-floods:
          # old.conf:7
          22/tcp: { limit: more than 5 in 300s, action: drop, block-for: 300s, lift: until-quiet }
          25/tcp: { limit: more than 5 in 300s, action: drop, block-for: 300s, lift: until-quiet }
          80/tcp: { limit: more than 5 in 300s, action: drop, block-for: 300s, lift: until-quiet }
          443/tcp: { limit: more than 5 in 300s, action: drop, block-for: 300s, lift: until-quiet }
        open: [ssh, 8000-8010/tcp]  # old.conf:7
        outgoing: { fragments: drop }

    bypass: ["in from 192.0.2.1,192.0.2.2", out tcp port 80]
    "
  `)
  expect(loadPolicy({ path: "new.yaml", text }, environment).diagnostics.map(({ id }) => id)).toEqual([])
})

const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "*",
    "2001:db8::",
    "0022",
    "12:30",
    "no",
    "null",
    "~",
    "- a",
    "a: b",
    "#x",
    "a #b",
    "",
    " a",
    "{",
    "&a",
    "!b",
    "'",
    '"',
  ),
)
/** Without blanks around them: two that differ in nothing else are one in the language. */
const keys = words.map((word) => word.trim())

const drafts: fc.Arbitrary<Draft> = fc.letrec<{ draft: Draft }>((tie) => ({
  draft: fc.oneof(
    { depthSize: "small" },
    words,
    fc.integer(),
    fc.array(tie("draft"), { maxLength: 4 }),
    fc.dictionary(keys, tie("draft"), { maxKeys: 4 }),
  ),
})).draft

test("whatever stands in a draft is read back as it was", () => {
  fc.assert(
    fc.property(fc.dictionary(keys, drafts, { minKeys: 1, maxKeys: 4 }), (draft) => {
      const report = new Report()
      const { root } = readYaml("p", printDraft(draft, [item(1, "protect.wan")], "t"), report)
      expect(report.diagnostics).toEqual([])
      expect(plain(root)).toEqual(texts(draft))
    }),
    { numRuns: 150 },
  )
})

/** Maps as sorted pairs: the printer has an order of its own. */
function plain(node: Node | undefined): unknown {
  if (node === undefined || node.kind === "empty") return null
  if (node.kind === "scalar") return node.text
  if (node.kind === "list") return node.items.map(plain)
  return node.entries.map(({ key, value }) => [key.text, plain(value)]).sort()
}

/** The language has no text with blanks around it. */
function texts(draft: Draft): unknown {
  if (typeof draft !== "object") return String(draft).trim()
  if (Array.isArray(draft)) return draft.map(texts)
  return Object.entries(draft)
    .map(([key, value]) => [key, texts(value)])
    .sort()
}
