import * as fc from "fast-check"
import {
  accept,
  add,
  address,
  concat,
  continueVerdict,
  ctCountOver,
  drop,
  inSet,
  ip,
  ip6,
  jump,
  limit,
  limitOver,
  meta,
  notInSet,
  parts,
  remove,
  returnVerdict,
  tcp,
  th,
  update,
  vmap,
} from "../../../src/core/ruleset/build.js"
import type { ExpressionNode, StepNode, VerdictNode } from "../../../src/core/ruleset/node.js"
import type { SetDeclaration } from "../../../src/core/ruleset/ruleset.js"
import type { Item } from "../../../src/core/ruleset/value.js"
import { prefixItemOf, type Subject, slow } from "./matches.js"
import { devices, networks, type Pools } from "./pools.js"

/** A set that a table declares, with the steps of rules that use it. */
export interface NamedSet {
  readonly declaration: SetDeclaration
  /** What a rule must speak of to use it. */
  readonly network: 4 | 6 | null
  readonly transport: "tcp" | null
  /** Its verdicts may lead to other chains. */
  readonly leads?: true
  readonly uses: readonly StepNode[]
}

export interface SetOptions {
  readonly pools: Pools
  readonly versions: readonly (4 | 6)[]
  /** Chains that a verdict map may jump to. */
  readonly chains: readonly string[]
  /** Elements that end by themselves within a case, and counts of connections: the packets then come in bursts, or far apart. */
  readonly timed: boolean
  readonly counting: boolean
}

const one = <const Value>(...values: readonly Value[]) => fc.constantFrom(...values)

/** The sets of one table: some of every kind that its families can have. */
export function setsFor(options: SetOptions): fc.Arbitrary<readonly NamedSet[]> {
  const kinds: fc.Arbitrary<NamedSet>[] = []
  for (const version of options.versions)
    kinds.push(
      hosts(version, options),
      intervals(version, options),
      pairs(version, options),
      pairsOfIntervals(version, options),
      verdictsOfNetworks(version, options),
      grown(version, options),
      metered(version, options),
      timed(version, options),
    )
  kinds.push(ports(options), interfaces(), verdictsOfPorts(options), verdictsOfFlags(options))
  // A set that nobody fills and a set that nobody asks are the same to nft.
  const some: fc.Arbitrary<readonly NamedSet[]> = fc
    .shuffledSubarray(kinds, { minLength: 1, maxLength: Math.min(5, kinds.length) })
    .chain((chosen) => fc.tuple(...chosen))
  if (!options.counting) return some
  return fc.tuple(some, counted(options.versions[0]!)).map(([others, counting]) => [...others, counting])
}

function saddr(version: 4 | 6): ExpressionNode {
  return version === 4 ? ip("saddr") : ip6("saddr")
}

function addressType(version: 4 | 6): "ipv4_addr" | "ipv6_addr" {
  return version === 4 ? "ipv4_addr" : "ipv6_addr"
}

function hostOf(version: 4 | 6, pools: Pools): fc.Arbitrary<readonly number[]> {
  return one(...pools.outside[version], ...pools.inside[version]).map(address)
}

function lookups(left: ExpressionNode, name: string): readonly StepNode[] {
  return [inSet(left, name), inSet(left, name), notInSet(left, name)]
}

function hosts(version: 4 | 6, { pools }: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `hosts${version}`
  return fc
    .uniqueArray(hostOf(version, pools), { minLength: 1, maxLength: 5, selector: String })
    .map((some) => ({
      declaration: {
        name,
        key: [addressType(version)],
        flags: [],
        elements: some.map((value) => ({ key: { value } })),
      },
      network: version,
      transport: null,
      uses: [...lookups(saddr(version), name), inSet(version === 4 ? ip("daddr") : ip6("daddr"), name)],
    }))
}

