import { afterEach, beforeEach, expect, test } from "vitest"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import { SYN, TCP, UDP } from "../../src/core/packet/packet.js"
import {
  accept,
  add,
  address,
  below,
  concat,
  continueVerdict,
  counter,
  ct,
  ctCountOver,
  drop,
  equal,
  goto,
  inSet,
  ip,
  ip6,
  is,
  jump,
  l4proto,
  limit,
  limitOver,
  logTo,
  meta,
  network,
  notrack,
  numgenRandom,
  parts,
  payload,
  prefixItem,
  range,
  reject,
  remove,
  returnVerdict,
  setCtMark,
  setMark,
  tcp,
  update,
  vmap,
} from "../../src/core/ruleset/build.js"
import { checkRuleset } from "../../src/core/ruleset/check.js"
import type { Hook } from "../../src/core/ruleset/hook.js"
import { stepsToText } from "../../src/core/ruleset/kinds.js"
import type { StepNode } from "../../src/core/ruleset/node.js"
import type { Chain, Rule, Ruleset, SetDeclaration } from "../../src/core/ruleset/ruleset.js"
import { createNamespace, type NetworkNamespace } from "../../src/linux/host/namespace/namespace.js"
import { routed, steps } from "./support/every-match.js"
import { needsKernel } from "./support/kernel-test.js"

/** Everything that a ruleset can say goes into the kernel, and comes out of it as it was said. */

let namespace: NetworkNamespace

beforeEach((context) => {
  needsKernel(context)
  namespace = createNamespace()
})

afterEach(() => namespace?.close())

function load(text: string): string {
  return namespace.run("nft", ["-f", "-"], { input: text, fails: "allowed" }).stderr
}

function listing(): string {
  return namespace.run("nft", ["-s", "list", "ruleset"]).stdout
}

function rule(...steps: readonly StepNode[]): Rule {
  return {
    steps,
    origin: { span: { file: "policy.yaml", line: 7, column: 1 }, protection: "everything", text: "" },
  }
}

function chain(name: string, hook: Hook, priority: number, rules: readonly Rule[]): Chain {
  const devices = hook === "ingress" ? { devices: ["lo"] } : {}
  return { name, base: { type: "filter", hook, priority, policy: "accept", ...devices }, rules }
}

const second = { count: 20, unit: "second" } as const
const sets: readonly SetDeclaration[] = [
  {
    name: "blocked4",
    key: ["ipv4_addr"],
    flags: ["timeout"],
    size: 65535,
    timeout: 3600e9,
    keeps: "ledger",
    elements: [
      { key: { value: address("192.0.2.1") }, timeout: 90_061_004e6, comment: "why: port scan" },
      { key: { value: address("192.0.2.2") } },
    ],
  },
  {
    name: "blocked6",
    key: ["ipv6_addr"],
    flags: ["timeout"],
    size: 65535,
    keeps: "ledger",
    elements: [{ key: { value: address("2001:db8::") }, timeout: 60e9 }],
  },
  {
    name: "list4",
    key: ["ipv4_addr"],
    flags: ["interval"],
    autoMerge: true,
    elements: [
      { key: prefixItem({ address: { family: 4, words: address("10.0.0.0") }, length: 8 }) },
      { key: { value: address("192.0.2.9") } },
      { key: { from: address("198.51.100.1"), to: address("198.51.100.9") } },
    ],
  },
  {
    name: "list6",
    key: ["ipv6_addr"],
    flags: ["interval"],
    elements: [{ key: prefixItem({ address: { family: 6, words: address("2001:db8:1::") }, length: 48 }) }],
  },
  {
    name: "meter4",
    key: ["ipv4_addr"],
    flags: ["dynamic", "timeout"],
    size: 65535,
    timeout: 60e9,
    keeps: "limiter",
  },
  {
    name: "meter6",
    key: ["ipv6_addr"],
    flags: ["dynamic", "timeout"],
    size: 65535,
    timeout: 60e9,
    keeps: "limiter",
  },
  { name: "count4", key: ["ipv4_addr"], flags: ["dynamic"], size: 65535 },
  { name: "counted", key: ["ipv4_addr"], flags: ["dynamic"], size: 16, statements: [counter] },
  {
    name: "admitted",
    key: ["ipv4_addr", "inet_service", "ipv4_addr", "inet_service"],
    flags: ["timeout"],
    elements: [{ key: parts(address("192.0.2.1"), 22, address("192.0.2.2"), 40000), timeout: 60e9 }],
  },
  {
    name: "nets",
    key: ["ipv4_addr", "inet_service"],
    flags: ["interval"],
    elements: [
      {
        key: parts(
          prefixItem({ address: { family: 4, words: address("10.0.0.0") }, length: 8 }),
          range(1, 1023),
        ),
      },
    ],
  },
  {
    name: "allDevices",
    key: ["ifname"],
    flags: ["interval"],
    elements: [{ key: { value: "eth0" } }, { key: { value: "br-*" } }],
  },
  {
    name: "someFlags",
    key: ["tcp_flag"],
    flags: [],
    elements: [{ key: { value: [0] } }, { key: { value: [SYN] } }, { key: { value: [3] } }],
  },
  {
    name: "marks",
    key: ["inet_service"],
    data: "mark",
    flags: [],
    elements: [{ key: { value: [22] }, data: [16] }],
  },
  {
    name: "verdicts",
    key: ["inet_proto", "inet_service"],
    data: "verdict",
    flags: [],
    elements: [
      { key: parts(TCP, 22), data: accept },
      { key: parts(UDP, 53), data: jump("own") },
    ],
  },
  { name: "macs", key: ["ether_addr"], flags: [], elements: [{ key: { value: [0x02000000, 0x0001] } }] },
]

