import { expect, test } from "vitest"
import { families } from "../../scripts/conformance/random/families.js"
import { type RandomTally, runRandom } from "../../scripts/conformance/random/referee-score.js"
import { needsKernel } from "./support/kernel-test.js"

/**
 * The short form of `npm run conformance`: the same generators, a fixed seed, few runs. What the kernel says of random rules and traffic the engine must say too, packet by
 * packet; how much was dropped and matched says that there was something to agree on.
 */
const SEED = 90_000

const cases = [
  { name: "nft", families: ["nft"], runs: 24 },
  {
    name: "iptables",
    families: ["iptables-legacy", "iptables-nft", "styles-legacy", "styles-nft"],
    runs: 24,
  },
] as const

for (const { name, families: names, runs } of cases)
  test(`${name}: random rules, random traffic: at least 99.9 % of packets end where they end in the kernel`, {
    timeout: 300_000,
  }, (context) => {
    needsKernel(context)
    const { tallies, reports } = runRandom({
      families: families.filter((family) => (names as readonly string[]).includes(family.name)),
      seed: SEED,
      runs,
    })
    const sum = (of: (tally: RandomTally) => number) => tallies.reduce((all, tally) => all + of(tally), 0)
    const packets = sum((tally) => tally.packets)
    const same = sum((tally) => tally.same)
    expect(same / packets, reports.join("\n")).toBeGreaterThanOrEqual(0.999)
    const rules = sum((tally) => tally.rules)
    expect(sum((tally) => tally.sameCounters) / rules, reports.join("\n")).toBeGreaterThanOrEqual(0.98)
    // What there was to agree on.
    expect(sum((tally) => tally.cases)).toBe(runs)
    expect(sum((tally) => tally.refused + tally.unreadable)).toBeLessThanOrEqual(1)
    expect(packets).toBeGreaterThan(runs * 80)
    expect(sum((tally) => tally.dropped)).toBeGreaterThan(packets * 0.1)
    expect(sum((tally) => tally.matched)).toBeGreaterThan(runs * 4)
    expect(sum((tally) => tally.left)).toBeLessThan(packets * 0.02)
  })