function networkItems(version: 4 | 6): fc.Arbitrary<Item[]> {
  return fc
    .subarray(networks[version].slice(), { minLength: 1 })
    .map((some) => some.map(([text, length]) => prefixItemOf(text, length, version)))
}

function intervals(version: 4 | 6, _options: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `nets${version}`
  return networkItems(version).map((items) => ({
    declaration: {
      name,
      key: [addressType(version)],
      flags: ["interval"],
      elements: items.map((key) => ({ key })),
    },
    network: version,
    transport: null,
    uses: lookups(saddr(version), name),
  }))
}

function pairs(version: 4 | 6, { pools }: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `pairs${version}`
  const pair = fc.tuple(hostOf(version, pools), one(...pools.ports))
  return fc.uniqueArray(pair, { minLength: 1, maxLength: 6, selector: String }).map((some) => ({
    declaration: {
      name,
      key: [addressType(version), "inet_service"],
      flags: [],
      elements: some.map(([host, port]) => ({ key: parts(host, port) })),
    },
    network: version,
    transport: "tcp",
    uses: lookups(concat(saddr(version), tcp("dport")), name),
  }))
}

function pairsOfIntervals(version: 4 | 6, _options: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `areas${version}`
  const bounds = one([1, 79], [80, 80], [22, 22], [81, 1023], [1024, 65535])
  return fc
    .uniqueArray(fc.tuple(one(...networks[version]), bounds), {
      minLength: 1,
      maxLength: 4,
      selector: String,
    })
    .map((some) => ({
      declaration: {
        name,
        key: [addressType(version), "inet_service"],
        flags: ["interval"],
        elements: some
          // The kernel refuses overlapping elements: one port range for each network.
          .filter(([[text]], index) => some.findIndex(([[other]]) => other === text) === index)
          .map(([[text, length], [from, to]]) => ({
            key: parts(prefixItemOf(text, length, version), from === to ? from : { from: [from], to: [to] }),
          })),
      },
      network: version,
      transport: null,
      uses: lookups(concat(saddr(version), th("dport")), name),
    }))
}

function ports({ pools }: SetOptions): fc.Arbitrary<NamedSet> {
  const sorted = [...pools.ports].sort((left, right) => left - right)
  return fc.subarray(sorted, { minLength: 1 }).map((some) => ({
    declaration: {
      name: "ports",
      key: ["inet_service"],
      flags: ["interval"],
      elements: some.map((port) => ({
        key:
          port % 2 === 0 && !some.includes(port + 3) ? { from: [port], to: [port + 3] } : { value: [port] },
      })),
    },
    network: null,
    transport: null,
    uses: lookups(th("dport"), "ports"),
  }))
}

function interfaces(): fc.Arbitrary<NamedSet> {
  return fc.subarray([...devices, "absent0"], { minLength: 1 }).map((some) => ({
    declaration: {
      name: "names",
      key: ["ifname"],
      flags: [],
      elements: some.map((value) => ({ key: { value } })),
    },
    network: null,
    transport: null,
    uses: lookups(meta("iifname"), "names"),
  }))
}

function verdicts({ chains }: SetOptions): fc.Arbitrary<VerdictNode> {
  return one(accept, drop, drop, returnVerdict, continueVerdict, ...chains.map(jump))
}

function verdictsOfPorts(options: SetOptions): fc.Arbitrary<NamedSet> {
  return fc
    .uniqueArray(fc.tuple(one(...options.pools.ports), verdicts(options)), {
      minLength: 1,
      maxLength: 5,
      selector: ([port]) => port,
    })
    .map((some) => ({
      declaration: {
        name: "byport",
        key: ["inet_service"],
        data: "verdict",
        flags: [],
        elements: some.map(([port, data]) => ({ key: { value: [port] }, data })),
      },
      network: null,
      transport: null,
      leads: true,
      uses: [vmap(th("dport"), "byport"), vmap(th("sport"), "byport")],
    }))
}

