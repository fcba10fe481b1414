import { normalise, type Prefix, printPrefix } from "../base/prefix.js"
import { type Block, isSingle, type Scope } from "./block.js"

/** An element that is in the kernel. */
export interface KeptOut {
  readonly source: Prefix
  readonly scope: Scope
  /** Seconds that are left; Infinity: it stays. */
  readonly left: number
}

export interface Delta<Element extends KeptOut> {
  readonly remove: readonly Element[]
  /** Not there at all. */
  readonly add: readonly Block[]
  /** There, with another time. */
  readonly put: readonly Block[]
}

/** How many elements the hash sets take, each (policy/compile-outcome.ts). */
const hashRoom: Readonly<Record<Scope, number>> = { everything: 131072, "new-connections": 32768 }

/** What is too much for a hash set lies among the prefixes, which have room for so many. */
const networkRoom = 65536

/** Whether each of these hosts has room in its hash set. */
export function fitHashSets(hosts: readonly Block[]): boolean {
  const counts = new Map<string, number>()
  for (const { source, scope } of hosts) {
    const name = `${scope}${source.address.family}`
    const count = (counts.get(name) ?? 0) + 1
    if (count > hashRoom[scope]) return false
    counts.set(name, count)
  }
  return true
}

/**
 * What of the blocks has to be in the kernel: not the prefixes that a wider one holds. `asNetwork` are hosts that lie among the prefixes, for their own set is full;
 * `left` are those for which there is no room at all: the ones that end first.
 */
export function wantedInKernel(blocks: Iterable<Block>): {
  readonly wanted: readonly Block[]
  readonly asNetwork: ReadonlySet<Block>
  readonly left: readonly Block[]
} {
  const all = [...blocks]
  const wide = all.filter(({ source, scope }) => scope === "everything" && !isSingle(source))
  const needed = wide.length === 0 ? all : withoutInner(all, wide)
  const hashes = new Map<string, Block[]>()
  const networks = new Map<number, Block[]>([
    [4, []],
    [6, []],
  ])
  for (const block of needed) {
    const { family } = block.source.address
    if (!isSingle(block.source)) networks.get(family)!.push(block)
    else {
      const name = `${block.scope}${family}`
      const own = hashes.get(name)
      if (own) own.push(block)
      else hashes.set(name, [block])
    }
  }
  return intoSets(hashes, networks)
}

function intoSets(hashes: ReadonlyMap<string, Block[]>, networks: ReadonlyMap<number, Block[]>) {
  const asNetwork = new Set<Block>()
  const left: Block[] = []
  const wanted: Block[] = []
  for (const [name, blocks] of hashes) {
    const room = hashRoom[blocks[0]!.scope]
    const over = blocks.length > room ? blocks.sort(longestFirst).splice(room) : []
    for (const block of blocks) wanted.push(block)
    for (const block of over) {
      if (block.scope !== "everything") left.push(block)
      else {
        networks.get(name.endsWith("4") ? 4 : 6)!.push(block)
        asNetwork.add(block)
      }
    }
  }
  for (const blocks of networks.values()) {
    if (blocks.length > networkRoom)
      for (const block of blocks.sort(longestFirst).splice(networkRoom)) left.push(block)
    for (const block of blocks) wanted.push(block)
  }
  return { wanted, asNetwork, left }
}

/**
 * What makes the kernel's elements those that are wanted. Ends that differ by less than `tolerance` seconds are the same: both clocks are read one after
 * the other. Elements that end by themselves in a moment are left to it.
 */
export function deltaOf<Element extends KeptOut>(
  wanted: Iterable<Block>,
  kernel: readonly Element[],
  now: number,
  tolerance = 2,
): Delta<Element> {
  const there = new Map<string | number, Element>()
  for (const element of kernel) there.set(keyOf(element), element)
  const add: Block[] = []
  const put: Block[] = []
  for (const block of wanted) {
    const key = keyOf(block)
    const found = there.get(key)
    if (found !== undefined) there.delete(key)
    if (block.until <= now) continue
    if (found === undefined) add.push(block)
    else if (!isSameEnd(found.left, block.until - now, tolerance)) put.push(block)
  }
  return { remove: [...there.values()].filter(({ left }) => left > 0), add, put }
}

/** The same for blocks of which is known what their elements have left: seconds, NaN where there is no element. */
export function deltaOfKnown(
  blocks: readonly Block[],
  left: Float64Array,
  now: number,
  tolerance = 2,
): Omit<Delta<never>, "remove"> {
  const add: Block[] = []
  const put: Block[] = []
  for (const [index, block] of blocks.entries()) {
    if (block.until <= now) continue
    const there = left[index] ?? Number.NaN
    if (Number.isNaN(there)) add.push(block)
    else if (!isSameEnd(there, block.until - now, tolerance)) put.push(block)
  }
  return { add, put }
}

/** The same for a block and for its element. Hosts of IPv4, which are most of a hundred thousand, need no text. */
export function keyOf(of: { readonly source: Prefix; readonly scope: Scope }): string | number {
  const { address, length } = of.source
  if (address.family === 4 && length === 32)
    return of.scope === "everything" ? address.words[0]! : address.words[0]! + 2 ** 32
  return `${of.scope} ${printPrefix(of.source)}`
}

/** Prefixes of an interval set must not overlap: the wider one does for those inside it, until it ends. Hosts lie in sets of their own, and stay. */
function withoutInner(all: readonly Block[], wide: readonly Block[]): Block[] {
  const byLength = new Map<number, Set<string>>()
  for (const { source } of wide) {
    const own = byLength.get(source.length) ?? new Set<string>()
    byLength.set(source.length, own.add(textOf(source)))
  }
  return all.filter(({ source }) => {
    if (isSingle(source)) return true
    for (const [length, texts] of byLength) {
      if (length < source.length && texts.has(textOf(normalise({ address: source.address, length }))))
        return false
    }
    return true
  })
}

function textOf({ address, length }: Prefix): string {
  return `${address.words.join(".")}/${length}`
}

function longestFirst(one: Block, other: Block): number {
  return other.until === one.until ? 0 : other.until > one.until ? 1 : -1
}

function isSameEnd(left: number, wanted: number, tolerance: number): boolean {
  return left === wanted || Math.abs(left - wanted) <= tolerance
}
