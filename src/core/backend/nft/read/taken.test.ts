import { expect, test } from "vitest"
import { hasErrors } from "../../../base/diagnostic.js"
import { checkRuleset } from "../../../ruleset/check.js"
import { renderNft } from "../render.js"
import { readNft } from "./read.js"

/** Whether the rules are taken as a whole. Each answer below is that of nft 1.0.6 on Linux 6.18. */
function isTaken(text: string): boolean {
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text })
  return !hasErrors(diagnostics) && !hasErrors(checkRuleset(ruleset))
}

const inTable = (text: string) => `table inet t {\n chain d {\n }\n ${text}\n}\n`

const ends: readonly (readonly [text: string, taken: boolean])[] = [
  ["chain c { accept; }", true],
  ["chain c { accept }", false],
  ["chain c { type filter hook input priority 0; policy drop }", false],
  ['chain c { comment "x" }', false],
  ["chain c { tcp dport 5 jump { accept; }; }", true],
  ["chain c { tcp dport 5 jump { accept }; }", false],
  ["set s { type ipv4_addr; }", true],
  ["set s { type ipv4_addr }", false],
  ["set s { type ipv4_addr; flags timeout }", false],
  ["set s { type ipv4_addr; elements = { 192.0.2.1 } }", true],
  ["set s { type ipv4_addr; flags interval; auto-merge }", true],
  ["set s { flags interval; auto-merge type ipv4_addr; }", true],
  ["counter c { packets 0 bytes 0 }", true],
  ['counter c { comment "x" }', true],
  ["quota q { over 10 bytes }", true],
  ["limit l { rate 1/second }", true],
  ['ct helper h { type "ftp" protocol tcp; l3proto ip }', false],
  ['ct helper h { type "ftp" protocol tcp; }', true],
  ["counter c { } counter e { }", false],
]

const names: readonly (readonly [text: string, taken: boolean])[] = [
  ["table inet fwd {\n}", false],
  ["table inet {\n}", false],
  ['table inet "t" {\n}', false],
  ["table inet t {\n chain log {\n }\n}", false],
  ["table inet t {\n chain lasting {\n }\n}", true],
  ["table inet t {\n chain last {\n }\n}", true],
  ["table inet t {\n chain rules {\n }\n}", true],
  ['table inet t {\n chain "c" {\n }\n}', false],
  ["table inet t {\n set iifname { type ipv4_addr; }\n}", false],
  ["table inet t {\n counter limit {\n }\n}", false],
  ["add table inet t\nadd chain inet t jump", false],
  ['table inet t {\n chain c {\n jump "d"\n }\n chain d {\n }\n}', false],
  [`table inet t {\n chain ${"c".repeat(120)} {\n }\n}`, true],
  [`table inet t {\n chain ${"c".repeat(256)} {\n }\n}`, false],
  ["table inet t {\n quota q { 18446744073709551616 bytes\n }\n}", false],
  ["table inet t {\n chain c {\n limit rate 18446744073709551616/second\n }\n}", false],
]

const rules: readonly (readonly [text: string, taken: boolean])[] = [
  ["tcp flags SYN", false],
  ["icmp type Echo-Request", false],
  ["meta protocol IP", false],
  ["meta l4proto TCP", true],
  ["meta day MONDAY", false],
  ["ip saddr localhost", true],
  ["ip saddr *", false],
  ["ip saddr { 1.2.3.4 }", true],
  ["icmp type echo-request ip6 saddr ::1", false],
  ["icmpv6 type echo-request ip saddr 1.2.3.4", false],
  ["icmp type echo-request ip saddr 1.2.3.4", true],
  ["arp operation request", false],
  [`log prefix "${"p".repeat(127)}"`, true],
  [`log prefix "${"p".repeat(128)}"`, false],
  [`accept comment "${"c".repeat(128)}"`, true],
  [`accept comment "${"c".repeat(129)}"`, false],
  ["ip dscp 070", true],
  ["ip dscp 077", true],
  ["ip dscp 0100", false],
]

test.each(rules)("in a rule: %s: %s", (rule, taken) => {
  expect(isTaken(inTable(`chain c {\n ${rule}\n }`))).toBe(taken)
})

test("a number with a 0 before it is octal, unless it cannot be", () => {
  const portOf = (number: string) => {
    const { ruleset } = readNft({ path: "rules.nft", text: inTable(`chain c {\n tcp dport ${number}\n }`) })
    return JSON.stringify(ruleset.tables[0]!.chains[1]!.rules[0]!.steps)
  }
  expect(portOf("010")).toBe(portOf("8"))
  expect(portOf("08")).toBe(portOf("8"))
  expect(portOf("0777")).toBe(portOf("511"))
})

test("the name of a device has 15 characters", () => {
  const chain = (device: string) =>
    `table netdev t {\n chain c { type filter hook ingress device ${device} priority 0; }\n}\n`
  expect(isTaken(chain("abcdefghijklmno"))).toBe(true)
  expect(isTaken(chain("abcdefghijklmnop"))).toBe(false)
})

test.each(names)("names are words, and none of nft's own: %j: %s", (text, taken) => {
  expect(isTaken(`${text}\n`)).toBe(taken)
})

test.each(ends)("a line ends before its braces close: %s: %s", (text, taken) => {
  expect(isTaken(inTable(text))).toBe(taken)
})

