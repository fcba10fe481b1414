import { goto, limitOver, limit as limitTo, notInSet, update } from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { families } from "./compile-hosts.js"
import { sourceKey } from "./compile-proof.js"
import { rule } from "./compile-rule.js"
import type { Policy } from "./policy.js"

/*
 * What scanners meet is told packet by packet, for a scan is known by how many ports it tries. It is met behind conntrack, where asking a limit is a fifteenth of what the packet has cost before.
 *
 *     NAME           newcomers beyond their pace          ─▶ NAME/sampled
 *                    a source beyond its part             ─▶ NAME/sampled
 *                    all together beyond what is bearable ─▶ NAME/sampled
 *                    logged, counted
 *     NAME/sampled   a few are logged as a sample; counted
 *
 * So who is loud takes nothing from who is quiet, and forged sources that come once each take no more than the newcomers' pace. What is logged in the first chain is known to the last packet; the
 * sample is drawn of the rest by the clock, whoever sends it, and stands for the second chain's count alone.
 */

/** All together. */
const toldRate = { count: 150, unit: "second" } as const
const toldBurst = 300
const sampleRate = { count: 50, unit: "second" } as const
const sampleBurst = 100
/** Sources that are not known yet: fewer than the set forgets in its time. */
const newcomersRate = { count: 100, unit: "second" } as const
const newcomersBurst = 200
const knownFor = 60e9
const knownMaximum = 8192
/** One source at once; of twenty ports a scan is known. */
const leastPart = 64
const mostPart = 4096

/** For the outcome of a protection that scanners meet. */
export interface ProbeChains {
  /** The first has the name that was asked for. */
  readonly chains: readonly Chain[]
  readonly sets: readonly SetDeclaration[]
}

/** The chains `name` and `name/sampled`, and the sets of sources that have had a part lately. */
export function fairlyTold(
  name: string,
  origin: Origin,
  policy: Policy,
  told: {
    readonly before: readonly Rule[]
    readonly log: StepNode
    readonly logSample: StepNode
    readonly end: Rule
  },
): ProbeChains {
  const sampled = `${name}/sampled`
  const part = partOf(policy)
  const beyondPart = limitOver({ count: part / 2, unit: "minute" }, part)
  const sets = families.map(
    (family): SetDeclaration => ({
      name: `${name}/told${family}`,
      key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
      flags: ["dynamic", "timeout"],
      timeout: knownFor,
      size: knownMaximum,
      keeps: "limiter",
      origin,
    }),
  )
  const fair = families.flatMap((family) => {
    const key = sourceKey(family)
    const known = `${name}/told${family}`
    return [
      rule(origin, notInSet(key, known), limitOver(newcomersRate, newcomersBurst), goto(sampled)),
      // A set that is full has no room for a part: the next rule asks.
      rule(origin, update(known, key, {}, beyondPart), goto(sampled)),
    ]
  })
  return {
    sets,
    chains: [
      {
        name,
        rules: [
          ...told.before,
          ...fair,
          rule(origin, limitOver(toldRate, toldBurst), goto(sampled)),
          rule(origin, told.log),
          told.end,
        ],
      },
      { name: sampled, rules: [rule(origin, limitTo(sampleRate, sampleBurst), told.logSample), told.end] },
    ],
  }
}

/** Detectors that count what one source tries. */
const ofOneSource = new Set(["port-scan", "slow-port-scan", "udp-port-scan"])

/** What a source may have logged at once, and half of it each minute: twice what the detectors of scans count to. */
function partOf({ detect }: Policy): number {
  const counts = detect
    .filter(({ name }) => ofOneSource.has(name))
    .flatMap(({ limit, exceptions }) => [limit, ...exceptions.map((exception) => exception.limit)])
    .map((limit) => (limit && limit !== "off" && limit.form === "window" ? limit.count : 0))
  return Math.min(mostPart, Math.max(leastPart, ...counts.map((count) => 2 * count + 2)))
}
