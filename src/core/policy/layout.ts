import { ACK, FIN, RST, SYN, TCP, URG } from "../packet/packet.js"
import {
  accept,
  and,
  counter,
  ctStateIn,
  drop,
  equal,
  exists,
  exthdr,
  goto,
  hasAny,
  hasNone,
  iifname,
  inSet,
  ip,
  ipOf,
  is,
  isIpv6,
  jump,
  l4proto,
  maskedIs,
  missing,
  notInSet,
  tcp,
  vmap,
} from "../ruleset/build.js"
import { priority } from "../ruleset/hook.js"
import type { StepNode, VerdictNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule } from "../ruleset/ruleset.js"
import type { Family } from "./compile-hosts.js"
import { blockedKey } from "./compile-outcome.js"
import { rule } from "./compile-rule.js"
import type { Zone } from "./policy.js"
import type { FlagRules, Listing, Place } from "./protection.js"

/**
 * The chains that packets of a zone meet on their way in, cheapest first (docs/decisions/ has what each part costs, and what was tried instead):
 *
 *     ZONE-arrival (ingress, or jumped to from prerouting at -450)      ZONE-connections (prerouting at -150)
 *       bypass                                                            established, related ─▶ accept   (asked once, for all zones)
 *       plain ACKs of sources that no list holds ─▶ accept                bypass
 *       blocked sources, lists ─▶ drop                                    invalid ─▶ ZONE-invalid
 *       fragments ─▶ ZONE-fragments                                       new ─▶ ZONE-new
 *       flags: one look-up; SYN ─▶ ZONE-syn
 *       datagrams
 *
 * Nearly every packet of a live connection is a plain ACK: it carries no flag that a protection speaks of, it opens nothing, and what it claims is judged after
 * conntrack. So it pays for two of these questions, and the look-up that cuts off who is blocked is one of them.
 */
export interface ZoneRules {
  readonly zone: Zone
  readonly bypass: readonly Rule[]
  readonly flags: readonly FlagRules[]
  readonly listings: readonly Listing[]
  /** In the order that packets meet them. */
  at(place: Place): readonly Rule[]
}

/** DF is not a fragment's mark. */
const FRAGMENT = 0x3fff
const OFFSET = 0x1fff

/** All flags that are judged: FIN to URG. */
const SIX_FLAGS = 0x3f

export function arrivalChains({ zone, bypass, flags, listings, at }: ZoneRules): readonly Chain[] {
  const name = (part: string) => `${zone.name}-${part}`
  const own: Origin = { ...zone.origin, zone: zone.name }
  const blocked: Origin = { ...own, protection: "blocked", text: "sources that are blocked" }
  const listed = at("listed")
  const shortWay = (family: Family, isWhole: StepNode) =>
    rule(
      own,
      isWhole,
      is(l4proto, TCP),
      maskedIs(tcp("flags"), FIN | SYN | RST | ACK | URG, ACK),
      notInSet(blockedKey(family), `blocked${family}`),
      ...listings
        .filter((listing) => listing.family === family)
        .map(({ set }) => notInSet(ipOf(family, "saddr"), set)),
      accept,
    )
  const dropBlocked = (family: Family) =>
    rule(blocked, inSet(blockedKey(family), `blocked${family}`), counter, drop)
  return [
    {
      name: name("arrival"),
      rules: [
        ...bypass,
        ...at("arrival"),
        shortWay(4, hasNone(ip("frag-off"), FRAGMENT)),
        rule(own, isIpv6, goto(name("arrival6"))),
        dropBlocked(4),
        ...listed,
        rule(own, hasAny(ip("frag-off"), FRAGMENT), goto(name("fragments"))),
        rule(own, goto(name("packets"))),
      ],
    },
    {
      name: name("arrival6"),
      rules: [
        shortWay(6, missing(exthdr("frag"))),
        dropBlocked(6),
        ...listed,
        rule(own, exists(exthdr("frag")), goto(name("fragments"))),
        rule(own, goto(name("packets"))),
      ],
    },
    {
      name: name("fragments"),
      rules: [
        ...at("fragment"),
        // A first fragment has the headers that the other protections ask for; later ones end here, for what would be read of them is no header.
        rule(own, hasNone(ip("frag-off"), OFFSET), goto(name("packets"))),
        rule(own, equal(exthdr("frag", "frag-off"), 0), goto(name("packets"))),
      ],
    },
    ...packetChains(own, name("packets"), flags, at),
  ]
}

