import type { Families } from "./model.js"
import { namedOf } from "./named-networks.js"
import { networksOf } from "./networks.js"
import type { Parameter, Parameters } from "./parameters.js"

/** Addresses as a policy can name them. */
export interface Hosts {
  readonly four: readonly string[]
  readonly six: readonly string[]
  /** What no policy can name: sets that only the kernel has, ranges, host names. */
  readonly unknown: readonly string[]
}

/** What optional rule parameters limit a line to, as far as the policy has words for it. */
export interface Reach {
  /** Absent: all sources. */
  readonly from?: Hosts
  readonly notFrom?: Hosts
  readonly to?: Hosts
  /** `80/tcp`; absent: all. */
  readonly ports?: readonly string[]
  /** Networks of `notFrom` that a list of FireHOL's own has brought: nobody's addresses. */
  readonly named: ReadonlySet<string>
  /** Parameters without words in the policy: `mac`, `mark`, `src not` with a set. */
  readonly others: readonly string[]
}

/** Members of the sets that the configuration makes (`ipset add NAME ADDRESS`). */
export type StaticSets = ReadonlyMap<string, readonly string[]>

/** Lines of the log change nothing that is dropped. */
const harmless = new Set(["log", "loglimit", "connlog", "accounting", "helper", "sport"])

export function reachOf(all: readonly Parameters[], sets: StaticSets): Reach {
  const parameters = all.flatMap((each) => each.all).filter(({ name }) => !harmless.has(name))
  const others: string[] = []
  let from: Hosts | undefined
  let notFrom: Hosts | undefined
  let to: Hosts | undefined
  const ports: string[] = []
  const protocols = parameters
    .filter(({ name, not }) => name === "proto" && !not)
    .flatMap(({ values }) => values)
  for (const parameter of parameters) {
    const { name, not } = parameter
    const side = /^(src|dst)[46]?$/.exec(name)?.[1]
    if (side === "src" && not) notFrom = together(notFrom, hostsOf(parameter, sets))
    else if (side === "src" && !from) from = hostsOf(parameter, sets)
    else if (side === "dst" && !not && !to) to = hostsOf(parameter, sets)
    else if (name === "dport" && !not) ports.push(...portsOf(parameter, protocols, others))
    else if (name === "proto" && !not && protocols.every((each) => /^(tcp|udp)$/i.test(each))) {
      if (!parameters.some((each) => each.name === "dport"))
        ports.push(...protocols.map((each) => `1-65535/${each.toLowerCase()}`))
    } else others.push(not ? `${name} not` : name)
  }
  return {
    ...(from && { from }),
    ...(notFrom && { notFrom }),
    ...(to && { to }),
    ...(ports.length > 0 && { ports }),
    named: new Set(parameters.flatMap(namedNetworksOf)),
    others: [...new Set(others)],
  }
}

function namedNetworksOf({ name, not, values }: Parameter): readonly string[] {
  return not && name.startsWith("src") ? values.flatMap((value) => namedOf(value)?.special ?? []) : []
}

/** Whether an address of one family stands in a line for both: FireHOL gives `src` and `dst` to both, and one of the two refuses it. */
export function wrongFamily(all: readonly Parameters[], families: Families): string | undefined {
  if (!families.four || !families.six) return undefined
  for (const { name, values } of all.flatMap((each) => each.all)) {
    if (name !== "src" && name !== "dst") continue
    // Lists that FireHOL has a name for hold each family's part; sets and names of hosts are not seen through.
    const { four, six } = addresses(values.filter((value) => namedOf(value) === undefined))
    if (four.length > 0 || six.length > 0) return four[0] ?? six[0]
  }
  return undefined
}

function portsOf({ values }: Parameter, protocols: readonly string[], others: string[]): string[] {
  const suffixes = protocols.length === 0 ? [""] : protocols.map((each) => `/${each.toLowerCase()}`)
  return values.flatMap((value) => {
    const range = /^(\d{1,5})(?:[:-](\d{1,5}))?$/.exec(value)
    const [first, last] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])]
    if (!range || first < 1 || first > last || last > 65535) {
      others.push(`dport ${value}`)
      return []
    }
    return suffixes.map((suffix) => (first === last ? `${first}${suffix}` : `${first}-${last}${suffix}`))
  })
}

function hostsOf({ values }: Parameter, sets: StaticSets): Hosts {
  const known = values.flatMap((value) => {
    const name = /^ipset[46]?:(.+)$/.exec(value)?.[1]
    return (name !== undefined && sets.get(name)) || [value]
  })
  return addresses(known)
}

export function addresses(values: readonly string[]): Hosts {
  const four: string[] = []
  const six: string[] = []
  const unknown: string[] = []
  for (const value of values) {
    const networks = networksOf(value)
    if (!networks) unknown.push(value)
    else for (const network of networks) (network.includes(":") ? six : four).push(network)
  }
  return { four, six, unknown }
}

function together(first: Hosts | undefined, second: Hosts): Hosts {
  if (!first) return second
  return {
    four: [...first.four, ...second.four],
    six: [...first.six, ...second.six],
    unknown: [...first.unknown, ...second.unknown],
  }
}
