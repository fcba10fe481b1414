import { expect, test } from "vitest"
import { parseAddress } from "../../src/core/base/address.js"
import { buildPacket } from "../../src/core/packet/build.js"
import {
  accept,
  add,
  and,
  concat,
  drop,
  equal,
  inSet,
  ip,
  limitOver,
  notInSet,
  remove,
  udp,
  update,
  vmap,
} from "../../src/core/ruleset/build.js"
import type { StepNode } from "../../src/core/ruleset/node.js"
import type { Ruleset, SetDeclaration } from "../../src/core/ruleset/ruleset.js"
import { compare } from "../../src/linux/demo/agreement.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { describe } from "./support/agree.js"
import { needsKernel } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"
import { undisturbed } from "./support/undisturbed.js"

const origin = { span: { file: "test", line: 1, column: 1 }, text: "test" }

const PACKETS = 100

interface Case {
  readonly name: string
  readonly sets: string
  readonly declared: readonly SetDeclaration[]
  /** nft text and nodes, rule by rule. */
  readonly rules: readonly (readonly [nft: string, ...steps: StepNode[]])[]
  /** Milliseconds between packets. */
  readonly pace: number
}

const word = (text: string) => parseAddress(text)!.words
const dynamic = (name: string, size: number, more: Partial<SetDeclaration> = {}): SetDeclaration => ({
  name,
  key: ["ipv4_addr"],
  flags: ["dynamic"],
  size,
  ...more,
})

const slowly = { count: 1, unit: "minute" } as const

const cases: readonly Case[] = [
  {
    name: "a full set, and one that rules empty again",
    sets: "set seen {\n type ipv4_addr\n size 3\n flags dynamic\n }",
    declared: [dynamic("seen", 3)],
    rules: [
      ["udp dport 7 delete @seen { ip saddr }", equal(udp("dport"), 7), remove("seen", ip("saddr"))],
      ["udp dport 8 add @seen { ip saddr } accept", equal(udp("dport"), 8), add("seen", ip("saddr")), accept],
      ["udp dport 8 drop", equal(udp("dport"), 8), drop],
      ["ip saddr != @seen drop", notInSet(ip("saddr"), "seen"), drop],
    ],
    pace: 0,
  },
  {
    name: "a limit in each element, run by look-ups too, and not by negated ones",
    sets: "set meters {\n type ipv4_addr\n size 100\n flags dynamic\n }",
    declared: [dynamic("meters", 100)],
    rules: [
      ["udp dport 7 ip saddr @meters drop", equal(udp("dport"), 7), inSet(ip("saddr"), "meters"), drop],
      ["udp dport 8 ip saddr != @meters drop", equal(udp("dport"), 8), notInSet(ip("saddr"), "meters"), drop],
      [
        "udp dport 9 update @meters { ip saddr limit rate over 1/minute burst 4 packets } drop",
        equal(udp("dport"), 9),
        update("meters", ip("saddr"), {}, limitOver(slowly, 4)),
        drop,
      ],
    ],
    pace: 0,
  },
  {
    name: "elements that end: add keeps their time, update begins it anew",
    sets: "set kept {\n type ipv4_addr\n size 100\n flags dynamic,timeout\n timeout 275ms\n }\n set renewed {\n type ipv4_addr\n size 100\n flags dynamic,timeout\n timeout 275ms\n }",
    declared: [
      dynamic("kept", 100, { flags: ["dynamic", "timeout"], timeout: 275e6 }),
      dynamic("renewed", 100, { flags: ["dynamic", "timeout"], timeout: 275e6 }),
    ],
    rules: [
      ["udp dport 7 ip saddr @kept drop", equal(udp("dport"), 7), inSet(ip("saddr"), "kept"), drop],
      ["udp dport 8 ip saddr @renewed drop", equal(udp("dport"), 8), inSet(ip("saddr"), "renewed"), drop],
      ["udp dport 9 add @kept { ip saddr }", equal(udp("dport"), 9), add("kept", ip("saddr"))],
      ["udp dport 9 update @renewed { ip saddr }", equal(udp("dport"), 9), update("renewed", ip("saddr"))],
    ],
    // 25 ms from every end: the kernel's clock ticks every 4 ms (docs/model-gaps.md).
    pace: 50,
  },
  {
    name: "intervals, verdict maps, concatenations, masks",
    sets: "set nets {\n type ipv4_addr\n flags interval\n elements = { 203.0.113.0/31, 203.0.113.5-203.0.113.6 }\n }\n set pairs {\n type ipv4_addr . inet_service\n elements = { 203.0.113.3 . 7, 203.0.113.4 . 8 }\n }",
    declared: [
      {
        name: "nets",
        key: ["ipv4_addr"],
        flags: ["interval"],
        elements: [
          { key: { prefix: word("203.0.113.0"), length: 31 } },
          { key: { from: word("203.0.113.5"), to: word("203.0.113.6") } },
        ],
      },
      {
        name: "pairs",
        key: ["ipv4_addr", "inet_service"],
        flags: [],
        elements: [
          { key: { parts: [{ value: word("203.0.113.3") }, { value: [7] }] } },
          { key: { parts: [{ value: word("203.0.113.4") }, { value: [8] }] } },
        ],
      },
    ],
    rules: [
      ["ip saddr @nets drop", inSet(ip("saddr"), "nets"), drop],
      ["ip saddr . udp dport @pairs drop", inSet(concat(ip("saddr"), udp("dport")), "pairs"), drop],
      [
        "ip saddr & 255.255.255.252 vmap { 203.0.113.8 : accept }",
        vmap(and(ip("saddr"), word("255.255.255.252")), [[word("203.0.113.8"), accept]]),
      ],
      ["udp dport vmap { 9 : drop }", vmap(udp("dport"), [[9, drop]])],
    ],
    pace: 0,
  },
]

