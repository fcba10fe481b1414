import * as fc from "fast-check"
import { readIptables } from "../../../src/core/backend/iptables/read.js"
import { printDiagnostic } from "../../../src/core/base/diagnostic.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import type { Case, Load } from "./case.js"
import { Chance } from "./chance.js"
import { iptablesText } from "./iptables-rules.js"
import { usualPools } from "./pools.js"
import { styles } from "./styles.js"
import { randomTraffic } from "./traffic.js"

export type Variant = "legacy" | "nft"

/** Random rules of iptables and ip6tables together, loaded by one of the two programs of that name. */
export function iptablesCase(seed: number, variant: Variant): Case {
  const counting = seed % 16 === 3
  const [made] = fc.sample(
    fc.tuple(
      iptablesText({ family: 4, pools: usualPools, counting }),
      iptablesText({ family: 6, pools: usualPools, counting }),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.boolean(),
    ),
    { seed, numRuns: 1 },
  )
  const [four, six, trafficSeed, asks] = made!
  return caseOf(`iptables-${variant} ${seed}`, variant, four, six, {
    trafficSeed,
    counting,
    conntrack: asks ? "on" : "auto",
  })
}

/** Rules in the style of a tool that people use, or of people themselves. */
export function styleCase(seed: number, variant: Variant): Case {
  const chance = new Chance(seed)
  const style = styles[seed % styles.length]!
  const four = style.text(chance, 4) ?? ""
  const six = style.text(chance, 6) ?? ""
  const counting = four.includes("connlimit")
  return caseOf(`${style.name} ${variant} ${seed}`, variant, four, six, {
    trafficSeed: chance.below(0x7fffffff),
    counting,
    conntrack: chance.once(2) ? "on" : "auto",
  })
}

interface Rest {
  readonly trafficSeed: number
  readonly counting: boolean
  readonly conntrack: "on" | "auto"
}

function caseOf(name: string, variant: Variant, four: string, six: string, rest: Rest): Case {
  const loads: Load[] = []
  if (four !== "") loads.push({ command: `iptables-${variant}-restore`, text: four })
  if (six !== "") loads.push({ command: `ip6tables-${variant}-restore`, text: six })
  return {
    name,
    ruleset: rulesetOf(loads),
    loads,
    frames: randomTraffic(rest.trafficSeed, {
      pools: usualPools,
      stories: rest.counting ? 8 : 24,
      pace: rest.counting ? "apart" : "steady",
    }),
    conntrack: rest.conntrack,
  }
}

/** What the engine reads out of the texts that the kernel's tools are given. Throws where it finds a mistake: the generators write none. */
export function rulesetOf(loads: readonly Load[]): Ruleset {
  const tables = loads.flatMap(({ command, text }) => {
    const { ruleset, diagnostics } = readIptables({ path: command, text }, command.startsWith("ip6") ? 6 : 4)
    const errors = diagnostics.filter(({ severity }) => severity === "error")
    if (errors.length > 0) throw new Error(errors.map(printDiagnostic).join("\n"))
    return ruleset.tables
  })
  return { tables }
}
