import { maskWords, type Prefix, widthOf } from "../../core/base/prefix.js"
import { openNetworkLookup } from "../host/netlink/network-lookup.js"
import { type NewElement, openSetWriter } from "../host/netlink/set-elements.js"
import { done, failed, type Outcome } from "../host/outcome.js"

export type BlockScope = "everything" | "new-connections"

/** A source as the kernel keeps it out. */
export interface KernelBlock {
  /** IPv6: a /64 or shorter; longer ones are kept out as their /64. */
  readonly source: Prefix
  readonly scope: BlockScope
  /** Milliseconds from now; null: ever. */
  readonly remaining: number | null
  /** A host that lies among the networks, for the set of hosts is full. */
  readonly isNetwork?: boolean
}

export interface CountedBlock extends KernelBlock {
  /** Milliseconds that it was given; null: ever. */
  readonly given: number | null
  /** Dropped since it was put there. */
  readonly packets: number
  readonly bytes: number
}

/**
 * The kernel's sets of who is kept out (policy/compile-outcome.ts declares them): hosts in hash sets, networks in interval sets, and in sets of their own the
 * sources that proved nothing. What is put there ends by itself, whatever happens to this process.
 */
export interface KernelBlocks {
  /** Those that are not there: a third of what `put` costs. Errno of the first that was refused, or 0. */
  add(blocks: readonly KernelBlock[]): number
  /** Anew, with this time from now and nothing counted, whether they are there or not. */
  put(blocks: readonly KernelBlock[]): number
  remove(blocks: readonly Pick<KernelBlock, "source" | "scope" | "isNetwork">[]): number
  /** `hosts`: without the sets of networks, which rules cannot add to; `networks`: these alone. */
  list(which?: "all" | "hosts" | "networks"): Outcome<readonly CountedBlock[]>
  /**
   * Of many hosts, what a listing would tell, for a part of what that takes: milliseconds until each of them ends, Infinity: it stays, NaN: it is not there. Only where their sets have nobody else, and each of them has all of its hosts
   * or none; undefined: that is not so, or is not known.
   */
  remaining(hosts: readonly Pick<KernelBlock, "source" | "scope">[]): Float64Array | undefined
  /** How many hosts are in the sets, with those that are over and were not collected yet; undefined: the kernel does not tell. */
  countHosts(): number | undefined
  /** Whether packets of live connections are looked up among the networks: where somebody may have changed that, it is made so. Whoever adds a network has it done by that. */
  lookUpNetworks(isWanted: boolean): void
  /** Of notifications: changes with this number are ours. */
  readonly port: number
  close(): void
}

const ENOENT = 2
/** ENFILE: the set has as many elements as it may have. */
export const FULL = 23

export function openKernelBlocks(table: string): Outcome<KernelBlocks> {
  const opened = openSetWriter()
  if (failed(opened)) return opened
  const writer = opened.value
  const lookup = openNetworkLookup(writer, table)
  const change = (blocks: readonly KernelBlock[], way: "add" | "put") =>
    eachSet(blocks, (set, elements) => {
      if (set.includes("networks")) lookup.need()
      return inParts(elements, (part) => writer[way]({ table, set }, part))
    })
  return done({
    port: writer.port,
    add: (blocks) => change(blocks, "add"),
    put: (blocks) => change(blocks, "put"),
    lookUpNetworks: (isWanted) => lookup.make(isWanted),
    remove: (blocks) =>
      eachSet(blocks, (set, elements) => {
        if (!set.includes("networks") && writer.clear({ table, set }, elements) === 0) return 0
        const error = inParts(elements, (part) => writer.remove({ table, set }, part))
        return error === ENOENT ? 0 : error
      }),
    remaining(hosts) {
      const bySet = new Map<string, number[]>(HOST_SETS.map((set) => [set, []]))
      for (const [index, host] of hosts.entries()) bySet.get(setOf(host))?.push(index)
      const all = new Float64Array(hosts.length).fill(Number.NaN)
      for (const [set, indices] of bySet) {
        const count = writer.count({ table, set })
        if (count === 0) continue
        if (count !== indices.length) return undefined
        const keys = indices.map((index) => hosts[index]!.source.address.words)
        const some = writer.remaining({ table, set }, keys)
        if (some === undefined) return undefined
        for (const [place, index] of indices.entries()) all[index] = some[place]!
      }
      return all
    },
    countHosts() {
      let sum = 0
      for (const set of HOST_SETS) {
        const count = writer.count({ table, set })
        if (count === undefined) return undefined
        sum += count
      }
      return sum
    },
    list(which = "all") {
      const blocks: CountedBlock[] = []
      for (const set of ALL_SETS) {
        if (which !== "all" && set.includes("networks") !== (which === "networks")) continue
        const listed = writer.list({ table, set })
        if (failed(listed)) return listed
        const elements = set.includes("networks") ? intervals(listed.value) : listed.value
        for (const {
          key,
          until,
          expires,
          timeout,
          packets = 0,
          bytes = 0,
        } of elements as readonly (Element & {
          readonly until?: Uint8Array
        })[]) {
          const source = prefixOf(key, until, set)
          blocks.push({
            source,
            ...(set.includes("networks") && isHostLike(source) && { isNetwork: true }),
            given: timeout ?? null,
            scope: set.startsWith("blocked-new") ? "new-connections" : "everything",
            remaining: expires ?? null,
            packets,
            bytes,
          })
        }
      }
      return done(blocks)
    },
    close: () => writer.close(),
  })
}

