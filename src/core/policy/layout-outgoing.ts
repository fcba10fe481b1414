import {
  ctStateIn,
  equal,
  exists,
  exthdr,
  fib,
  goto,
  hasAny,
  ip,
  jump,
  meta,
  notEqual,
  oifname,
  returnVerdict,
} from "../ruleset/build.js"
import { priority } from "../ruleset/hook.js"
import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule } from "../ruleset/ruleset.js"
import { rule } from "./compile-rule.js"
import { connectionChains, packetChains, type ZoneRules } from "./layout.js"
import type { HostFacts } from "./policy.js"
import type { Place } from "./protection.js"

const FRAGMENT = 0x3fff
const OFFSET = 0x1fff

const judgedPlaces: readonly Place[] = ["arrival", "listed", "syn", "datagram", "tracked", "invalid", "new"]

/** What leaves is judged in postrouting, before source NAT, so that a source is the host inside that sent it. */
export function outgoingChains(zones: readonly ZoneRules[]): readonly Chain[] {
  const used = zones.filter(
    ({ flags, at }) => flags.length > 0 || judgedPlaces.some((place) => at(place).length > 0),
  )
  if (used.length === 0) return []
  return [
    {
      name: "leaving",
      base: { type: "filter", hook: "postrouting", priority: priority.mangle, policy: "accept" },
      rules: used.flatMap(({ zone }) =>
        zone.interfaces.map((device) => rule(ownOrigin(zone), oifname(device), goto(`${zone.name}/out`))),
      ),
    },
    ...used.flatMap(zoneChains),
  ]
}

function zoneChains(rules: ZoneRules): readonly Chain[] {
  const { zone, bypass, ownBypass, flags, at } = rules
  const own = ownOrigin(zone)
  const prefix = `${zone.name}/out`
  const syn = at("syn").length > 0 ? jump(`${prefix}/syn`) : undefined
  const packets = packetChains(own, `${prefix}/packets`, syn, flags)
  const connections = connectionChains({ ...rules, bypass: [], ownBypass: [] }, prefix)
  return [
    {
      name: prefix,
      rules: [
        ...bypass,
        ...ownBypass,
        ...at("arrival"),
        ...at("listed"),
        // Fragments come this far only where nothing uses connection tracking; later ones have no transport header.
        rule(own, hasAny(ip("frag-off"), OFFSET), returnVerdict),
        rule(own, notEqual(exthdr("frag", "frag-off"), 0), returnVerdict),
        ...packets.judge,
        ...at("datagram"),
        ...at("tracked"),
        ...(connections.length > 0
          ? [
              rule(own, ctStateIn("established", "related"), returnVerdict),
              rule(own, goto(`${prefix}/state`)),
            ]
          : []),
      ],
    },
    ...packets.chains,
    ...(syn ? [{ name: `${prefix}/syn`, rules: at("syn") }] : []),
    ...connections,
  ]
}

/** Fragments are made behind postrouting, so they are met on the wire: in a netdev table, which alone has an egress hook. */
export function egressChains(zones: readonly ZoneRules[], host: HostFacts): readonly Chain[] {
  return zones.flatMap(({ zone, bypass, ownBypass, at }): readonly Chain[] => {
    const devices = egressDevices(zone.interfaces, host)
    if (at("fragment").length === 0 || devices.length === 0) return []
    const own = ownOrigin(zone)
    return [
      {
        name: `${zone.name}/egress`,
        base: { type: "filter", hook: "egress", priority: 0, policy: "accept", devices },
        rules: [
          ...bypass.map(inNetdev),
          ...ownBypass,
          rule(own, hasAny(ip("frag-off"), FRAGMENT), jump(`${zone.name}/out/fragmented`)),
          rule(own, exists(exthdr("frag")), jump(`${zone.name}/out/fragmented`)),
        ],
      },
      { name: `${zone.name}/out/fragmented`, rules: at("fragment").map(inNetdev) },
    ]
  })
}

/** Where there is no egress hook: fragments that are passed on, by where the routing table sends them. The host's own are not seen. */
export function forwardedFragmentChains(zones: readonly ZoneRules[], host: HostFacts): readonly Chain[] {
  const rules: Rule[] = []
  const chains: Chain[] = []
  for (const { zone, unroutedBypass, ownBypass, at } of zones) {
    const known = egressDevices(zone.interfaces, host)
    const devices = zone.interfaces.filter((device) => !known.includes(device))
    if (at("fragment").length === 0 || devices.length === 0) continue
    const own = ownOrigin(zone)
    for (const device of devices) {
      const leaves = equal(fib(["daddr"], "oifname"), device)
      const target = jump(`${zone.name}/out/fragmented`)
      rules.push(rule(own, hasAny(ip("frag-off"), FRAGMENT), leaves, target))
      rules.push(rule(own, exists(exthdr("frag")), leaves, target))
    }
    chains.push({
      name: `${zone.name}/out/fragmented`,
      rules: [...unroutedBypass, ...ownBypass, ...at("fragment")],
    })
  }
  if (rules.length === 0) return []
  return [
    {
      name: "leaving-fragments",
      base: {
        type: "filter",
        hook: "prerouting",
        priority: priority.beforeDefragmentation,
        policy: "accept",
      },
      rules,
    },
    ...chains,
  ]
}

export function egressDevices(interfaces: readonly string[], host: HostFacts): readonly string[] {
  return host.egress ? interfaces.filter((device) => host.ingressDevices.includes(device)) : []
}

/** A netdev table has no `meta nfproto`: the same question is asked of the Ethernet type. */
export function inNetdev<Rules extends Rule>(made: Rules): Rules {
  return { ...made, steps: made.steps.map(netdevStep) }
}

const etherTypes: Readonly<Record<number, number>> = { 2: 0x0800, 10: 0x86dd }

function netdevStep(step: StepNode): StepNode {
  if (step.step !== "compare" || step.left.expression !== "meta" || step.left.key !== "nfproto") return step
  const family = "value" in step.right ? Number(step.right.value[0]) : 0
  return { ...step, left: meta("protocol"), right: { value: [etherTypes[family] ?? family] } }
}

function ownOrigin(zone: ZoneRules["zone"]): Origin {
  return { ...zone.origin, zone: zone.name }
}
