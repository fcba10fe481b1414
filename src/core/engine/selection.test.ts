import { expect, test } from "vitest"
import {
  accept,
  add,
  ctStateIn,
  drop,
  goto,
  iifname,
  inSet,
  ip,
  is,
  jump,
  notInSet,
  notrack,
  returnVerdict,
  tcp,
  vmap,
} from "../ruleset/build.js"
import type { Chain, SetDeclaration } from "../ruleset/ruleset.js"
import type { Engine } from "./engine.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"
import type { Trace } from "./trace.js"

/** Rules are selected by class of packet where nobody watches, and walked as they stand where somebody does: both say the same. */
function bothSay(rules: readonly Chain[], sets: readonly SetDeclaration[], script: string): string[] {
  const options = {
    conntrack: "on",
    interfaces: [
      { name: "eth0", networks: [] },
      { name: "lan", networks: [] },
    ],
  } as const
  const plain = judgeScript(engineOf(table(rules, sets), options), script)
  const watched = engineOf(table(rules, sets), options)
  const { judge } = watched
  watched.judge = (packet, path) => judge.call(watched, packet, path, nobody)
  expect(judgeScript(watched as Engine, script)).toEqual(plain)
  return plain.map((line) => line.split(" ").slice(0, 3).join(" "))
}

const nobody: Trace = {
  enter() {},
  step() {},
  verdict() {},
  end() {},
  policy() {},
  kernel() {},
}

const seen: SetDeclaration = { name: "seen", key: ["ipv4_addr"], flags: ["dynamic"], size: 100 }

const two = `
in eth0 10.0.0.9:1000 > 10.0.0.1:22 S
in eth0 10.0.0.9:1000 > 10.0.0.1:22 S
in eth0 10.0.0.8:1000 > 10.0.0.1:22 S`

test("a set that a rule fills on the packet's way is no longer empty for the rules behind it", () => {
  const rules = [rule(inSet(ip("saddr"), "seen"), drop), rule(add("seen", ip("saddr")))]
  const looks = rule(inSet(ip("saddr"), "seen"), accept)
  expect(bothSay([chain("in", "input", 0, [...rules, looks], "drop")], [seen], two)).toEqual([
    "accept new in:2",
    "drop new in:0",
    "accept new in:2",
  ])
})

test("nor for the rules behind the jump or the goto that led to it", () => {
  const looks = rule(inSet(ip("saddr"), "seen"), drop)
  const fills = (name: string) => chain(name, null, 0, [rule(add("seen", ip("saddr")))])
  expect(
    bothSay(
      [
        chain("in", "input", 0, [rule(jump("one")), looks]),
        chain("one", null, 0, [rule(iifname("eth0"), jump("two")), rule(goto("three"))]),
        chain("two", null, 0, [rule(goto("fills"))]),
        chain("three", null, 0, [rule(returnVerdict)]),
        fills("fills"),
      ],
      [seen],
      two,
    ),
  ).toEqual(["drop new in:1", "drop new in:1", "drop new in:1"])
})

test("a step behind one that fills the set of the same rule looks again", () => {
  const rules = [rule(add("seen", ip("saddr")), notInSet(ip("saddr"), "seen"), drop)]
  expect(bothSay([chain("in", "input", 0, rules)], [seen], two)).toEqual([
    "accept new ",
    "accept new ",
    "accept new ",
  ])
})

test("the same flags come with other states and from other interfaces", () => {
  const rules = [
    rule(ctStateIn("established"), accept),
    rule(iifname("lan"), goto("lan")),
    rule(ctStateIn("new"), drop),
  ]
  expect(
    bothSay(
      [chain("in", "input", 0, rules), chain("lan", null, 0, [rule(ctStateIn("new"), accept)])],
      [],
      `
in eth0 10.0.0.9:1000 > 10.0.0.1:22 A
in lan 10.0.0.9:1001 > 10.0.0.1:22 A
in lan 10.0.0.1:22 > 10.0.0.9:1001 A
in eth0 10.0.0.9:1002 > 10.0.0.1:22 A`,
    ),
  ).toEqual(["drop new in:2", "accept new lan:0", "accept established in:0", "drop new in:2"])
})

test("a state that a rule changes is asked where it is asked", () => {
  const rules = [rule(notrack), rule(ctStateIn("untracked"), drop)]
  expect(bothSay([chain("in", "input", 0, rules)], [], "in eth0 10.0.0.9:1000 > 10.0.0.1:22 SF")).toEqual([
    "drop untracked in:1",
  ])
})

/** Ports from 1 on that a chain of their own judges, which is jumped to from each of `sites` rules that ask for the source. */
function jumpingOften(sites: number): Chain[] {
  const asks = Array.from({ length: 40 }, (_, port) => rule(is(tcp("dport"), port + 1), returnVerdict))
  const jumps = Array.from({ length: sites }, (_, at) => rule(is(tcp("sport"), 1000 + at), jump("ports")))
  return [
    chain("in", "input", 0, [...jumps, rule(is(tcp("dport"), 22), accept)], "drop"),
    chain("ports", null, 0, [...asks, rule(is(tcp("dport"), 50), drop), rule(jump("last"))]),
    chain("last", null, 0, [rule(is(tcp("dport"), 60), goto("end"))]),
    chain("end", null, 0, [rule(is(tcp("sport"), 1001), accept)]),
  ]
}

test.for([2, 60])("a chain is the same from each of %i places that jump to it", (sites) => {
  const script = [1000, 1001, 1059, 1000]
    .flatMap((source) => [22, 50, 60, 70].map((port) => `in eth0 10.0.0.9:${source} > 10.0.0.1:${port} S`))
    .join("\n")
  const said = bothSay(jumpingOften(sites), [], script)
  expect(said.slice(0, 4)).toEqual([
    `accept new in:${sites}`,
    "drop new ports:40",
    "drop new in:policy",
    "drop new in:policy",
  ])
  expect(said.slice(4, 8)).toEqual([
    `accept new in:${sites}`,
    "drop new ports:40",
    "accept new end:0",
    "drop new in:policy",
  ])
  // The third source has a jump of its own where there are so many.
  expect(said[9]).toBe(sites === 60 ? "drop new ports:40" : "drop new in:policy")
  expect(said.slice(12)).toEqual(said.slice(0, 4))
})

test("a map leads into a chain and behind itself, and a set that is filled within ends what was foreseen", () => {
  const within = [rule(add("seen", ip("saddr"))), rule(inSet(ip("saddr"), "seen"), returnVerdict)]
  const rules = [rule(jump("outer")), rule(inSet(ip("saddr"), "seen"), accept)]
  const outer = [
    rule(
      vmap(tcp("dport"), [
        [22, jump("within")],
        [23, goto("within")],
        [24, returnVerdict],
        [25, drop],
      ]),
    ),
    rule(is(tcp("sport"), 1000), drop),
  ]
  const script = [22, 23, 24, 25, 26]
    .flatMap((port) => [1000, 1001].map((source) => `in eth0 10.0.0.${port}:${source} > 10.0.0.1:${port} S`))
    .join("\n")
  expect(
    bothSay(
      [
        chain("in", "input", 0, rules, "drop"),
        chain("outer", null, 0, outer),
        chain("within", null, 0, within),
      ],
      [seen],
      script,
    ),
  ).toEqual([
    "drop new outer:1",
    "accept new in:1",
    "accept new in:1",
    "accept new in:1",
    "drop new in:policy",
    "drop new in:policy",
    "drop new outer:0",
    "drop new outer:0",
    "drop new outer:1",
    "drop new in:policy",
  ])
})
