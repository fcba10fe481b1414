import {
  counter,
  drop,
  equal,
  inSet,
  ipOf,
  limit,
  logTo,
  notInSet,
  prefixItem,
  update,
} from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { type Family, families, hasFamily, hostSet } from "./compile-hosts.js"
import { liveChain } from "./compile-networks.js"
import { fairlyTold, type ProbeChains } from "./compile-probes.js"
import { canProve, type Proof, proofOf, provesHere, sourceKey } from "./compile-proof.js"
import { rule } from "./compile-rule.js"
import type { Action, HostFacts, Policy, Protection } from "./policy.js"
import type { CompileContext } from "./protection.js"

/** The NFLOG group that the guard listens to. */
export const logGroup = 7

/** Bytes of each packet that are logged: all headers that a detector reads. */
const logSnapshot = 128

/** NFLOG prefixes are cut at 63 characters by older programs (libulog); the zone's name gives way, for ` sample` as well. */
const logPrefixMaximum = 56

/** A flood is not logged packet by packet: that would cost more than dropping it. */
const logRate = { count: 20, unit: "second" } as const
const logBurst = 40

/** A listing happens once for each source, and each is told. */
const listingRate = { count: 200, unit: "second" } as const
const listingBurst = 400

/**
 * Asking the log's limit costs 60 to 100 ns (it takes the time and a lock), a third of what it costs to drop a malformed packet; counting to four costs 20.
 * So of dropped packets the first and every fourth asks. The counters miss none.
 */
const logSample = 4

/** Sources that are kept out. The guard adds to them, and so do rules; an element without a timeout stays, and each counts what was dropped for it. */
const blocked4: SetDeclaration = {
  name: "blocked4",
  key: ["ipv4_addr"],
  flags: ["timeout", "dynamic"],
  // Room for a ledger of a hundred thousand, in 2 MB of buckets: a host costs 6 microseconds to put here, and 10 to 20 among the networks, which take what is too much.
  size: 131072,
  statements: [counter],
  keeps: "ledger",
}

/** Prefixes that are kept out: what somebody blocks by hand, and many offenders of one network. A rule cannot add to them. */
const blockedNetworks4: SetDeclaration = {
  name: "blocked-networks4",
  key: ["ipv4_addr"],
  flags: ["interval", "timeout"],
  size: 65536,
  statements: [counter],
  keeps: "ledger",
  askedIn: liveChain,
}

/** Sources that proved nothing: only what they open is kept out, for they may be forged, and whoever really has the address keeps what is open. */
const blockedNew4: SetDeclaration = { ...blocked4, name: "blocked-new4", size: 32768 }

/** Sources that no rule lists, whatever is detected: the host's own addresses, gateways, resolvers; the guard adds the administrators' sessions. */
const spared4: SetDeclaration = {
  name: "spared4",
  key: ["ipv4_addr"],
  flags: ["timeout"],
  size: 4096,
  keeps: "ledger",
}

/** The sets that the guard and rules list sources in. Of IPv6 by /64: who has one address of it has them all. */
export function ledgerSets(host: HostFacts): readonly SetDeclaration[] {
  const six = (set: SetDeclaration): SetDeclaration => ({
    ...set,
    name: set.name.replace(/4$/, "6"),
    key: ["ipv6_addr"],
  })
  return [blocked4, blockedNetworks4, blockedNew4, spared4]
    .flatMap((set) => [set, six(set)])
    .map((set) => {
      const family = set.name.endsWith("4") ? 4 : 6
      const spared = (host.spared ?? []).filter(({ address }) => address.family === family)
      if (!set.name.startsWith("spared") || spared.length === 0) return set
      return { ...set, elements: spared.map((prefix) => ({ key: prefixItem(prefix) })) }
    })
}

/** How long a source that proved nothing is kept out, at most (docs/decisions/blocks.md). */
export const unprovenLongest = 600e9

/** `never-block`, for each family that it names; declared where something in the policy blocks. */
export function neverBlockSets(policy: Policy): readonly SetDeclaration[] {
  return families
    .filter((family) => hasFamily(policy.neverBlock, family))
    .map((family) => hostSet(`never-block${family}`, policy.neverBlock, family))
}

/**
 * The chain that says what happens to a packet that a protection has found: it is logged, its source is listed where the action is `block`, and it is counted and
 * dropped. Where the action is `notify` the chain ends, and the packet goes on behind the rule that jumped.
 * What leaves is never listed: its source is one of ours.
 */
export function outcomeChain(
  protection: Protection,
  context: CompileContext,
  before: readonly Rule[] = [],
  suffix = "",
  proof?: Proof,
): Chain {
  const { origin } = protection
  const action = listsNobody(protection, context) ? "drop" : protection.action
  const rules: Rule[] = [...before]
  const sample =
    action === "drop" ? [equal({ expression: "numgen", mode: "inc", modulus: logSample }, 0)] : []
  const within = action === "block" ? limit(listingRate, listingBurst) : limit(logRate, logBurst)
  rules.push(rule(origin, ...sample, within, logOf(protection, context, action)))
  if (action === "block") rules.push(...listing(protection, context, proof))
  rules.push(end(protection, action))
  return { name: context.name + suffix, rules }
}

/**
 * The outcome of a protection that scanners meet: each source has its part of what is logged (compile-probes.ts), and of what goes beyond a sample is, whose prefix says so.
 */
