import { expect, test } from "vitest"
import { printDiagnostic } from "../../../base/diagnostic.js"
import { renderNft } from "../render.js"
import { readNft, readNftJson } from "./read.js"

/** The lines that are listed of what was read, and what was found. */
function read(text: string): { readonly lines: readonly string[]; readonly problems: readonly string[] } {
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text })
  const lines = renderNft(ruleset)
    .text.split("\n")
    .map((line) => line.trim())
  return { lines, problems: diagnostics.map(printDiagnostic) }
}

const keys: readonly (readonly [rule: string, listed?: string])[] = [
  ['ip saddr . "lo" @near accept'],
  ["ip saddr . 10.180.0.4 . 80 @far accept"],
  ["ip saddr . 10.180.0.4 . 80 != @far drop"],
  ["ip saddr . 10.180.0.4 . 80 vmap @ways"],
]

test.each(keys)("a constant in a key has the type that the set has there: %s", (rule) => {
  const text = `table ip t {
    set near { type ipv4_addr . iface_index; }
    set far { type ipv4_addr . ipv4_addr . inet_service; }
    map ways { type ipv4_addr . ipv4_addr . inet_service : verdict; }
    chain c {
      ${rule}
    }
  }`
  const { lines, problems } = read(text)
  expect(problems).toEqual([])
  expect(lines).toContain(rule)
})

test("without such a set a constant in a key has no type", () => {
  const { problems } = read("table ip t { chain c {\nip saddr . 80 { 192.0.2.1 . 80 } accept\n}; }")
  expect(problems).toEqual([
    "rules.nft:2:12: nft takes something that is asked of the packet here [nft-unknown-expression]",
  ])
})

test("behind typeof stands what needs nothing before it, in a table of any family", () => {
  const text = `table inet t {
    set bridged { typeof meta ibrpvid; elements = { 2 }; }
    set inner { typeof vxlan ip saddr . vxlan ip daddr; }
  }`
  expect(read(text).problems).toEqual([])
  const { problems } = read(
    "table inet t { chain c {\nmeta ibrpvid 2 accept\nvxlan ip saddr 192.0.2.1 accept\n}; }",
  )
  expect(problems.map((problem) => problem.split(": ")[0])).toEqual(["rules.nft:2:1", "rules.nft:3:1"])
})

test("a set of transport protocols is an answer to who asks for one", () => {
  const text = (rule: string) => `table inet t {
    set protocols { type inet_proto; elements = { tcp, udp }; }
    chain c { type filter hook prerouting priority mangle
      ${rule}
    }
  }`
  const severities = (rule: string) =>
    readNft({ path: "rules.nft", text: text(rule) }).diagnostics.map(({ severity }) => severity)
  expect(severities("meta l4proto @protocols tproxy to :1088")).toEqual(["warning"])
  expect(severities("meta l4proto != @protocols tproxy to :1088")).toEqual(["warning", "error"])
})

test("elements carry what their set says that all carry", () => {
  const text = (carried: string) =>
    `table ip t { set s { type ipv4_addr; flags dynamic; counter quota 500 bytes\n elements = { 192.0.2.1${carried} }; }; }`
  expect(read(text(" counter packets 1 bytes 9 quota 700 bytes")).problems).toEqual([])
  expect(read(text("")).problems).toEqual([])
  const message = "the elements of s carry what it says that they do, and nothing else [nft-bad-value]"
  expect(read(text(" counter packets 1 bytes 9")).problems).toEqual([`rules.nft:2:15: ${message}`])
  expect(read(text(" quota 700 bytes counter")).problems).toEqual([`rules.nft:2:15: ${message}`])
})

test("JSON keeps one statement of an element: the others are as its set says", () => {
  const json = `{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"set": {"family": "ip", "table": "t", "name": "s", "type": "ipv4_addr",
    "elem": [{"elem": {"val": "192.0.2.1", "counter": {"packets": 1, "bytes": 9}}}],
    "stmt": [{"counter": null}, {"quota": {"val": 500, "val_unit": "bytes"}}]}}]}`
  const { ruleset, diagnostics } = readNftJson({ path: "rules.json", text: json })
  expect(diagnostics).toEqual([])
  expect(ruleset.tables[0]!.sets[0]!.elements).toEqual([
    {
      key: { value: [0xc0000201] },
      statements: [{ step: "counter" }, { step: "quota", bytes: 500, over: false }],
    },
  ])
})

test("elements are deleted and added again one by one, in the time of one", () => {
  const count = 6000
  const address = (index: number) => `10.0.${index >> 8}.${index & 255}`
  const lines = ["table inet t { set s { type ipv4_addr; }; }"]
  for (let index = 0; index < count; index++) lines.push(`add element inet t s { ${address(index)} }`)
  for (let index = 0; index < count; index += 2) {
    lines.push(`delete element inet t s { ${address(index)} }`)
    lines.push(`add element inet t s { ${address(index)} }`, `delete element inet t s { ${address(index)} }`)
  }
  lines.push(`delete element inet t s { ${address(0)} }`)
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text: lines.join("\n") })
  expect(diagnostics.map(({ id, span }) => [id, span?.line])).toEqual([["nft-not-there", lines.length]])
  const keys = ruleset.tables[0]?.sets[0]?.elements?.map(({ key }) => key)
  expect(keys?.length).toBe(count / 2)
  expect(keys?.[0]).toEqual({ value: [0x0a000001] })
})
