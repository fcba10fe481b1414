import { ICMP, ICMPV6, TCP, UDP } from "../packet/packet.js"
import {
  accept,
  exthdr,
  iifname,
  inSet,
  ip,
  ipOf,
  is,
  isIpv4,
  isIpv6,
  jump,
  l4proto,
  maskedIs,
  missing,
  oifname,
  portItem,
  prefixItem,
  th,
} from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule } from "../ruleset/ruleset.js"
import { type Family, families, hasFamily, minimal } from "./compile-hosts.js"
import { distinctRanges } from "./compile-ports.js"
import { rule } from "./compile-rule.js"
import type { HostFacts, PacketPhrase, Policy } from "./policy.js"

/**
 * The administrator's own chain: what he writes into it with nft is met by every packet that is judged, and stays through every apply. An `accept` in it lets a packet past.
 * Plain ACKs that are let past anyway do not come to it, so that it costs live connections nothing.
 */
export const ownBypass: Chain = { name: "bypass", rules: [], keepsRules: true }

/**
 * The same with the policy's lines in it. It is met on all ways, so a line asks for its devices: where a packet has not been routed yet it has no device to leave by, and on
 * its way out none that it came from, and such a line lets nothing past there.
 */
export function bypassChain(policy: Policy, isEgress: boolean): Chain {
  const rules = policy.bypass.flatMap(({ phrase, origin }) => {
    if (isEgress && phrase.direction === "in") return []
    const device = phrase.direction === "in" ? iifname : oifname
    const devices = policy.zones
      .filter(({ name }) => (phrase.zone ?? name) === name)
      .flatMap(({ interfaces }) => interfaces)
    return phraseSteps(phrase).flatMap((steps) =>
      [...new Set(devices)].map((name) => rule(origin, device(name), ...steps, accept)),
    )
  })
  return { ...ownBypass, rules }
}

/** Sends what is judged through it; backends whose chains are all written anew (iptables) have none. */
export function ownBypassJump(origin: Origin, host: HostFacts): readonly Rule[] {
  return host.routesByInterface === false
    ? []
    : [rule({ ...origin, text: "the chain bypass" }, jump(ownBypass.name))]
}

/** The bypasses that concern a zone and a direction, for chains that cannot ask by which device a packet leaves, and for iptables. */
export function bypassRules(policy: Policy, zone: string, direction: "in" | "out"): readonly Rule[] {
  return policy.bypass
    .filter(({ phrase }) => phrase.direction === direction && (phrase.zone ?? zone) === zone)
    .flatMap(({ phrase, origin }) => phraseSteps(phrase).map((steps) => rule(origin, ...steps, accept)))
}

/**
 * A packet phrase as matches: one list for each family that it can be about, or one for both where it asks nothing of addresses or ports.
 * Only the first fragment of a datagram has ports; later ones have none to ask for.
 */
export function phraseSteps(phrase: PacketPhrase): readonly (readonly StepNode[])[] {
  const { from = [], to = [], ports = [], protocol } = phrase
  const asksFamily = from.length > 0 || to.length > 0 || ports.length > 0 || protocol === "icmp"
  if (!asksFamily) return [protocolSteps(protocol, 4)]
  return families
    .filter((family) => from.length === 0 || hasFamily(from, family))
    .filter((family) => to.length === 0 || hasFamily(to, family))
    .map((family) => [
      family === 4 ? isIpv4 : isIpv6,
      ...protocolSteps(protocol, family),
      ...(ports.length > 0 ? portSteps(phrase, family) : []),
      ...addressSteps("saddr", from, family),
      ...addressSteps("daddr", to, family),
    ])
}

function protocolSteps(protocol: PacketPhrase["protocol"], family: Family): readonly StepNode[] {
  if (protocol === undefined) return []
  if (protocol === "icmp") return [is(l4proto, family === 4 ? ICMP : ICMPV6)]
  return [is(l4proto, protocol === "tcp" ? TCP : UDP)]
}

function portSteps({ protocol, ports = [] }: PacketPhrase, family: Family): readonly StepNode[] {
  const isWhole = family === 4 ? maskedIs(ip("frag-off"), 0x1fff, 0) : missing(exthdr("frag"))
  const hasPorts = protocol === undefined ? [inSet(l4proto, [TCP, UDP])] : []
  return [isWhole, ...hasPorts, inSet(th("dport"), distinctRanges(ports).map(portItem))]
}

function addressSteps(
  field: "saddr" | "daddr",
  prefixes: PacketPhrase["from"] & object,
  family: Family,
): readonly StepNode[] {
  return prefixes.length === 0 ? [] : [inSet(ipOf(family, field), minimal(prefixes, family).map(prefixItem))]
}
