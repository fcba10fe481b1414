import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import type { StepNode } from "../ruleset/node.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"

const RTN_LOCAL = 2

/** Rules that drop packets of an own address, and packets for one, at a hook. */
function judge(hook: "prerouting" | "output" | "forward", script: string, local: readonly string[]): string {
  const isOwn = (which: "saddr" | "daddr"): StepNode => ({
    step: "compare",
    left: { expression: "fib", selectors: [which], result: "type" },
    operator: "==",
    right: { value: [RTN_LOCAL] },
  })
  const drop: StepNode = { step: "verdict", verdict: "drop" }
  const rules = [rule(isOwn("saddr"), drop), rule(isOwn("daddr"), drop)]
  const engine = engineOf(table([chain("c", hook, 0, rules)]), {
    interfaces: [{ name: "eth0", networks: ["default"] }],
    local: local.map((text) => {
      const address = parseAddress(text)
      if (!address) throw new Error(text)
      return address
    }),
  })
  return judgeScript(engine, script)[0]!
    .trim()
    .split(/\s+/)
    .slice(0, 3)
    .filter((word) => word !== "in")
    .join(" ")
}

const arrives = "in eth0 203.0.113.1:1000 > 192.0.2.1:53 udp"
const leaves = "out eth0 192.0.2.1:1000 > 203.0.113.1:53 udp"

test.each([
  ["nobody said it: what is for this host has an own destination", "prerouting", arrives, [], "drop - c:1"],
  ["nobody said it: what leaves has an own source", "output", leaves, [], "drop - c:0"],
  ["somebody said it", "prerouting", arrives, ["192.0.2.1"], "drop - c:1"],
  ["somebody said that others are", "prerouting", arrives, ["192.0.2.7"], "accept -"],
] as const)("%s", (_name, hook, script, local, wanted) => {
  expect(judge(hook, script, local)).toBe(wanted)
})
