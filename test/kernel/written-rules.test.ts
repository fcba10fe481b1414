import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import type { Load } from "../../scripts/conformance/random/case.js"
import { describePacket } from "../../scripts/conformance/random/judge.js"
import { usualPools } from "../../scripts/conformance/random/pools.js"
import { runCase } from "../../scripts/conformance/random/run-case.js"
import { randomTraffic } from "../../scripts/conformance/random/traffic.js"
import { type RuleFormat, readRules } from "../../src/core/backend/formats.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { needsKernel } from "./support/kernel-test.js"

/**
 * Rules as people and their tools have them (`rules/`), written by hand, with everything that such rules use beside one another: chains of chains, verdict maps, sets that
 * rules fill, knocking, quotas, limits, meters, marks, rejects, logs. What the kernel does with random traffic the engine does too.
 */
const files: readonly (readonly [name: string, command: "nft" | "iptables-nft" | "iptables-legacy"])[] = [
  ["server-and-gateway.nft", "nft"],
  ["firewalld-like.nft", "nft"],
  ["openwrt-like.nft", "nft"],
  ["limits.nft", "nft"],
  ["kura.v4 kura.v6", "iptables-legacy"],
  ["csf.v4", "iptables-nft"],
  ["ufw.v4", "iptables-legacy"],
]

const SEED = 7

for (const [names, program] of files)
  test(`${names}, loaded by ${program}: each packet ends where it ends in the kernel`, {
    timeout: 180_000,
  }, (context) => {
    needsKernel(context)
    const loads: Load[] = []
    const tables: Ruleset["tables"][number][] = []
    for (const name of names.split(" ")) {
      const text = readFileSync(new URL(`rules/${name}`, import.meta.url), "utf8")
      const isSix = name.endsWith(".v6")
      const format: RuleFormat = program === "nft" ? "nft" : isSix ? "ip6tables" : "iptables"
      const { ruleset, diagnostics } = readRules({ path: name, text }, format)
      expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
      tables.push(...ruleset.tables)
      const command =
        program === "nft"
          ? "nft"
          : (`${program.replace("ip", isSix ? "ip6" : "ip")}-restore` as Load["command"])
      loads.push({ command, text })
    }
    const outcome = runCase({
      name: names,
      ruleset: { tables },
      loads,
      frames: randomTraffic(SEED, { pools: usualPools, stories: 40, pace: "steady" }),
      conntrack: "on",
    })
    expect([outcome.refused, outcome.unreadable]).toEqual([null, null])
    const differing = outcome.judged.filter(({ same }) => !same)
    expect(
      differing.map(
        ({ arrival, kernel, engine, why }) => `${describePacket(arrival)}: ${kernel}, ${engine} (${why})`,
      ),
    ).toEqual([])
    // What the host says to itself over its loopback device counts in the kernel alone.
    expect(outcome.rules.all - outcome.rules.different.length).toBeGreaterThanOrEqual(outcome.rules.all - 3)
    expect(outcome.judged.length).toBeGreaterThan(200)
    expect(outcome.rules.matched).toBeGreaterThan(10)
  })
