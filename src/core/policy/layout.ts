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
  fib,
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
  meta,
  missing,
  notEqual,
  notInSet,
  tcp,
  vmap,
} from "../ruleset/build.js"
import { priority } from "../ruleset/hook.js"
import type { StepNode, VerdictNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule } from "../ruleset/ruleset.js"
import { type Family, families } from "./compile-hosts.js"
import { isAcknowledgement, sourceKey } from "./compile-proof.js"
import { rule } from "./compile-rule.js"
import type { Zone } from "./policy.js"
import type { FlagRules, Listing, Place } from "./protection.js"

/**
 * The chains that packets of a zone meet on their way in, cheapest first (docs/decisions/ has what each part costs, and what was tried instead):
 *
 *     ZONE/ingress (or ZONE/arrival, from prerouting at -450)           connections (prerouting at -150)
 *       bypass                                                            established, related ─▶ accept
 *       plain ACKs of sources that no list holds ─▶ accept              ZONE/state
 *       fragments ─▶ ZONE/fragmented: blocked, lists, fragments           bypass
 *       SYN ─▶ ZONE/syn: blocked, lists, limits                           invalid ─▶ ZONE/state-invalid
 *       flags: one look-up                                                new ─▶ ZONE/state-new
 *       blocked, lists
 *       datagrams
 *
 * Nearly every packet of a live connection is a plain ACK: it carries no flag that a protection speaks of, it opens nothing, and what it claims is judged after
 * conntrack. So it meets one rule, and the look-up that cuts off who is blocked is in it.
 */
export interface ZoneRules {
  readonly zone: Zone
  /** The policy's bypasses, where the backend has no chain for them. */
  readonly bypass: readonly Rule[]
  /** Those of what leaves, for chains that packets meet before they are routed. */
  readonly unroutedBypass: readonly Rule[]
  /** The jump to the chain of all bypasses, the policy's and the administrator's; empty where the backend has none. */
  readonly ownBypass: readonly Rule[]
  readonly flags: readonly FlagRules[]
  readonly listings: readonly Listing[]
  /** Somebody may be kept from opening anything new, so that new connections of all kinds are looked at, even if nothing else judges them. */
  readonly keepsOutUnproven: boolean
  /** In the order that packets meet them. */
  at(place: Place): readonly Rule[]
}

/** DF is not a fragment's mark. */
const FRAGMENT = 0x3fff
const OFFSET = 0x1fff

/** All flags that are judged: FIN to URG. */
const SIX_FLAGS = 0x3f

export function arrivalChains({ zone, bypass, ownBypass, flags, listings, at }: ZoneRules): readonly Chain[] {
  const name = (part: string) => `${zone.name}/${part}`
  const own: Origin = { ...zone.origin, zone: zone.name }
  const blocked: Origin = { ...own, protection: "blocked", text: "sources that are blocked" }
  const listed = at("listed")
  const shortWay = (family: Family, ...isWholeTcp: readonly StepNode[]) =>
    rule(
      own,
      ...isWholeTcp,
      maskedIs(tcp("flags"), FIN | SYN | RST | ACK | URG, ACK),
      notInSet(sourceKey(family), `blocked${family}`),
      notInSet(ipOf(family, "saddr"), `blocked-networks${family}`),
      ...listings
        .filter((listing) => listing.family === family)
        .map(({ set }) => notInSet(ipOf(family, "saddr"), set)),
      accept,
    )
  const dropBlocked = (family: Family) => [
    rule(blocked, inSet(sourceKey(family), `blocked${family}`), counter, drop),
    rule(blocked, inSet(ipOf(family, "saddr"), `blocked-networks${family}`), counter, drop),
  ]
  const judgesAll = at("arrival").length > 0
  // SYNs are what floods are made of: a comparison leads them to their chain, for less than the look-up that all other flags share.
  const leadSyn = rule(own, maskedIs(tcp("flags"), SIX_FLAGS, SYN), goto(name("syn")))
  const packets = packetChains(own, name("packets"), goto(name("syn")), flags)
  return [
    {
      name: name("arrival"),
      rules: [
        ...bypass,
        ...(judgesAll ? ownBypass : []),
        ...at("arrival"),
        // A byte of the header is read in place; `meta l4proto` is a call (0.01 of an established packet).
        shortWay(4, hasNone(ip("frag-off"), FRAGMENT), is(ip("protocol"), TCP)),
        rule(own, isIpv6, goto(name("arrival6"))),
        ...(judgesAll ? [] : ownBypass),
        rule(own, hasAny(ip("frag-off"), FRAGMENT), goto(name("fragmented"))),
        leadSyn,
        ...packets.judge,
        ...dropBlocked(4),
        ...listed,
        ...at("datagram"),
      ],
    },
    {
      name: name("arrival6"),
      rules: [
        shortWay(6, missing(exthdr("frag")), is(l4proto, TCP)),
        ...(judgesAll ? [] : ownBypass),
        rule(own, exists(exthdr("frag")), goto(name("fragmented"))),
        leadSyn,
        ...packets.judge,
        ...dropBlocked(6),
        ...listed,
        ...at("datagram"),
      ],
    },
    {
      name: name("fragmented"),
      rules: [
        ...dropBlocked(4),
        ...dropBlocked(6),
        ...listed,
        ...at("fragment"),
        // A first fragment has the headers that the other protections ask for; later ones end here, for what would be read of them is no header.
        rule(own, hasAny(ip("frag-off"), OFFSET), accept),
        rule(own, notEqual(exthdr("frag", "frag-off"), 0), accept),
        ...packets.judge,
        ...at("datagram"),
      ],
    },
    {
      name: name("syn"),
      rules: [
        ...dropBlocked(4),
        ...dropBlocked(6),
        ...families.map(dropUnproven(own)),
        ...listed,
        ...at("syn"),
      ],
    },
    ...packets.chains,
  ]
}