const dport = ct("proto-dst", "original")
const statements: readonly Rule[] = [
  rule(counter),
  rule(logTo(7, "syn-floods", 96)),
  rule(logTo(7, "plain: é")),
  rule(setMark(16)),
  rule(setCtMark(255)),
  rule(limit(second, 5), accept),
  rule(limitOver({ count: 3, unit: "week" }, 7), drop),
  rule(ctCountOver(10), drop),
  rule({ step: "ct-count", count: 10, over: false }, returnVerdict),
  rule(below(numgenRandom(100), 10)),
  rule(equal({ expression: "numgen", mode: "inc", modulus: 4, offset: 2 }, 3)),
  rule(reject("tcp-reset")),
  rule(reject("port-unreachable")),
  rule(reject("admin-prohibited")),
  rule(reject("host-unreachable")),
  rule(reject("no-route")),
  rule(add("meter4", ip("saddr"), { timeout: 90e9 }, limitOver(second, 50)), drop),
  rule(
    update("meter6", network(ip6("saddr"), 6, 64), {}, limitOver(second, 5), counter),
    logTo(7, "x"),
    drop,
  ),
  rule(add("count4", ip("saddr"), {}, ctCountOver(300)), drop),
  rule(add("counted", ip("daddr"))),
  rule(remove("blocked4", ip("saddr"))),
  rule(update("blocked4", ip("saddr"), { timeout: 600e9 })),
  rule(inSet(ip("saddr"), "blocked4"), drop),
  rule(inSet(ip6("saddr"), "list6"), drop),
  rule(inSet(concat(ip("saddr"), tcp("dport")), "nets")),
  rule(inSet(meta("iifname"), "allDevices")),
  rule(inSet(tcp("flags"), "someFlags")),
  rule(inSet(concat(ip("saddr"), tcp("sport"), ip("daddr"), tcp("dport")), "admitted"), accept),
  rule(inSet(payload("ether", "saddr"), "macs")),
  rule(vmap(concat(l4proto, { expression: "payload", protocol: "th", field: "dport" }), "verdicts")),
  rule(is(l4proto, TCP), equal(dport, 22)),
  rule(inSet(l4proto, [TCP, UDP]), inSet(dport, [53, range(80, 90)])),
  rule(equal(tcp("dport"), 1), inSet(dport, [22])),
  rule(
    vmap(ip("saddr"), [
      [address("192.0.2.1"), jump("own")],
      [address("192.0.2.2"), continueVerdict],
      [address("192.0.2.3"), goto("own")],
    ]),
  ),
  rule(jump("own")),
  rule(goto("own")),
]

const everything: Ruleset = {
  tables: [
    {
      family: "inet",
      name: "everything",
      sets,
      chains: [
        { name: "own", rules: [rule(counter, returnVerdict)] },
        chain(
          "ingress",
          "ingress",
          -500,
          steps.map((step) => rule(step, counter)),
        ),
        chain("raw", "prerouting", -300, [rule(is(l4proto, UDP), notrack)]),
        chain(
          "prerouting",
          "prerouting",
          -150,
          [...steps, ...routed].map((step) => rule(step, counter)),
        ),
        chain("input", "input", 10, statements),
        chain("forward", "forward", 0, statements),
        chain("output", "output", -1, []),
        chain("postrouting", "postrouting", 300, []),
      ],
    },
    {
      family: "ip",
      name: "everything",
      sets: [],
      chains: [chain("input", "input", 0, [rule(equal(ip("saddr"), address("192.0.2.1")), drop)])],
    },
    {
      family: "ip6",
      name: "everything",
      sets: [],
      chains: [chain("input", "input", 0, [rule(equal(ip6("saddr"), address("::1")), drop)])],
    },
    {
      family: "netdev",
      name: "everything",
      sets: [],
      chains: [
        chain("input", "ingress", 0, [
          rule(equal(payload("arp", "operation"), 1), counter),
          rule(equal(payload("vlan", "id"), 5), drop),
          rule(equal(payload("arp", "saddr ip"), address("192.0.2.1"))),
        ]),
      ],
    },
  ],
}

