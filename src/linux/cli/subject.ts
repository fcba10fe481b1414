import { recogniseFormat } from "../../core/backend/formats.js"
import type { LedgerSettings } from "../../core/block/ledger.js"
import { ledgerSettings } from "../../core/block/settings.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { standardDetectors } from "../../core/policy/detect.js"
import { unknownHost } from "../../core/policy/environment.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { namedInterfaces } from "../../core/ruleset/named-interfaces.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { type OpenedPolicy, openPolicy, reportProblems } from "./open-policy.js"
import type { Io } from "./output.js"
import { hostOf, oneDevice } from "./path.js"
import type { PathOptions } from "./replay-options.js"
import { type OpenedRules, openRules, openTexts, readNamed } from "./rule-files.js"

/** What packets are sent through: a policy, compiled, or somebody's rules. */
export interface Subject {
  readonly kind: "policy" | "rules"
  /** For people: the files' names. */
  readonly name: string
  readonly ruleset: Ruleset
  /** Zones of a policy; of somebody's rules each interface that they name. */
  readonly sides: readonly Side[]
  /** Where packets arrive as far as nothing else says so. */
  readonly firstInterface: string
  readonly host: HostFacts
  /** Rules of iptables are for its nft variant. */
  readonly iptablesNft: boolean
  /** What is looked for; of somebody's rules what every policy's default looks for. */
  readonly detect: Policy["detect"]
  /** Interfaces that lead to the world, as far as the subject says it: the policy's first zone's, or where rules' packets arrive. */
  readonly outside: readonly string[]
  /** Whom the policy never blocks. */
  readonly neverBlock: Policy["neverBlock"]
  readonly forgedSources: Policy["forgedSources"]
  /** What it says of who is blocked again, and of offenders' neighbours. */
  readonly blocks: LedgerSettings
  /** Names that packet phrases may use. */
  readonly addresses: Policy["addresses"]
}

export interface Side {
  readonly name: string
  /** A trailing `*` is a wildcard. */
  readonly interfaces: readonly string[]
}

/**
 * What the words name: `--rules`, or the policy, compiled for the host as `facts` changes what is known of it. Undefined: there are mistakes, which have been reported; the exit is 2.
 */
export function openSubject(
  options: PathOptions,
  io: Io,
  facts?: (host: HostFacts) => HostFacts,
): Subject | undefined {
  if (options.rules === undefined) return openPolicySubject(options.policy, options, io, facts)
  const opened = openRules(options.rules, options.format ?? [], options.include ?? [], io)
  return opened && subjectOfRules(opened, options, io)
}

/**
 * What `--compare` names: files of rules, or one policy, whichever the first file's text is. Undefined: there are mistakes, which have been reported; the
 * exit is 2.
 */
export function openOther(paths: readonly string[], options: PathOptions, io: Io): Subject | undefined {
  const [path = "", ...more] = paths
  const first = readNamed(path, io)
  if (first === undefined) return undefined
  const isPolicy = (recogniseFormat(first.text)?.format ?? "policy") === "policy"
  if (isPolicy && path !== "-" && more.length === 0) return openPolicySubject(path, options, io)
  const texts = [first]
  for (const each of more) {
    const text = readNamed(each, io)
    if (text === undefined) return undefined
    texts.push(text)
  }
  const opened = openTexts(texts, [], options.include ?? [], io)
  return opened && subjectOfRules(opened, options, io)
}

/** Undefined: there are mistakes, which have been reported. */
export function openPolicySubject(
  named: string | undefined,
  options: PathOptions,
  io: Io,
  facts?: (host: HostFacts) => HostFacts,
): Subject | undefined {
  const opened = openPolicy(named, io)
  return opened && subjectOfPolicy(opened, options, io, facts)
}

/** Undefined: there are mistakes, which have been reported. */
export function subjectOfPolicy(
  opened: OpenedPolicy,
  options: PathOptions,
  io: Io,
  facts: (host: HostFacts) => HostFacts = (host) => host,
): Subject | undefined {
  if (!reportProblems(opened.diagnostics, io) || !opened.policy) return undefined
  const host = facts(hostOf(opened.host, options))
  const { ruleset, diagnostics } = compilePolicy(opened.policy, host)
  if (!reportProblems(diagnostics, io)) return undefined
  const { zones, addresses, detect, neverBlock, forgedSources } = opened.policy
  return {
    kind: "policy",
    name: opened.path,
    ruleset,
    sides: zones,
    firstInterface: oneDevice(zones.flatMap(({ interfaces }) => interfaces)[0] ?? "wan"),
    host,
    iptablesNft: false,
    detect,
    outside: (zones[0]?.interfaces ?? []).map(oneDevice),
    neverBlock,
    forgedSources,
    blocks: ledgerSettings(opened.policy),
    addresses,
  }
}

/** Undefined: there are mistakes, which have been reported. */
export function subjectOfRules(opened: OpenedRules, options: PathOptions, io: Io): Subject | undefined {
  if (!reportProblems(opened.diagnostics, io)) return undefined
  const named = namedInterfaces(opened.ruleset)
  return {
    kind: "rules",
    name: opened.name,
    ruleset: opened.ruleset,
    sides: named.all.map((name) => ({ name, interfaces: [name] })),
    firstInterface: arrivalOf(named.input),
    host: hostOf(unknownHost, options),
    iptablesNft: opened.legacy !== true,
    detect: standardDetectors(),
    outside: [arrivalOf(named.input)],
    neverBlock: [],
    forgedSources: undefined,
    blocks: ledgerSettings(undefined),
    addresses: undefined,
  }
}

/**
 * Where packets arrive whose way nobody says: the first interface that rules ask to have been arrived on. Loopback and what containers and
 * virtual machines hang on come last, because the world does not arrive there. Rules that name none are asked on eth0, which none of them means.
 */
function arrivalOf(input: readonly string[]): string {
  const outside = input.find((name) => !isInside.test(name))
  return oneDevice(outside ?? "eth0")
}

const isInside = /^(?:lo\*?$|docker|br-|veth|virbr|vnet|tap|lxc|lxd|cni|cali|flannel|podman|incus)/