/** What opens a connection, of sources that are blocked without a proof of who they are. */
function dropUnproven(own: Origin) {
  const origin: Origin = {
    ...own,
    protection: "blocked",
    text: "new connections of sources that may be forged",
  }
  return (family: Family) => rule(origin, inSet(sourceKey(family), `blocked-new${family}`), counter, drop)
}

/** What TCP flags are judged by: one look-up for all kinds, made of those that the policy has. */
export function packetChains(
  origin: Origin,
  name: string,
  syn: VerdictNode | undefined,
  flags: readonly FlagRules[],
): { readonly judge: readonly Rule[]; readonly chains: readonly Chain[] } {
  const chains: Chain[] = []
  const byTargets = new Map<string, string>()
  const map: [number, VerdictNode][] = []
  for (let combination = 0; combination <= SIX_FLAGS; combination++) {
    const targets: VerdictNode[] = []
    for (const judge of flags) {
      if (!judge.flags.includes(combination) || isClosed(targets, flags)) continue
      targets.push(jump(judge.chain))
    }
    const isSyn = (combination & (FIN | SYN | RST | ACK)) === SYN
    if (isSyn && syn && !isClosed(targets, flags)) targets.push(syn)
    if (targets.length > 0) map.push([combination, targets.length === 1 ? targets[0]! : several(targets)])
  }
  return { judge: map.length > 0 ? [rule(origin, vmap(and(tcp("flags"), SIX_FLAGS), map))] : [], chains }

  /** A combination that several protections speak of: each has its say until one drops. */
  function several(targets: readonly VerdictNode[]): VerdictNode {
    const key = targets.map(({ chain }) => chain).join(" ")
    const known = byTargets.get(key) ?? `${name}/flags${byTargets.size + 1}`
    if (!byTargets.has(key))
      chains.push({ name: known, rules: targets.map((target) => rule(origin, target)) })
    byTargets.set(key, known)
    return jump(known)
  }
}

function isClosed(targets: readonly VerdictNode[], flags: readonly FlagRules[]): boolean {
  return targets.some(({ chain }) => flags.some((judge) => judge.chain === chain && judge.isFinal))
}

