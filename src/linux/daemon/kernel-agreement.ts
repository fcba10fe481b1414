import { contains } from "../../core/base/prefix.js"
import { deltaOf, deltaOfKnown, fitHashSets, wantedInKernel } from "../../core/block/agreement.js"
import { type Block, isSingle } from "../../core/block/block.js"
import type { Change } from "../../core/block/ledger.js"
import { failed } from "../host/outcome.js"
import { type CountedBlock, FULL, type KernelBlock, type KernelBlocks } from "./kernel-blocks.js"

/** Seconds by which an element's end may differ from its block's. */
const TOLERANCE = 2

/** From so many hosts on, asking for each takes less than a listing. */
const MANY = 20_000

/** The ledger's hosts, and how many seconds their elements have left in the kernel; NaN: there is none. */
export interface KnownHosts {
  readonly blocks: readonly Block[]
  readonly left: Float64Array
}

/** What the ledger wants, done in the kernel's sets. Times are seconds since 1970. */
export class KernelAgreement {
  readonly #kernel: KernelBlocks | undefined
  readonly #all: () => Iterable<Block>
  readonly #notice: (text: string) => void

  /** `kernel` undefined: there is no table of ours, and nothing is done. `all`: what the ledger has. */
  constructor(kernel: KernelBlocks | undefined, all: () => Iterable<Block>, notice: (text: string) => void) {
    this.#kernel = kernel
    this.#all = all
    this.#notice = notice
  }

  /** Undefined: there are no sets to be read. */
  list(which: "all" | "hosts" | "networks" = "all"): readonly CountedBlock[] | undefined {
    const listed = this.#kernel?.list(which)
    return listed === undefined || failed(listed) ? undefined : listed.value
  }

