import type { Prefix } from "../base/prefix.js"
import {
  address,
  concat,
  fib,
  goto,
  inSet,
  ipOf,
  is,
  isIpv4,
  isIpv6,
  l4proto,
  prefixItem,
  returnVerdict,
  th,
} from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { type Family, families, hasFamily, hostSet, minimal } from "./compile-hosts.js"
import { portItems } from "./compile-ports.js"
import { rule } from "./compile-rule.js"
import type { Opening } from "./policy.js"
import { printPort } from "./port-list.js"

export interface CompiledOpenings {
  /** For the end of a chain that returns for what is open, and closes what gets to its end. */
  readonly rules: readonly Rule[]
  /** Where what is dialled at this host ends; its last rules are the caller's own. */
  readonly chains: readonly Chain[]
  readonly sets: readonly SetDeclaration[]
}

/**
 * Rules that return for what an opening lets in. Openings that differ in their sources alone are one rule: a thousand hosts that may reach one port cost a look-up. Where ends differ, what is
 * dialled at this host goes to a chain of its own, and whatever is left is passed on; `closing` ends that chain.
 */
export function openingRules(
  openings: readonly Opening[],
  name: string,
  origin: Origin,
  closing: readonly Rule[],
): CompiledOpenings {
  const sets: SetDeclaration[] = []
  const rulesOf = (end: Opening["only"]) =>
    joined(openings.filter(({ only }) => only === end)).flatMap((opening) => returns(opening, name, sets))
  const everywhere = rulesOf(undefined)
  const [here, through] = [rulesOf("here"), rulesOf("through")]
  if (here.length === 0 && through.length === 0) return { rules: everywhere, chains: [], sets }
  const chain = { name: `${name}/here`, rules: [...here, ...closing] }
  const lead = endsHere.map((steps) => rule(origin, ...steps, goto(chain.name)))
  return { rules: [...everywhere, ...lead, ...through], chains: [chain], sets }
}

/** RTN_* of linux/rtnetlink.h. */
const LOCAL = 2
const BROADCAST = 3
const ANYCAST = 4

const typeOfDestination = fib(["daddr"], "type")

/**
 * What does not leave this host again: its own addresses, groups, and broadcasts, which IPv6 does not have (and `-m addrtype` refuses there). Of IPv6 the routing table knows the anycast
 * address of a subnet's routers, at which this host answers (Linux 6.18). A rule for each, for iptables has no list of types.
 */
const endsHere: readonly (readonly StepNode[])[] = [
  [is(typeOfDestination, LOCAL)],
  [inSet(ipOf(4, "daddr"), [{ prefix: address("224.0.0.0"), length: 4 }])],
  [inSet(ipOf(6, "daddr"), [{ prefix: address("ff00::"), length: 8 }])],
  [isIpv4, is(typeOfDestination, BROADCAST)],
  [isIpv6, is(typeOfDestination, ANYCAST)],
]

/** Openings that say the same of all but their sources, as one; each with the origin of the first. */
function joined(openings: readonly Opening[]): readonly Opening[] {
  const groups = new Map<string, Opening[]>()
  for (const opening of openings) {
    const key = `${opening.ports === "all" ? "all" : opening.ports.map(printPort).join()} ${opening.to ? `to ${opening.to.written.join()}` : ""}`
    const group = groups.get(key)
    if (group) group.push(opening)
    else groups.set(key, [opening])
  }
  return [...groups.values()].map((group) => {
    const [first] = group
    const everybody = group.find(({ from }) => from === undefined)
    if (everybody || group.length === 1) return everybody ?? first!
    const prefixes = group.flatMap(({ from }) => from?.prefixes ?? [])
    return { ...first!, from: { prefixes, written: [] } }
  })
}

function returns(opening: Opening, name: string, sets: SetDeclaration[]): readonly Rule[] {
  const { ports, from, to, origin } = opening
  if (ports !== "all" && ports.length === 0) return []
  const asked = ports === "all" ? [] : [inSet(concat(l4proto, th("dport")), portItems(ports))]
  if (!from && !to) return [rule(origin, ...asked, returnVerdict)]
  return families
    .filter((family) => !from || hasFamily(from.prefixes, family))
    .filter((family) => !to || hasFamily(to.prefixes, family))
    .map((family) =>
      rule(
        origin,
        ...(from ? [among("saddr", from.prefixes, family, name, sets)] : []),
        ...(to ? [among("daddr", to.prefixes, family, name, sets)] : []),
        ...asked,
        returnVerdict,
      ),
    )
}

/** More hosts than these are a set of their own: without networks among them it is a hash, whose look-up costs half. */
const writtenMaximum = 16

function among(
  field: "saddr" | "daddr",
  prefixes: readonly Prefix[],
  family: Family,
  name: string,
  sets: SetDeclaration[],
): StepNode {
  const hosts = minimal(prefixes, family)
  if (hosts.length <= writtenMaximum) return inSet(ipOf(family, field), hosts.map(prefixItem))
  const set = hostSet(`${name}/hosts${sets.length + 1}-${family}`, hosts, family)
  sets.push(set)
  return inSet(ipOf(family, field), set.name)
}