export function probeChains(
  protection: Protection,
  context: CompileContext,
  before: readonly Rule[],
): ProbeChains {
  const { origin } = protection
  const action = listsNobody(protection, context) ? "drop" : protection.action
  const lists = action === "block" ? listing(protection, context, undefined) : []
  const log = logOf(protection, context, action)
  // No guard listens to rules of iptables, and there is no goto that comes back.
  if (!provesHere(context.host)) {
    const told = rule(origin, limit(listingRate, listingBurst), log)
    return {
      chains: [{ name: context.name, rules: [...before, ...lists, told, end(protection, action)] }],
      sets: [],
    }
  }
  return fairlyTold(context.name, origin, context.policy, {
    before: [...before, ...lists],
    log,
    logSample: logOf(protection, context, action, " sample"),
    end: end(protection, action),
  })
}

function logOf(protection: Protection, context: CompileContext, action: Action, suffix = ""): StepNode {
  return logTo(logGroup, logPrefix(context, protection.name, action) + suffix, logSnapshot)
}

/** Where the action is `notify` the chain ends, and the packet goes on. */
function end({ origin }: Protection, action: Action): Rule {
  return action === "notify" ? rule(origin, counter) : rule(origin, counter, drop)
}

/**
 * The outcomes of a limit: beyond it, and for newcomers beyond their ceiling, who may be honest, so that they are dropped and never listed. Those are not logged
 * either: in a flood of forged sources there is nobody to tell of, the counter says that it is one, and asking whether to log would cost a sixteenth of a packet.
 */
export function limitChains(
  protection: Protection,
  context: CompileContext,
  before: readonly Rule[] = [],
  proof?: Proof,
): { readonly chain: string; readonly newcomers: string; readonly chains: readonly Chain[] } {
  const beyond = outcomeChain(protection, context, before, "", proof)
  if (protection.action === "notify" || protection.per.kind === "everyone") {
    return { chain: beyond.name, newcomers: beyond.name, chains: [beyond] }
  }
  const newcomers = { name: `${context.name}/newcomers`, rules: [rule(protection.origin, counter, drop)] }
  return { chain: beyond.name, newcomers: newcomers.name, chains: [beyond, newcomers] }
}

/**
 * A limit of new connections, whose sources can prove that they were their own: its chains, and what counts their handshakes. `guard`: what a packet must be for the limit to
 * count it, as in limitRules.
 */
export function provableChains(
  protection: Protection,
  context: CompileContext,
  guard: (family: Family) => readonly StepNode[],
  before: readonly Rule[] = [],
): ReturnType<typeof limitChains> & Pick<Proof, "placed" | "sets"> {
  const late = (conditions: readonly StepNode[], family: Family) => [
    outright(protection, context, family, conditions),
  ]
  const proof = proofOf(protection, context, guard, late)
  const { chain, newcomers, chains } = limitChains(protection, context, before, proof)
  return {
    chain,
    newcomers,
    chains: [...chains, ...(proof?.chains ?? [])],
    placed: proof?.placed ?? [],
    sets: proof?.sets ?? [],
  }
}

/**
 * Who proved that the connections were his own is kept out of everything. Whoever did not may be forged: he is kept from opening anything new for ten minutes at most, and not even that who is known by
 * handshakes of his own, or was called. With `forged-sources: prove` nobody is without a proof.
 * Each in a rule of its own: a full set ends the rule, and the packet is dropped behind it.
 */
function listing(protection: Protection, context: CompileContext, proof: Proof | undefined): Rule[] {
  const isKnown = canProve(context)
  return families.flatMap((family) => {
    const key = sourceKey(family)
    const proven = proof ? [outright(protection, context, family, [inSet(key, proof.own(family))])] : []
    if (context.policy.forgedSources === "prove") return proven
    const timeout = Math.min(protection.blockFor, unprovenLongest)
    const unproven = rule(
      protection.origin,
      ...unlisted(context, family),
      ...(proof ? [notInSet(key, proof.own(family))] : []),
      ...(isKnown ? [notInSet(key, `known${family}`)] : []),
      update(`blocked-new${family}`, key, { timeout }),
    )
    return [...proven, unproven]
  })
}

function outright(
  { origin, blockFor }: Protection,
  context: CompileContext,
  family: Family,
  conditions: readonly StepNode[],
): Rule {
  const listed = update(`blocked${family}`, sourceKey(family), { timeout: blockFor })
  return rule(origin, ...unlisted(context, family), ...conditions, listed)
}

/** Not those whom no rule ever lists. */
function unlisted({ policy }: CompileContext, family: Family): readonly StepNode[] {
  const never = hasFamily(policy.neverBlock, family) ? [`never-block${family}`] : []
  return [...never, `spared${family}`].map((set) => notInSet(ipOf(family, "saddr"), set))
}

/** What leaves has a source of ours; a limit that all share says nothing about whom the last packet came from. */
function listsNobody({ action, per }: Protection, { direction }: CompileContext): boolean {
  return action === "block" && (direction === "out" || per.kind === "everyone")
}

/** `floodwall ZONE PROTECTION ACTION` */
function logPrefix({ zone, direction }: CompileContext, protection: string, action: string): string {
  const rest = ` ${protection} ${action}${direction === "out" ? " out" : ""}`
  const room = logPrefixMaximum - "floodwall ".length - rest.length
  return `floodwall ${zone.name.slice(0, room)}${rest}`
}