function send(laboratory: Laboratory, pace: number): ReturnType<ReturnType<typeof createReferee>["finish"]> {
  const chance = new Chance(11)
  const referee = createReferee(laboratory)
  const begin = performance.now()
  for (let number = 0; number < PACKETS; number++) {
    const bytes = buildPacket({
      source: `203.0.113.${chance.below(pace === 0 ? 12 : 3)}`,
      destination: "198.51.100.80",
      identification: 1 + number,
      udp: { sourcePort: 5000 + number, destinationPort: 7 + chance.below(3) },
    })
    laboratory.outside.sender("eth0").send([{ bytes }])
    const until = begin + (number + 1) * pace
    do referee.poll()
    while (performance.now() < until)
  }
  return referee.finish()
}

for (const { name, sets, declared, rules, pace } of cases)
  test(`${name}: both let the same packets pass`, (context) => {
    needsKernel(context)
    const text = rules.map(([nft]) => nft).join("\n ")
    // Elements end 25 ms away from any packet that comes at its time.
    const gap = pace === 0 ? { least: 0 } : { least: pace - 10, most: pace + 10 }
    const arrivals = undisturbed(gap, (laboratory) => {
      laboratory.firewall.nft(
        `table inet sets {\n ${sets}\n chain forward {\n type filter hook forward priority 0\n ${text}\n }\n}\n`,
      )
      return send(laboratory, pace)
    })
    const ruleset: Ruleset = {
      tables: [
        {
          family: "inet",
          name: "sets",
          sets: declared,
          chains: [
            {
              name: "forward",
              base: { type: "filter", hook: "forward", priority: 0, policy: "accept" },
              rules: rules.map(([, ...steps]) => ({ steps, origin })),
            },
          ],
        },
      ],
    }
    const { comparisons, diagnostics } = compare(ruleset, arrivals)
    expect(diagnostics).toEqual([])
    // The kernel had a way for all of them: what no later hook saw was dropped.
    const others = comparisons.filter(({ kernel, through }) => (kernel === "through") !== through)
    expect(others.map(describe)).toEqual([])
    expect(comparisons).toHaveLength(PACKETS)
    const dropped = comparisons.filter(({ engine }) => engine.verdict === "drop").length
    expect(dropped).toBeGreaterThan(20)
    expect(dropped).toBeLessThan(PACKETS - 1)
  })
