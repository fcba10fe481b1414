import {
  counter,
  drop,
  equal,
  ipOf,
  limit,
  logTo,
  network,
  notInSet,
  prefixItem,
  update,
} from "../ruleset/build.js"
import type { ExpressionNode } from "../ruleset/node.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { families, hasFamily, hostSet } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import type { HostFacts, Policy, Protection } from "./policy.js"
import type { CompileContext } from "./protection.js"

/** The NFLOG group that the guard listens to. */
export const logGroup = 7

/** Bytes of each packet that are logged: all headers that a detector reads. */
const logSnapshot = 128

/** NFLOG prefixes are cut at 63 characters by older programs (libulog); the zone's name gives way. */
const logPrefixMaximum = 63

/** A flood is not logged packet by packet: that would cost more than dropping it. */
const logRate = { count: 20, unit: "second" } as const
const logBurst = 40

/**
 * What scanners meet is told packet by packet, for a scan is known by how many ports it tries: twenty ports make a finding. It is met behind conntrack, where asking a limit is a
 * fifteenth of what the packet has cost before. A listing happens once for each source.
 */
const probeRate = { count: 200, unit: "second" } as const
const probeBurst = 400

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
  // A larger table costs every look-up a cache miss: 32768 addresses in 512 kB of buckets.
  size: 32768,
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
}

/** Sources that proved nothing: only what they open is kept out, for they may be forged, and whoever really has the address keeps what is open. */
const blockedNew4: SetDeclaration = { ...blocked4, name: "blocked-new4" }

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

/** What is looked up in `blocked4` and `blocked6`: the source, of IPv6 its /64. */
export function blockedKey(family: 4 | 6): ExpressionNode {
  return network(ipOf(family, "saddr"), family, family === 4 ? 32 : 64)
}

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
): Chain {
  const { origin } = protection
  const action = protection.action === "block" && context.direction === "out" ? "drop" : protection.action
  const rules: Rule[] = [...before]
  const tellsEach = context.meetsProbes === true || action === "block"
  const sample =
    tellsEach || action === "notify"
      ? []
      : [equal({ expression: "numgen", mode: "inc", modulus: logSample }, 0)]
  const within = tellsEach ? limit(probeRate, probeBurst) : limit(logRate, logBurst)
  const prefix = logPrefix(context, protection.name, action)
  rules.push(rule(origin, ...sample, within, logTo(logGroup, prefix, logSnapshot)))
  if (action === "block") rules.push(...listing(protection, context))
  rules.push(action === "notify" ? rule(origin, counter) : rule(origin, counter, drop))
  return { name: context.name + suffix, rules }
}

/**
 * The outcomes of a limit: beyond it, and for newcomers beyond their ceiling, who may be honest, so that they are dropped and never listed. Those are not logged
 * either: in a flood of forged sources there is nobody to tell of, the counter says that it is one, and asking whether to log would cost a sixteenth of a packet.
 */
export function limitChains(
  protection: Protection,
  context: CompileContext,
  before: readonly Rule[] = [],
): { readonly chain: string; readonly newcomers: string; readonly chains: readonly Chain[] } {
  const beyond = outcomeChain(protection, context, before)
  if (protection.action === "notify" || protection.per.kind === "everyone") {
    return { chain: beyond.name, newcomers: beyond.name, chains: [beyond] }
  }
  const newcomers = { name: `${context.name}/newcomers`, rules: [rule(protection.origin, counter, drop)] }
  return { chain: beyond.name, newcomers: newcomers.name, chains: [beyond, newcomers] }
}

/** Its own rule: a full set ends the rule, and the packet is dropped behind it. */
function listing(protection: Protection, { policy, isUnproven }: CompileContext): Rule[] {
  const proved = !isUnproven && policy.forgedSources !== "prove"
  return families.map((family) => {
    const isSpared = hasFamily(policy.neverBlock, family)
    const spared = isSpared ? [notInSet(ipOf(family, "saddr"), `never-block${family}`)] : []
    const set = `${proved ? "blocked" : "blocked-new"}${family}`
    const timeout = proved ? protection.blockFor : Math.min(protection.blockFor, unprovenLongest)
    const listed = update(set, blockedKey(family), { timeout })
    return rule(protection.origin, ...spared, notInSet(ipOf(family, "saddr"), `spared${family}`), listed)
  })
}

/** `floodwall ZONE PROTECTION ACTION` */
function logPrefix({ zone, direction }: CompileContext, protection: string, action: string): string {
  const rest = ` ${protection} ${action}${direction === "out" ? " out" : ""}`
  const room = logPrefixMaximum - "floodwall ".length - rest.length
  return `floodwall ${zone.name.slice(0, room)}${rest}`
}
