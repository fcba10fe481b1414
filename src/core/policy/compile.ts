import type { Diagnostic } from "../base/diagnostic.js"
import { shortHash } from "../base/hash.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule, Ruleset, SetDeclaration, Table } from "../ruleset/ruleset.js"
import { bypassChain, bypassRules, ownBypassJump } from "./compile-bypass.js"
import { ledgerSets, neverBlockSets } from "./compile-outcome.js"
import { acquaintance, canProve, provesHere } from "./compile-proof.js"
import {
  arrivalChains,
  connectionChains,
  connectionsBaseChain,
  incomingBaseChains,
  trackedChains,
  type ZoneRules,
} from "./layout.js"
import {
  egressChains,
  egressDevices,
  forwardedFragmentChains,
  inNetdev,
  outgoingChains,
} from "./layout-outgoing.js"
import type { DetectorSetting, HostFacts, Policy, Protection, Zone } from "./policy.js"
import type { Compiled, Place, PlacedRules, ProtectionKind } from "./protection.js"
import { protectionKinds } from "./protections/index.js"

export interface CompiledPolicy {
  readonly ruleset: Ruleset
  readonly diagnostics: readonly Diagnostic[]
}

export const tableName = "floodwall"

/** The rules that a policy stands for on a host: one table, and a second one where fragments that leave are judged. */
export function compilePolicy(policy: Policy, host: HostFacts): CompiledPolicy {
  const pieces = policy.zones.flatMap((zone) => [
    ...compileDirection(policy, zone, host, "in"),
    ...compileDirection(policy, zone, host, "out"),
  ])
  const zonesOf = (direction: "in" | "out") =>
    policy.zones
      .filter(({ incoming, outgoing }) => incoming.length > 0 || outgoing.length > 0)
      .map((zone) => zoneRules(policy, zone, direction, pieces, host))
  // A zone that judges only what leaves still keeps out who is blocked.
  const incoming = zonesOf("in")
  const outgoing = zonesOf("out")

  const arrivals = incoming.flatMap(arrivalChains)
  const connections = connectionsBaseChain(incoming, policyOrigin(policy))
  const egress = egressChains(outgoing, host)
  const inEgress = pieces.filter((piece) => isOnlyEgress(piece, host))
  const inInet = pieces.filter((piece) => !inEgress.includes(piece) || isAlsoForwarded(piece, host))
  const lasting = (isEgress: boolean) =>
    host.routesByInterface === false ? [] : [bypassChain(policy, isEgress)]
  const chains: readonly Chain[] = [
    ...incomingBaseChains(incoming, arrivals, host.ingressDevices),
    ...arrivals.filter(({ name }) => !isOnlyAtIngress(name, incoming, host)),
    ...(connections ? [connections] : []),
    ...trackedChains(incoming),
    ...incoming.flatMap((zone) => connectionChains(zone)),
    ...outgoingChains(outgoing),
    ...forwardedFragmentChains(outgoing, host),
    ...inInet.flatMap(({ compiled }) => compiled.chains),
    ...lasting(false),
  ]
  const sets: readonly SetDeclaration[] = [
    ...ledgerSets(host),
    ...neverBlockSets(policy),
    ...inInet.flatMap(({ compiled }) => compiled.sets),
  ]
  const tables: Table[] = [{ family: "inet", name: tableName, sets: distinct(sets), chains }]
  if (egress.length > 0) {
    const judges = inEgress.flatMap(({ compiled }) => compiled.chains)
    tables.push({
      family: "netdev",
      name: tableName,
      sets: [],
      chains: [
        ...lasting(true).map((chain) => ({ ...chain, rules: chain.rules.map(inNetdev) })),
        ...egress,
        ...judges.map((chain) => ({ ...chain, rules: chain.rules.map(inNetdev) })),
      ],
    })
  }
  return {
    ruleset: { tables },
    diagnostics: [
      ...policy.detect.filter(isWritten).map(notRules),
      ...pieces.flatMap(({ compiled }) => compiled.diagnostics ?? []),
    ],
  }
}

/** Presets bring detectors, too; only what somebody wrote is missed. */
function isWritten({ origin }: DetectorSetting): boolean {
  return !origin.text.startsWith("preset: ")
}

/** Detectors see events and not packets, so no rule stands for them. */
function notRules({ name, origin }: DetectorSetting): Diagnostic {
  return {
    id: "detect-without-guard",
    severity: "warning",
    message: `${name} is read and not looked for: rules do not see it, and this version has no guard that does`,
    span: origin.span,
    hint: "decoy-ports and port-floods keep scanners and guessers out without it",
  }
}

/** What one protection of a zone came to. */
interface Piece {
  readonly zone: Zone
  readonly direction: "in" | "out"
  readonly compiled: Compiled
}