interface Element {
  readonly key: Uint8Array
  readonly isEnd: boolean
  readonly expires?: number
  readonly timeout?: number
  readonly packets?: number
  readonly bytes?: number
}

const ALL_SETS = [
  "blocked4",
  "blocked6",
  "blocked-networks4",
  "blocked-networks6",
  "blocked-new4",
  "blocked-new6",
]

const HOST_SETS = ALL_SETS.filter((set) => !set.includes("networks"))

/**
 * What one transaction could not do (an element was gone already, a set is full) is done by halves, so that of many only the one in question is left. Where a set is
 * full, what comes behind has no room either.
 */
function inParts(elements: readonly NewElement[], change: (part: readonly NewElement[]) => number): number {
  const error = change(elements)
  if (error === 0 || elements.length === 1) return error
  const half = elements.length >> 1
  const first = inParts(elements.slice(0, half), change)
  if (first === FULL) return first
  return inParts(elements.slice(half), change) || first
}

function eachSet(
  blocks: readonly (Pick<KernelBlock, "source" | "scope" | "isNetwork"> & {
    readonly remaining?: number | null
  })[],
  change: (set: string, elements: readonly NewElement[]) => number,
): number {
  const bySet = new Map<string, NewElement[]>()
  for (const block of blocks) {
    const set = setOf(block)
    const elements = bySet.get(set)
    if (elements) elements.push(elementOf(block))
    else bySet.set(set, [elementOf(block)])
  }
  let first = 0
  for (const [set, elements] of bySet) {
    const error = change(set, elements)
    first = first || error
  }
  return first
}

/** Who has one address of a /64 has them all. */
function isHostLike({ address, length }: Prefix): boolean {
  return address.family === 4 ? length === 32 : length >= 64
}

function setOf({ source, scope, isNetwork }: Pick<KernelBlock, "source" | "scope" | "isNetwork">): string {
  const family = source.address.family
  if (isNetwork) return `blocked-networks${family}`
  if (scope === "new-connections" && isHostLike(source)) return `blocked-new${family}`
  return isHostLike(source) ? `blocked${family}` : `blocked-networks${family}`
}

function elementOf({
  source,
  remaining,
  isNetwork,
}: {
  readonly source: Prefix
  readonly remaining?: number | null
  readonly isNetwork?: boolean
}): NewElement {
  const { address, length } = source
  // Addresses of IPv4 are most of them.
  if (address.family === 4) return element4(address.words[0]!, length, remaining, isNetwork)
  const kept = address.family === 6 ? Math.min(length, 64) : length
  const mask = maskWords(kept, address.words.length)
  const words = address.words.map((word, index) => (word & mask[index]!) >>> 0)
  const timeout = remaining ?? undefined
  if (isHostLike(source) && !isNetwork) return { key: words, timeout }
  return { key: words, until: firstBehind(words, kept), timeout }
}

function element4(
  word: number,
  length: number,
  remaining: number | null | undefined,
  isNetwork: boolean | undefined,
): NewElement {
  const timeout = remaining ?? undefined
  const size = 2 ** (32 - length)
  const first = word - (word % size)
  if (length === 32 && !isNetwork) return { key: [first], timeout }
  const behind = first + size
  return { key: [first], until: behind < 2 ** 32 ? [behind] : undefined, timeout }
}

/** The first address behind a prefix; undefined: there is none. */
function firstBehind(words: readonly number[], length: number): number[] | undefined {
  if (length === 0) return undefined
  const next = [...words]
  let index = (length - 1) >> 5
  let step = 2 ** (31 - ((length - 1) & 31))
  for (; index >= 0; index--) {
    const sum = next[index]! + step
    next[index] = sum >>> 0
    if (sum < 2 ** 32) return next
    step = 1
  }
  return undefined
}

function wordsOf(key: Uint8Array): number[] {
  const words: number[] = []
  for (let at = 0; at + 4 <= key.length; at += 4)
    words.push(((key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!) >>> 0)
  return words
}

/** The kernel lists where intervals begin and where they end, from the highest down. */
function intervals(elements: readonly Element[]): readonly (Element & { readonly until?: Uint8Array })[] {
  let end: Uint8Array | undefined
  const found: (Element & { readonly until?: Uint8Array })[] = []
  for (const element of elements) {
    if (element.isEnd) end = element.key
    else {
      found.push({ ...element, ...(end && { until: end }) })
      end = undefined
    }
  }
  return found
}

/** `until` is the first key behind an interval; undefined: it goes on to the last address. */
function prefixOf(key: Uint8Array, until: Uint8Array | undefined, set: string): Prefix {
  const words = wordsOf(key)
  const isLong = set.endsWith("6")
  const address = { family: isLong ? (6 as const) : (4 as const), words }
  if (!set.includes("networks")) return { address, length: isLong ? 64 : 32 }
  const end = until && wordsOf(until)
  if (!isLong) {
    // As many addresses as a power of two: its exponent is what the length lacks.
    const size = (end?.[0] ?? 2 ** 32) - words[0]!
    return { address, length: 32 - Math.floor(Math.log2(size)) }
  }
  const width = widthOf(address)
  // From the longest: hosts that lie among the networks are the most.
  for (let length = width; length >= 0; length--) {
    const behind = firstBehind(words, length)
    if (behind === undefined ? end === undefined : behind.every((word, index) => word === end?.[index]))
      return { address, length }
  }
  return { address, length: width }
}