function verdictsOfFlags(options: SetOptions): fc.Arbitrary<NamedSet> {
  return fc
    .uniqueArray(fc.tuple(one(0, 2, 18, 16, 24, 17, 41), verdicts(options)), {
      minLength: 1,
      maxLength: 4,
      selector: ([flags]) => flags,
    })
    .map((some) => ({
      declaration: {
        name: "byflags",
        key: ["tcp_flag"],
        data: "verdict",
        flags: [],
        elements: some.map(([flags, data]) => ({ key: { value: [flags] }, data })),
      },
      network: null,
      transport: "tcp",
      leads: true,
      uses: [vmap(tcp("flags"), "byflags")],
    }))
}

function verdictsOfNetworks(version: 4 | 6, options: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `bynet${version}`
  return fc
    .uniqueArray(fc.tuple(one(...networks[version]), verdicts(options)), {
      minLength: 1,
      maxLength: 4,
      selector: ([[text]]) => text,
    })
    .map((some) => ({
      declaration: {
        name,
        key: [addressType(version)],
        data: "verdict",
        flags: ["interval"],
        elements: some.map(([[text, length], data]) => ({ key: prefixItemOf(text, length, version), data })),
      },
      network: version,
      transport: null,
      leads: true,
      uses: [vmap(saddr(version), name)],
    }))
}

/** A set that rules fill, small enough to become full. */
function grown(version: 4 | 6, { pools }: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `grown${version}`
  const left = saddr(version)
  return fc
    .tuple(one(1, 2, 4, 64), fc.uniqueArray(hostOf(version, pools), { maxLength: 1, selector: String }))
    .map(([size, some]) => ({
      declaration: {
        name,
        key: [addressType(version)],
        flags: ["dynamic"],
        size,
        elements: some.map((value) => ({ key: { value } })),
      },
      network: version,
      transport: null,
      uses: [add(name, left), update(name, left), remove(name, left), ...lookups(left, name)],
    }))
}

function metered(version: 4 | 6, _options: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `meter${version}`
  const left = saddr(version)
  return fc.tuple(one(2, 64), one(1, 3, 10), one(true, false)).map(([size, burst, over]) => {
    const statement = over ? limitOver(slow, burst) : limit(slow, burst)
    return {
      declaration: { name, key: [addressType(version)], flags: ["dynamic"], size },
      network: version,
      transport: null,
      uses: [
        add(name, left, {}, statement),
        update(name, left, {}, statement),
        inSet(left, name),
        notInSet(left, name),
      ],
    }
  })
}

/** Either no element ends while a case runs, or packets come in bursts, and what one added has ended before the next. */
function timed(version: 4 | 6, options: SetOptions): fc.Arbitrary<NamedSet> {
  const name = `timed${version}`
  const left = saddr(version)
  return fc.tuple(one(3, 64), options.timed ? one(250e6) : one(60e9, 3600e9)).map(([size, timeout]) => ({
    declaration: { name, key: [addressType(version)], flags: ["dynamic", "timeout"], size, timeout },
    network: version,
    transport: null,
    uses: [
      add(name, left),
      update(name, left),
      add(name, left, { timeout: options.timed ? 260e6 : 120e9 }),
      remove(name, left),
      ...lookups(left, name),
    ],
  }))
}

function counted(version: 4 | 6): fc.Arbitrary<NamedSet> {
  const name = `counted${version}`
  return one(1, 2, 4).map((count) => ({
    declaration: { name, key: [addressType(version)], flags: ["dynamic"], size: 64 },
    network: version,
    transport: null,
    uses: [add(name, saddr(version), {}, ctCountOver(count))],
  }))
}

/** Whether a rule with this subject may use the set. */
export function suits({ network, transport }: NamedSet, subject: Subject): boolean {
  return (
    (network === null || network === subject.network) &&
    (transport === null || transport === subject.transport)
  )
}