function compileDirection(
  policy: Policy,
  zone: Zone,
  host: HostFacts,
  direction: "in" | "out",
): readonly Piece[] {
  const protections = direction === "in" ? zone.incoming : zone.outgoing
  const seen = new Map<string, number>()
  const listsSome = protections.some(({ action }) => action === "block") && canProve({ direction, host })
  const known: readonly Piece[] = listsSome
    ? [{ zone, direction, compiled: acquaintance(zone.name, zone.origin) }]
    : []
  const pieces = protections.flatMap((protection): Piece[] => {
    const kind = protectionKinds.find(({ name }) => name === protection.name)
    if (!kind) return [{ zone, direction, compiled: unknown(protection) }]
    const base = [
      zone.name,
      ...(direction === "out" ? ["out"] : []),
      kind.name,
      ...(isOfPorts(kind, protection, protections) ? [portsName(protection)] : []),
    ].join("/")
    const count = (seen.get(base) ?? 0) + 1
    seen.set(base, count)
    const name = count > 1 ? `${base}-${count}` : base
    return [
      {
        zone,
        direction,
        compiled: kind.compile(protection, {
          policy,
          zone,
          direction,
          host,
          name,
        }),
      },
    ]
  })
  return [...pieces, ...known]
}

function isOfPorts({ name, value }: ProtectionKind, { ports }: Protection, all: readonly Protection[]) {
  if (value !== "setting-and-per-port") return value === "setting-per-port"
  return ports.length > 0 && all.filter((other) => other.name === name).length > 1
}

/** What such a protection remembers is remembered for its ports. */
function portsName({ ports }: Protection): string {
  const texts = ports.map(
    ({ protocol, range: { from, to } }) => `${protocol}${from}${to > from ? `-${to}` : ""}`,
  )
  const text = texts.join("-")
  return text.length <= 40 ? text : shortHash(text)
}

function unknown(protection: Protection): Compiled {
  const message = `there is no protection of the name "${protection.name}"`
  const diagnostics: Diagnostic[] = [
    { id: "unknown-protection", severity: "error", message, span: protection.origin.span },
  ]
  return { placed: [], sets: [], chains: [], diagnostics }
}

function zoneRules(
  policy: Policy,
  zone: Zone,
  direction: "in" | "out",
  pieces: readonly Piece[],
  host: HostFacts,
): ZoneRules {
  const ofZone = pieces.filter((piece) => piece.zone === zone)
  const own = ofZone.filter((piece) => piece.direction === direction)
  const placed = ofZone
    .flatMap((piece) =>
      piece.compiled.placed.map((place) => ({ place, goes: place.direction ?? piece.direction })),
    )
    .filter(({ goes }) => goes === direction)
    .map(({ place }) => place)
  return {
    zone,
    bypass: host.routesByInterface === false ? bypassRules(policy, zone.name, direction) : [],
    unroutedBypass: bypassRules(policy, zone.name, direction),
    ownBypass: ownBypassJump({ ...zone.origin, zone: zone.name }, host),
    flags: own.flatMap(({ compiled }) => compiled.flags ?? []),
    listings: own.flatMap(({ compiled }) => compiled.listings ?? []),
    keepsOutUnproven: listsUnproven(policy) && provesHere(host),
    at: (place) => rulesAt(place, placed),
  }
}

/**
 * A source that proved nothing is listed for what it opens, and who has a live connection is not listed at all: both take connection tracking, in every zone, for a source may come by another one the next time.
 */
function listsUnproven({ detect, zones, forgedSources }: Policy): boolean {
  if (forgedSources === "prove") return false
  const blocks = ({ action }: { readonly action?: string | undefined }) => action === "block"
  return detect.some(blocks) || zones.some(({ incoming }) => incoming.some(blocks))
}

/** Array.sort is stable: rules of equal order keep the policy's order. */
function rulesAt(place: Place, placed: readonly PlacedRules[]): readonly Rule[] {
  return placed
    .filter((rules) => rules.place === place)
    .sort((left, right) => left.order - right.order)
    .flatMap(({ rules }) => rules)
}

/** Where every device of a zone has an ingress chain, the chain to jump to from prerouting is left out. */
function isOnlyAtIngress(chain: string, zones: readonly ZoneRules[], host: HostFacts): boolean {
  return zones.some(
    ({ zone }) =>
      chain === `${zone.name}/arrival` &&
      zone.interfaces.every((device) => host.ingressDevices.includes(device)),
  )
}

function isOnlyEgress({ direction, compiled, zone }: Piece, host: HostFacts): boolean {
  return (
    direction === "out" &&
    compiled.placed.length > 0 &&
    compiled.placed.every(({ place }) => place === "fragment") &&
    egressDevices(zone.interfaces, host).length > 0
  )
}

function isAlsoForwarded({ zone }: Piece, host: HostFacts): boolean {
  return egressDevices(zone.interfaces, host).length < zone.interfaces.length
}

function policyOrigin(policy: Policy): Origin {
  const span = policy.zones[0]?.origin.span ?? { file: policy.files[0] ?? "", line: 1, column: 1 }
  return { span, text: "packets of connections that are known" }
}

function distinct(sets: readonly SetDeclaration[]): readonly SetDeclaration[] {
  return [...new Map(sets.map((set) => [set.name, set])).values()]
}