/** Lines of a ruleset that say something, without comments, and with what has several spellings in one. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/,\n\s+/g, ", ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) =>
      line
        .replaceAll(/ comment "policy[^"]*"/g, "")
        .replaceAll(/\b0x0*([0-9a-f]+)\b/g, (_, digits) => `${Number.parseInt(digits, 16)}`)
        .replaceAll(/ burst 5 packets/g, "")
        .replaceAll(/ expires \w+/g, "")
        .replaceAll(/priority (raw|mangle|filter|security)( [+-] \d+)?;/g, (_, name, offset) => {
          const base = { raw: -300, mangle: -150, filter: 0, security: 50 }[name as "raw"]
          return `priority ${base + Number((offset ?? "0").replaceAll(" ", ""))};`
        })
        .replaceAll(/\{ (.*) \}/g, (_, inner: string) => `{ ${inner.split(", ").sort().join(", ")} }`),
    )
}

test("everything that the nodes can say loads, and lists as it was written but for nft's own spellings", () => {
  const { text, diagnostics } = renderNft(everything)
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  expect(
    checkRuleset(everything)
      .filter(({ severity }) => severity === "error")
      .map(printDiagnostic),
  ).toEqual([])
  expect(load(text)).toBe("")
  const ours = linesOf(text)
  const theirs = linesOf(listing())
  expect(ours.length).toBeGreaterThan(400)
  const missing = new Set(theirs.filter((line) => !ours.includes(line)))
  const extra = new Set(ours.filter((line) => !theirs.includes(line)))
  expect({ nft: [...missing], ours: [...extra] }).toMatchInlineSnapshot(`
    {
      "nft": [
        "ip saddr 203.0.113.0-203.0.113.200 counter",
        "tcp dport { 1-5, 22, 80-90 } counter",
        "tcp flags syn / fin,syn,rst,ack counter",
        "tcp flags != syn / fin,syn,rst,ack counter",
        "tcp flags fin,syn / fin,syn counter",
        "icmp code frag-needed counter",
        "icmp type { echo-reply, echo-request } icmp id 77 counter",
        "icmp type { echo-reply, echo-request } icmp sequence 3 counter",
        "icmpv6 type 133-136 counter",
        "icmpv6 type { echo-reply, echo-request } icmpv6 id 77 counter",
        "icmpv6 code != no-route counter",
        "meta nfproto ipv4 igmp type membership-report-v2 counter",
        "th sport & 4095 == 3136 counter",
        "@th,96,8 & 240 != 80 counter",
        "th sport & 65280 == 39936 counter",
        "tcp option maxseg unknown 2 counter",
        "tcp option timestamp unknown != 0 counter",
        "meta l4proto tcp reject with tcp reset",
        "reject",
        "meta l4proto { 80 [invalid type]-90 [invalid type], tcp, udp } ct original proto-dst { 53 [invalid type] }",
        "tcp dport 1 ct original proto-dst 22",
      ],
      "ours": [
        "ip saddr { 203.0.113.0-203.0.113.200 } counter",
        "ip6 saddr { 2001:db8:9::/64 } counter",
        "ip6 saddr != { 2001:db8:9::/64 } counter",
        "tcp dport { 1, 2, 22, 3, 4, 5, 80-90 } counter",
        "tcp flags & (fin | syn | rst | ack) == syn counter",
        "tcp flags & (fin | syn | rst | ack) != syn counter",
        "tcp flags & (fin | syn) == fin | syn counter",
        "icmp code 4 counter",
        "icmp id 77 counter",
        "icmp sequence 3 counter",
        "icmpv6 type { 133-136 } counter",
        "icmpv6 id 77 counter",
        "icmpv6 code != 0 counter",
        "igmp type membership-report-v2 counter",
        "@th,4,12 3136 counter",
        "@th,16,16 22 counter",
        "@th,96,4 != 5 counter",
        "@th,0,16 & 65280 == 39936 counter",
        "tcp option 2 exists counter",
        "tcp option @2,16,8 2 counter",
        "tcp option @8,16,8 != 0 counter",
        "reject with tcp reset",
        "reject with icmpx port-unreachable",
        "meta l4proto { 80-90, tcp, udp } ct original proto-dst { 53 }",
        "tcp dport 1 ct original proto-dst { 22 }",
      ],
    }
  `)
  const rules = (lines: readonly string[]) =>
    lines.filter(
      (line) => /^(type|table|chain|set|map|size|flags|timeout|elements|auto-merge|\})/.test(line) === false,
    ).length
  expect(rules(theirs)).toBe(rules(ours))
})

test("an order of rules that is written is the order that is listed", () => {
  load(renderNft(everything).text)
  const listed = JSON.parse(
    namespace.run("nft", ["-j", "list", "chain", "inet", "everything", "prerouting"]).stdout,
  )
  const comments = listed.nftables.flatMap(({ rule: found }: { rule?: { comment: string } }) =>
    found ? [found.comment] : [],
  )
  expect(comments).toEqual(new Array(steps.length + routed.length).fill("policy.yaml:7 everything"))
})

test("300,000 elements in some seconds, and all of them arrive", () => {
  const words = Array.from({ length: 300_000 }, (_, index) => 0x0a000000 + index * 5)
  const many: Ruleset = {
    tables: [
      {
        family: "inet",
        name: "many",
        chains: [],
        sets: [
          {
            name: "hosts",
            key: ["ipv4_addr"],
            flags: [],
            size: 400_000,
            elements: words.map((word) => ({ key: { value: [word] } })),
          },
        ],
      },
    ],
  }
  const start = process.cpuUsage()
  const { text } = renderNft(many)
  // Microseconds of the processor's: what others do meanwhile is not in it.
  expect(process.cpuUsage(start).user).toBeLessThan(3_000_000)
  expect(load(text)).toBe("")
  const found = namespace.run("nft", ["-j", "list", "set", "inet", "many", "hosts"]).stdout
  expect(JSON.parse(found).nftables[1].set.elem).toHaveLength(300_000)
})

test.each<[string, Partial<Rule> & { text?: string; file?: string }, RegExp]>([
  [
    "a line end in the origin does not end the comment",
    { text: "limit: 5\nflush ruleset" },
    /# policy\.yaml:1: limit: 5 flush ruleset\n\t\tdrop comment "policy\.yaml:1"/,
  ],
  [
    "a quotation mark in a file's name is no comment of nft's",
    { text: "x", file: 'a"b.yaml' },
    /# a"b\.yaml:1: x\n\t\tdrop\n/,
  ],
  [
    "a path that is too long loses its folders",
    { file: `/etc/${"x".repeat(130)}/policy.yaml` },
    /\t\tdrop comment "policy\.yaml:1"\n/,
  ],
  ["a comment of its own goes before", { comment: "by hand" }, /drop comment "by hand"/],
  ["one that nft does not take gives way", { comment: 'by "hand"' }, /drop comment "policy\.yaml:1"/],
])("%s", (_, { text = "", file = "policy.yaml", comment }, expected) => {
  const origin = { span: { file, line: 1, column: 1 }, text }
  const rules = [{ steps: [drop], origin, ...(comment !== undefined && { comment }) }]
  const rendered = renderNft({
    tables: [{ family: "inet", name: "t", sets: [], chains: [chain("c", "input", 0, rules)] }],
  })
  expect(rendered.text).toMatch(expected)
  expect(rendered.diagnostics).toEqual([])
  expect(load(rendered.text)).toBe("")
})

test.each<[StepNode[], string]>([
  [[limit(second, 0)], "nft refuses a limit with a burst below 1 packet"],
  [[logTo(7, 'a "b"')], "a log prefix in nft cannot hold a quotation mark"],
  [[logTo(7, "x".repeat(128))], "a log prefix has at most 127 characters"],
  [[equal(dport, 22)], "nft takes a connection's port only where the rule has asked for its protocol before"],
  [
    [inSet(concat(l4proto, dport), [parts(TCP, 22)])],
    "nft takes a connection's port only where the rule has asked for its protocol before",
  ],
])("what nft cannot say is told, and nft agrees: %j", (wrong, message) => {
  const rendered = renderNft({
    tables: [{ family: "inet", name: "t", sets: [], chains: [chain("c", "input", 0, [rule(...wrong)])] }],
  })
  expect(rendered.diagnostics.map(printDiagnostic)).toEqual([`policy.yaml:7:1: ${message} [nft-cannot-say]`])
  const said = stepsToText(wrong)
  const literal = said.startsWith("<limit")
    ? "limit rate 20/second burst 0 packets"
    : said.startsWith("<log")
      ? `log prefix "${wrong.map((step) => "prefix" in step && step.prefix)}"`
      : said
  expect(load(`add table inet t\nadd chain inet t c\nadd rule inet t c ${literal} counter\n`)).not.toBe("")
})

test.each(["drop", "1st", "a b", "x\n}", "ü", "", "a".repeat(200)])("the name %j is refused", (name) => {
  const rendered = renderNft({
    tables: [{ family: "inet", name: "t", sets: [], chains: [{ name, rules: [] }] }],
  })
  expect(rendered.diagnostics.map(({ id }) => id)).toEqual(["bad-nft-name"])
})
