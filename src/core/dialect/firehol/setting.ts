import type { Draft, DraftMap } from "../imported.js"
import type { Families } from "./model.js"

/** A limit as the policy writes it, and what two of them are compared by. */
export interface Amount {
  readonly text: string
  /** Connections at once, or packets a second. */
  readonly rate: number
  readonly burst: number
}

/** What is asked of one protection in one zone. */
export interface Setting {
  readonly amount?: Amount
  /** Who shares the limit, as the policy writes it; absent: each source has its own. */
  readonly per?: Draft
  readonly ports?: readonly string[]
  /** Hosts with a limit of their own, or none. */
  readonly hosts?: Readonly<Record<string, Amount | "off">>
  /** The limit is for those hosts only. */
  readonly onlyHosts?: boolean
  /** Families it is for; absent: both. */
  readonly families?: Families
  readonly options?: DraftMap
  /** Ports with a setting of their own beside it, where the protection has such (connections). */
  readonly ofPorts?: readonly Setting[]
}

const everybody4 = "0.0.0.0/0"
const everybody6 = "::/0"

/** In the policy's words: `drop`, a limit, or a map. */
export function draftOf(setting: Setting): Draft {
  const { amount, per, ports, hosts, onlyHosts, families, options, ofPorts } = setting
  const exceptions: Record<string, Draft> = {}
  for (const [host, own] of Object.entries(hosts ?? {})) exceptions[host] = own === "off" ? "off" : own.text
  if (onlyHosts || (families && !families.four)) exceptions[everybody4] = "off"
  if (onlyHosts || (families && !families.six)) exceptions[everybody6] = "off"
  const map: Record<string, Draft> = {
    ...(amount && { limit: amount.text }),
    ...(per !== undefined && { per }),
    ...(ports && { ports }),
    ...(Object.keys(exceptions).length > 0 && { for: exceptions }),
    ...options,
    ...Object.fromEntries((ofPorts ?? []).map(portEntry)),
  }
  const keys = Object.keys(map)
  if (keys.length === 0) return "drop"
  return keys.length === 1 && amount ? amount.text : map
}

function portEntry({ ports, ...setting }: Setting): readonly [string, Draft] {
  return [(ports ?? []).join(","), draftOf(setting)]
}

/** Both, each for its ports; undefined: they ask for the same ports, or both for all. */
export function portsApart(first: Setting, second: Setting): Setting | undefined {
  if (first.ports && second.ports) return apart({ ofPorts: [first] }, second)
  if (second.ports) return apart(first, second)
  return first.ports ? { ...second, ofPorts: [first] } : undefined
}

function apart(all: Setting, some: Setting): Setting | undefined {
  const taken = new Set(all.ofPorts?.flatMap(({ ports }) => ports ?? []))
  if (some.ports?.some((port) => taken.has(port))) return undefined
  return { ...all, ofPorts: [...(all.ofPorts ?? []), some] }
}

export interface Merged {
  readonly setting: Setting
  /** How the one that stands compares with both together. */
  readonly outcome: "same" | "stricter" | "looser" | "lost"
}

