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
  jump,
  notInSet,
  notrack,
  returnVerdict,
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