/** Whole packets and first fragments: flags in one look-up, SYNs, and what is not TCP. */
export function packetChains(
  origin: Origin,
  name: string,
  flags: readonly FlagRules[],
  at: (place: Place) => readonly Rule[],
): readonly Chain[] {
  const syn = at("syn")
  const chains: Chain[] = []
  if (syn.length > 0) chains.push({ name: `${name}-syn`, rules: syn })
  const byTargets = new Map<string, string>()
  const map: [number, VerdictNode][] = []
  for (let combination = 0; combination <= SIX_FLAGS; combination++) {
    const targets = flags.filter((judge) => judge.flags.includes(combination)).map(({ chain }) => chain)
    if (syn.length > 0 && (combination & (FIN | SYN | RST | ACK)) === SYN) targets.push(`${name}-syn`)
    if (targets.length === 0) continue
    map.push([combination, jump(targets.length === 1 ? targets[0]! : several(targets))])
  }
  const judge = map.length > 0 ? [rule(origin, vmap(and(tcp("flags"), SIX_FLAGS), map))] : []
  return [{ name, rules: [...judge, ...at("datagram")] }, ...chains]

  /** A combination that several protections speak of: each has its say until one drops. */
  function several(targets: readonly string[]): string {
    const key = targets.join(" ")
    const known = byTargets.get(key)
    if (known) return known
    const made = `${name}-flags${byTargets.size + 1}`
    byTargets.set(key, made)
    chains.push({ name: made, rules: targets.map((target) => rule(origin, jump(target))) })
    return made
  }
}

/** What stands behind conntrack for a zone; empty where nothing does. */
export function connectionChains({ zone, bypass, at }: ZoneRules, prefix = zone.name): readonly Chain[] {
  const own: Origin = { ...zone.origin, zone: zone.name }
  const [invalid, fresh] = [at("invalid"), at("new")]
  if (invalid.length === 0 && fresh.length === 0) return []
  const part = (name: string) => `${prefix}-${name}`
  return [
    {
      name: part("connections"),
      rules: [
        ...bypass,
        ...(invalid.length > 0 ? [rule(own, ctStateIn("invalid"), goto(part("invalid-state")))] : []),
        ...(fresh.length > 0 ? [rule(own, ctStateIn("new"), goto(part("new-state")))] : []),
      ],
    },
    ...(invalid.length > 0 ? [{ name: part("invalid-state"), rules: invalid }] : []),
    ...(fresh.length > 0 ? [{ name: part("new-state"), rules: fresh }] : []),
  ]
}

/** Chains at which the kernel starts: an arrival chain on the devices that can have one, else prerouting, by name. */
export function incomingBaseChains(
  zones: readonly ZoneRules[],
  arrivals: readonly Chain[],
  ingressDevices: readonly string[],
): readonly Chain[] {
  const base: Chain[] = []
  const byName: Rule[] = []
  for (const { zone } of zones) {
    const own: Origin = { ...zone.origin, zone: zone.name }
    const arrival = `${zone.name}-arrival`
    const devices = zone.interfaces.filter((device) => ingressDevices.includes(device))
    const others = zone.interfaces.filter((device) => !ingressDevices.includes(device))
    if (devices.length > 0) {
      // The rules themselves and no jump to them: each packet would pay for it.
      const rules = arrivals.find(({ name }) => name === arrival)?.rules ?? []
      base.push({
        name: `${zone.name}-ingress`,
        base: { type: "filter", hook: "ingress", priority: ingressPriority, policy: "accept", devices },
        rules,
      })
    }
    byName.push(...others.map((device) => rule(own, iifname(device), jump(arrival))))
  }
  if (byName.length > 0) {
    base.push({
      name: "arrival",
      base: {
        type: "filter",
        hook: "prerouting",
        priority: priority.beforeDefragmentation,
        policy: "accept",
      },
      rules: byName,
    })
  }
  return base
}

/** Before other tables' ingress chains, which use 0 and above. */
const ingressPriority = -500

/** The one chain behind conntrack: every packet pays for its first rule, packets of live connections for no other. */
export function connectionsBaseChain(zones: readonly ZoneRules[], origin: Origin): Chain | undefined {
  const tracked = zones.filter(({ at }) => at("tracked").length > 0)
  const judged = zones.filter((zone) => connectionChains(zone).length > 0)
  if (tracked.length === 0 && judged.length === 0) return undefined
  const lead = (zone: Zone, chain: string, verdict: (chain: string) => VerdictNode) =>
    zone.interfaces.map((device) =>
      rule({ ...zone.origin, zone: zone.name }, iifname(device), verdict(`${zone.name}-${chain}`)),
    )
  return {
    name: "connections",
    base: { type: "filter", hook: "prerouting", priority: priority.mangle, policy: "accept" },
    rules: [
      ...tracked.flatMap(({ zone }) => lead(zone, "tracked", jump)),
      rule(origin, ctStateIn("established", "related"), accept),
      ...judged.flatMap(({ zone }) => lead(zone, "connections", goto)),
    ],
  }
}

export function trackedChains(zones: readonly ZoneRules[]): readonly Chain[] {
  return zones
    .filter(({ at }) => at("tracked").length > 0)
    .map(({ zone, bypass, at }) => ({
      name: `${zone.name}-tracked`,
      // A bypass is an accept, and the chain is jumped to from the base chain: the packet is past both.
      rules: [...bypass, ...at("tracked")],
    }))
}
