import { expect, test } from "vitest"
import { ctStateIn, drop, equal, iifname, notrack, tcp } from "../../src/core/ruleset/build.js"
import { stepsToText } from "../../src/core/ruleset/kinds.js"
import type { StepNode } from "../../src/core/ruleset/node.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { createLaboratory } from "../../src/linux/host/namespace/laboratory.js"
import { openEcho, serveEcho } from "./support/gateway.js"
import { HookOracle } from "./support/hook-oracle.js"
import { needsKernel } from "./support/kernel-test.js"

const before: StepNode[][] = [
  [
    iifname("wan0"),
    equal(tcp("dport"), 7777),
    { step: "compare", left: tcp("flags"), operator: "==", right: { value: [2] } },
    notrack,
  ],
]
const through: StepNode[][] = [
  [
    equal(tcp("dport"), 7777),
    ctStateIn("invalid", "untracked"),
    { step: "synproxy", mss: 1460, windowScale: 7, timestamp: true, sackPermitted: true },
  ],
  [ctStateIn("invalid"), drop],
]

const ruleset: Ruleset = {
  tables: [
    {
      family: "ip",
      name: "proxy",
      sets: [],
      chains: [
        {
          name: "before",
          base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
          rules: before.map(ruleOf),
        },
        {
          name: "through",
          base: { type: "filter", hook: "forward", priority: 0, policy: "accept" },
          rules: through.map(ruleOf),
        },
      ],
    },
  ],
}

function ruleOf(steps: StepNode[]) {
  return { steps, origin: { span: { file: "test", line: 1, column: 1 }, text: stepsToText(steps) } }
}

const nft = `table ip proxy {
  chain before {
    type filter hook prerouting priority -300
    ${before.map((steps) => stepsToText(steps)).join("\n    ")}
  }
  chain through {
    type filter hook forward priority 0
    ${through.map((steps) => stepsToText(steps)).join("\n    ")}
  }
}`

test("real sockets through a SYN proxy: the engine takes the packets that the kernel takes, and follows the connection that it opened", async (context) => {
  needsKernel(context)
  const laboratory = createLaboratory({ hosts: "live" })
  try {
    const { firewall, outside, inside } = laboratory
    firewall.namespace.sysctl("net/netfilter/nf_conntrack_tcp_loose", 0)
    const oracle = new HookOracle(laboratory, nft)
    await serveEcho(inside, 7777)
    for (const word of ["one", "two", "three"]) {
      const echo = await openEcho(outside, "198.51.100.2", 7777)
      expect(await echo?.say(word)).toBe(word)
      echo?.close()
    }
    oracle.wait(200)
    const settings = { nf_conntrack_tcp_loose: 0 }
    const { compared, differences } = oracle.compare(ruleset, { settings }, undefined, "states of others")
    expect(differences.join("\n")).toBe("")
    expect(compared).toBeGreaterThan(20)
    // A SYN that the proxy answered, and the ACK that it believed, were never behind the forward hook: two packets for each connection.
    const taken = oracle.packets.filter(({ device, places }) => device === "wan0" && places.length === 1)
    expect(taken.length).toBe(6)
  } finally {
    laboratory.close()
  }
})