/** What stands behind conntrack for a zone; empty where nothing does. */
export function connectionChains(
  { zone, bypass, ownBypass, keepsOutUnproven, at }: ZoneRules,
  prefix = zone.name,
): readonly Chain[] {
  const own: Origin = { ...zone.origin, zone: zone.name }
  const judged = [...at("new"), ...at("let-in")]
  const invalid = at("invalid")
  const isIncoming = prefix === zone.name
  const fresh =
    isIncoming && (judged.length > 0 || keepsOutUnproven)
      ? [ownLoop(own), ...families.map(dropUnproven(own)), ...judged]
      : judged
  if (invalid.length === 0 && fresh.length === 0) return []
  const part = (name: string) => `${prefix}/${name}`
  return [
    {
      name: part("state"),
      rules: [
        ...bypass,
        ...ownBypass,
        ...(invalid.length > 0 ? [rule(own, ctStateIn("invalid"), goto(part("state-invalid")))] : []),
        ...(fresh.length > 0 ? [rule(own, ctStateIn("new"), goto(part("state-new")))] : []),
      ],
    },
    ...(invalid.length > 0 ? [{ name: part("state-invalid"), rules: invalid }] : []),
    ...(fresh.length > 0 ? [{ name: part("state-new"), rules: fresh }] : []),
  ]
}

/**
 * What this host sends to a group or to all, and listens to itself (multicast DNS between two programs, say), the kernel loops back as if it had arrived on the device: from this host's own
 * address, and new. It is told from a packet whose source is forged by its route: a source that is local has none, but a looped packet's is the device itself
 * (nft_fib_is_loopback; Linux 6.18).
 */
function ownLoop(own: Origin): Rule {
  const origin: Origin = { ...own, text: "this host's own packets to a group or to all, looped back to it" }
  return rule(origin, notEqual(meta("pkttype"), HOST), ...looped, accept)
}

/** PACKET_HOST of linux/if_packet.h. */
const HOST = 0

/** RTN_LOCAL of linux/rtnetlink.h. */
const LOCAL = 2

const looped = [equal(fib(["saddr"], "type"), LOCAL), exists(fib(["saddr"], "oif"))]

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
    const arrival = `${zone.name}/arrival`
    const devices = zone.interfaces.filter((device) => ingressDevices.includes(device))
    const others = zone.interfaces.filter((device) => !ingressDevices.includes(device))
    if (devices.length > 0) {
      // The rules themselves and no jump to them: each packet would pay for it.
      const rules = arrivals.find(({ name }) => name === arrival)?.rules ?? []
      base.push({
        name: `${zone.name}/ingress`,
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
  const acquainted = zones.filter(({ at }) => at("acknowledged").length > 0)
  if (tracked.length === 0 && judged.length === 0) return undefined
  const lead = (zone: Zone, chain: string, verdict: (chain: string) => VerdictNode, ...first: StepNode[]) =>
    zone.interfaces.map((device) =>
      rule({ ...zone.origin, zone: zone.name }, ...first, iifname(device), verdict(`${zone.name}/${chain}`)),
    )
  // With one device to lead from, its own rule leaves live connections alone, for less than an accept in front of it (0.015 of an established packet).
  const isOne = judged.flatMap(({ zone }) => zone.interfaces).length === 1
  const acknowledgements = acquainted.flatMap(({ zone }) =>
    lead(zone, "acknowledged", jump, isAcknowledgement).map((made) => ({ ...made, isTcpAskedLater: true })),
  )
  return {
    name: "connections",
    base: { type: "filter", hook: "prerouting", priority: priority.mangle, policy: "accept" },
    rules: [
      ...tracked.flatMap(({ zone }) => lead(zone, "tracked", jump)),
      ...(isOne ? [] : acknowledgements),
      ...(isOne ? [] : [rule(origin, ctStateIn("established", "related"), accept)]),
      ...judged.flatMap(({ zone }) =>
        lead(zone, "state", goto, ...(isOne ? [ctStateIn("invalid", "new")] : [])),
      ),
      ...(isOne ? acknowledgements : []),
    ],
  }
}

export function trackedChains(zones: readonly ZoneRules[]): readonly Chain[] {
  const tracked = zones
    .filter(({ at }) => at("tracked").length > 0)
    .map(({ zone, bypass, ownBypass, at }) => ({
      name: `${zone.name}/tracked`,
      // A bypass is an accept, and the chain is jumped to from the base chain: the packet is past both.
      rules: [...bypass, ...ownBypass, ...at("tracked")],
    }))
  return [...tracked, ...zones.flatMap(acquaintanceChains)]
}

/** Who completes a handshake is known by it (compile-proof.ts). */
function acquaintanceChains({ zone, at }: ZoneRules): readonly Chain[] {
  if (at("acknowledged").length === 0) return []
  return (["acknowledged", "handshake"] as const).map((place) => ({
    name: `${zone.name}/${place}`,
    rules: at(place),
  }))
}