  /** Undefined: hosts are to be listed. */
  knownHosts(): KnownHosts | undefined {
    const blocks: Block[] = []
    for (const block of this.#all()) if (isSingle(block.source)) blocks.push(block)
    if (blocks.length < MANY || !fitHashSets(blocks)) return undefined
    const left = this.#kernel?.remaining(blocks)
    return left && { blocks, left: left.map((milliseconds) => milliseconds / 1000) }
  }

  /** Whether rules may have listed somebody by themselves: of many, the kernel is asked how many there are, which takes microseconds where a listing takes a second. */
  mayHaveMore(): boolean {
    let hosts = 0
    for (const block of this.#all()) if (isSingle(block.source)) hosts++
    const count = hosts < MANY ? undefined : this.#kernel?.countHosts()
    return count === undefined || count > hosts
  }

  /** Does what has changed in the ledger a moment ago. */
  apply(changes: readonly Change[], now: number): void {
    const kernel = this.#kernel
    if (kernel === undefined) return
    const added: Block[] = []
    const puts: Block[] = []
    const removes: Block[] = []
    const networks: Extract<Change, { block: Block }>[] = []
    for (const change of changes) {
      if (change.change !== "set" && change.change !== "end") continue
      const { block } = change
      if (!isSingle(block.source)) networks.push(change)
      else if (change.change === "set") (block.since === now ? added : puts).push(block)
      // The kernel has forgotten those by itself whose time is over.
      else if (change.how !== "over") removes.push(block)
    }
    if (added.length > 0) this.#place(added, now, kernel.add)
    if (puts.length > 0) this.#place(puts, now, kernel.put)
    if (removes.length > 0) kernel.remove(removes)
    // The stronger one takes the place of what a rule had listed a moment ago.
    const stronger = [...added, ...puts].filter(isForNetworks)
    if (stronger.length > 0)
      kernel.remove(stronger.map(({ source }) => ({ source, scope: "new-connections" as const })))
    if (networks.length > 0 && !this.#applyNetworks(kernel, networks, now)) {
      const listed = this.list()
      if (listed) this.agree(listed, now)
    }
  }

  /**
   * Makes the sets what the ledger wants, whatever is in them. `now` is when the listing began; a long one takes a while. `known`: the sets of hosts were asked for these, and `listed` is without them. How many were
   * put there.
   */
  agree(listed: readonly CountedBlock[], now: number, took = 0, known?: KnownHosts): number {
    const kernel = this.#kernel
    if (kernel === undefined) return 0
    const { wanted, asNetwork, left } = wantedInKernel(this.#all())
    const tolerance = TOLERANCE + took
    const others = deltaOf(
      known === undefined ? wanted : wanted.filter(({ source }) => !isSingle(source)),
      listed.map(({ source, scope, isNetwork = false, remaining }) => ({
        source,
        scope,
        isNetwork,
        left: seconds(remaining),
      })),
      now,
      tolerance,
    )
    const hosts = known && deltaOfKnown(known.blocks, known.left, now, tolerance)
    const delta = hosts
      ? { remove: others.remove, add: hosts.add.concat(others.add), put: hosts.put.concat(others.put) }
      : others
    if (delta.remove.length > 0) kernel.remove(delta.remove)
    for (const [blocks, change] of [
      [delta.add, kernel.add],
      [delta.put, kernel.put],
    ] as const) {
      const singles = asNetwork.size === 0 ? blocks : blocks.filter((block) => !asNetwork.has(block))
      if (singles.length > 0) this.#place(singles, now, change)
      if (singles.length === blocks.length) continue
      const networks = blocks.filter((block) => asNetwork.has(block))
      change(networks.map((block) => ({ ...elementOf(block, now), isNetwork: true })))
    }
    kernel.lookUpNetworks(wanted.some((block) => asNetwork.has(block) || !isSingle(block.source)))
    if (left.length > 0) this.#notice(`the kernel's sets are full: ${left.length} blocks wait in the ledger`)
    return delta.add.length + delta.put.length
  }

  /** Lets out what should not be there. */
  remove(blocks: readonly Pick<KernelBlock, "source" | "scope">[]): void {
    this.#kernel?.remove(blocks)
  }

  #place(blocks: readonly Block[], now: number, change: (elements: readonly KernelBlock[]) => number): void {
    const elements = blocks.map((block) => elementOf(block, now))
    const error = change(elements)
    if (error === 0) return
    // A full set of hosts gives what is too much to the networks.
    const rest =
      error === FULL
        ? change(elements.filter(isForNetworks).map((each) => ({ ...each, isNetwork: true })))
        : error
    if (rest !== 0) this.#notice(`the kernel did not take ${blocks.length} blocked sources (error ${rest})`)
  }

  /**
   * Prefixes must not overlap in the kernel: a wider one stands for those in it, and where it goes they come back. False: there is more in the kernel than the ledger's own
   * prefixes (hosts that their set has no room for), so that all have to be compared.
   */
  #applyNetworks(
    kernel: KernelBlocks,
    changes: readonly Extract<Change, { block: Block }>[],
    now: number,
  ): boolean {
    const all = [...this.#all()].filter(({ source }) => !isSingle(source))
    for (const { change, block } of changes) {
      const isOther = (other: Block) => other.source.length !== block.source.length
      if (all.some((other) => isOther(other) && contains(other.source, block.source))) continue
      const inner = all.filter((other) => isOther(other) && contains(block.source, other.source))
      if (change === "set") {
        if (inner.length > 0) kernel.remove(inner)
        if (kernel.put([elementOf(block, now)]) !== 0) return false
        continue
      }
      kernel.remove([block])
      const outermost = inner.filter(
        ({ source }) =>
          !inner.some((other) => other.source.length < source.length && contains(other.source, source)),
      )
      if (outermost.length > 0 && kernel.put(outermost.map((each) => elementOf(each, now))) !== 0)
        return false
    }
    return true
  }
}

function elementOf({ source, scope, until }: Block, now: number): KernelBlock {
  return { source, scope, remaining: Number.isFinite(until) ? Math.max(1, (until - now) * 1000) : null }
}

function isForNetworks({ scope }: { readonly scope: Block["scope"] }): boolean {
  return scope === "everything"
}

/** Infinity where it stays. */
export function seconds(milliseconds: number | null): number {
  return milliseconds === null ? Number.POSITIVE_INFINITY : milliseconds / 1000
}