test("the end that is missing is told where the brace stands", () => {
  const { diagnostics } = readNft({ path: "rules.nft", text: "table ip t { chain c { accept } }" })
  expect(diagnostics.map(({ span, hint }) => [span?.line, span?.column, hint])).toEqual([
    [1, 31, 'put ";" before "}"'],
    [1, 33, 'put ";" before "}"'],
  ])
})

const interval = (elements: string, more = "") =>
  `table ip t {\n set s { type ipv4_addr; flags interval; ${more}elements = { ${elements} }; }\n}\n`
const pairs = (elements: string) =>
  `table ip t {\n set s { type ipv4_addr . inet_service; flags interval; elements = { ${elements} }; }\n}\n`
const marks = (elements: string, flags = "") =>
  `table ip t {\n map m { type ipv4_addr : mark; ${flags}elements = { ${elements} }; }\n}\n`

const meeting: readonly (readonly [text: string, taken: boolean])[] = [
  [interval("10.0.0.0/8, 10.1.0.0/16"), false],
  [interval("10.0.0.0/8, 10.1.0.0/16", "auto-merge; "), true],
  [interval("10.0.0.0/8, 10.0.0.0-10.255.255.255"), true],
  [interval("10.0.0.1-10.0.0.5, 10.0.0.5-10.0.0.9"), false],
  [interval("10.0.0.1-10.0.0.5, 10.0.0.6-10.0.0.9"), true],
  [interval("10.0.0.1, , 10.0.0.3,"), true],
  [interval(", 10.0.0.1"), false],
  [marks("10.0.0.0/8 : 1, 10.1.0.0/16 : 2", "flags interval; "), false],
  [marks("10.0.0.0/8 : 1, 10.0.0.0/8 : 1", "flags interval; "), true],
  [marks("10.0.0.0/8 : 1, 10.0.0.0/8 : 2", "flags interval; "), false],
  [marks("10.0.0.1 : 1, 10.0.0.1 : 2"), false],
  [marks("10.0.0.1 : 1, 10.0.0.1 : 1"), true],
  [pairs("10.0.0.0/8 . 22, 10.1.0.0/16 . 22"), false],
  [pairs("10.0.0.0/8 . 20-30, 10.0.0.0/8 . 25-35"), false],
  [pairs("10.0.0.0/8 . 22, 10.0.0.0/8 . 20-30"), true],
  [pairs("10.0.0.0/8 . 20-30, 11.0.0.0/8 . 25-35"), true],
]

test.each(meeting)("elements that meet: %s: %s", (text, taken) => {
  expect(isTaken(text)).toBe(taken)
})

const updated: readonly (readonly [set: string, rule: string, listed: readonly string[]])[] = [
  ["set s { type ipv4_addr; }", "add @s { ip saddr }", ["size 65535", "flags dynamic"]],
  ["set s { type ipv4_addr; }", "delete @s { ip saddr }", ["size 65535", "flags dynamic"]],
  [
    "set s { type ipv4_addr; flags dynamic; }",
    "add @s { ip saddr counter }",
    ["size 65535", "flags dynamic"],
  ],
  ["set s { type ipv4_addr; size 10; }", "add @s { ip saddr counter }", ["size 10", "flags dynamic"]],
  [
    "set s { type ipv4_addr; timeout 5s; }",
    "update @s { ip saddr }",
    ["size 65535", "flags dynamic,timeout"],
  ],
  ["map s { type ipv4_addr : mark; }", "add @s { ip saddr : 0x00000005 }", ["size 65535"]],
]

test.each(updated)("a set that rules add to is listed as nft lists it: %s %s", (set, rule, listed) => {
  const text = `table ip t {\n ${set}\n chain c {\n  ${rule}\n }\n}\n`
  expect(isTaken(text)).toBe(true)
  const lines = renderNft(readNft({ path: "rules.nft", text }).ruleset)
    .text.split("\n")
    .map((line) => line.trim())
  expect(lines.filter((line) => /^(size|flags) /.test(line))).toEqual(listed)
  expect(lines).toContain(rule)
})

test("names may begin with an underscore, and a map may be asked what it holds", () => {
  expect(isTaken("table ip _t {\n set _s { type ipv4_addr; }\n chain _c {\n }\n}\n")).toBe(true)
  expect(
    isTaken(
      "table ip t {\n map m { type inet_service : verdict; }\n chain c {\n  tcp dport @m accept\n }\n}\n",
    ),
  ).toBe(true)
})

test("a log has levels that nft knows, and its prefix is filled in with variables", () => {
  const log = (words: string) =>
    `define X = "drop"\ndefine Y = wan\ntable ip t {\n chain c {\n  log ${words}\n }\n}\n`
  expect(isTaken(log("level notice"))).toBe(true)
  expect(isTaken(log("level warning"))).toBe(false)
  expect(isTaken(log("group 2 level warn"))).toBe(false)
  expect(isTaken(log('prefix "cost 5$ "'))).toBe(false)
  expect(isTaken(log('prefix "$Z"'))).toBe(false)
  const { text } = renderNft(readNft({ path: "rules.nft", text: log('prefix "a $X-$Y: "') }).ruleset)
  expect(text).toContain('log prefix "a drop-wan: "')
})

test("a word that begins a statement is no value", () => {
  expect(isTaken(inTable("chain c { iifname drop; }"))).toBe(false)
  expect(isTaken(inTable('chain c { iifname "drop"; }'))).toBe(true)
  expect(isTaken(inTable("chain c { iif counter accept; }"))).toBe(false)
})