/** Two lines that ask for the same protection: FireHOL asks one after the other, a zone has it once. */
export function mergeSettings(first: Setting, second: Setting): Merged {
  if (JSON.stringify(first) === JSON.stringify(second)) return { setting: first, outcome: "same" }
  if (first.ofPorts || second.ofPorts) return { setting: first, outcome: "lost" }
  if (first.amount === undefined || second.amount === undefined) {
    const families = union(first.families, second.families)
    const { families: _families, ...rest } = first
    const isPlain = first.ports === undefined && second.ports === undefined
    const setting = { ...(isPlain ? rest : {}), ...(families && { families }) }
    return {
      setting,
      outcome: JSON.stringify(first.families) === JSON.stringify(second.families) ? "same" : "stricter",
    }
  }
  const families = familiesTogether(first, second)
  if (families) return { setting: families, outcome: "same" }
  const covered = familyCovered(first, second) ?? familyCovered(second, first)
  if (covered) return covered
  const withHosts = hostsTogether(first, second) ?? hostsTogether(second, first)
  if (withHosts) return { setting: withHosts, outcome: "same" }
  const alike = (setting: Setting) =>
    JSON.stringify([
      setting.per ?? null,
      setting.ports ?? null,
      setting.hosts ?? null,
      setting.families ?? null,
      !!setting.onlyHosts,
    ])
  if (alike(first) === alike(second)) {
    const [low, high] = first.amount.rate <= second.amount.rate ? [first, second] : [second, first]
    return { setting: low, outcome: low.amount!.burst <= high.amount!.burst ? "same" : "looser" }
  }
  const sharedPorts = { ...first, ports: [...new Set([...(first.ports ?? []), ...(second.ports ?? [])])] }
  if (first.ports && second.ports && alike({ ...second, ports: sharedPorts.ports }) === alike(sharedPorts)) {
    const equal = first.amount.text === second.amount.text
    if (equal) return { setting: sharedPorts, outcome: "same" }
  }
  return { setting: first, outcome: "lost" }
}

/** A limit for all, and one for some hosts alone: one setting says both. */
function hostsTogether(all: Setting, some: Setting): Setting | undefined {
  if (all.onlyHosts || !some.onlyHosts || JSON.stringify(all.ports) !== JSON.stringify(some.ports))
    return undefined
  const hosts: Record<string, Amount | "off"> = { ...all.hosts }
  for (const [host, own] of Object.entries(some.hosts ?? {})) {
    const before = hosts[host]
    const isLower = before === undefined || before === "off" || (own !== "off" && own.rate < before.rate)
    if (isLower) hosts[host] = own
  }
  return { ...all, hosts }
}

/** A limit for IPv4 and another for IPv6. */
function familiesTogether(first: Setting, second: Setting): Setting | undefined {
  const [one, other] = [first.families, second.families]
  if (!one || !other || (one.four && other.four) || (one.six && other.six)) return undefined
  const alike = ({ per, ports, options }: Setting) =>
    JSON.stringify([per ?? null, ports ?? null, options ?? null])
  if (alike(first) !== alike(second) || first.onlyHosts || second.onlyHosts) return undefined
  const { families: _families, ...rest } = first
  const hosts: Record<string, Amount | "off"> = { ...first.hosts, ...second.hosts }
  if (first.amount!.text !== second.amount!.text) hosts[other.six ? everybody6 : everybody4] = second.amount!
  return { ...rest, ...(Object.keys(hosts).length > 0 && { hosts }) }
}

/** A limit for both families, and one for a single family: the lower one holds there. */
function familyCovered(all: Setting, some: Setting): Merged | undefined {
  if (all.families || !some.families || all.onlyHosts || some.onlyHosts || some.hosts) return undefined
  const alike = ({ per, ports, options }: Setting) =>
    JSON.stringify([per ?? null, ports ?? null, options ?? null])
  if (alike(all) !== alike(some)) return undefined
  if (all.amount!.rate <= some.amount!.rate) return { setting: all, outcome: "stricter" }
  const hosts = { ...all.hosts, [some.families.six ? everybody6 : everybody4]: some.amount! }
  return { setting: { ...all, hosts }, outcome: "same" }
}

function union(first: Families | undefined, second: Families | undefined): Families | undefined {
  if (!first || !second) return undefined
  const families = { four: first.four || second.four, six: first.six || second.six }
  return families.four && families.six ? undefined : families
}

/** On one line, as it would stand in a policy. */
export function flow(value: Draft): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`
  if (typeof value === "object") {
    const entries = Object.entries(value as DraftMap)
    return `{ ${entries.map(([key, each]) => `${quoted(key)}: ${flow(each)}`).join(", ")} }`
  }
  return quoted(String(value))
}

function quoted(text: string): string {
  return /^[\w/.][\w/.+ %=-]*$/.test(text) ? text : JSON.stringify(text)
}
