import * as fc from "fast-check"
import { renderNft } from "../../../src/core/backend/nft/render.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import type { Case } from "./case.js"
import { usualPools } from "./pools.js"
import { rulesets } from "./rulesets.js"
import { randomTraffic } from "./traffic.js"

/** A random nft case: the same for the same seed. */
export function nftCase(seed: number): Case {
  // Most cases look at time as little as they can; some are about it.
  const kind = seed % 16
  const timed = kind === 1 || kind === 2
  const counting = kind === 3
  const [made] = fc.sample(
    fc.tuple(
      rulesets({ pools: usualPools, timed, counting }),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.boolean(),
    ),
    { seed, numRuns: 1 },
  )
  const [ruleset, trafficSeed, asks] = made!
  return nftCaseOf(`nft ${seed}`, ruleset, {
    frames: randomTraffic(trafficSeed, {
      pools: usualPools,
      stories: counting ? 8 : 24,
      pace: timed ? "bursts" : counting ? "apart" : "steady",
    }),
    conntrack: asks ? "on" : "auto",
  })
}

/** The same rules for both judges. */
export function nftCaseOf(name: string, ruleset: Ruleset, rest: Pick<Case, "frames" | "conntrack">): Case {
  return { name, ruleset, loads: [{ command: "nft", text: renderNft(ruleset).text }], ...rest }
}
