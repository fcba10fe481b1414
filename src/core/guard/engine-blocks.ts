import { lastAddress } from "../base/prefix.js"
import { type Block, isSingle, sourceText } from "../block/block.js"
import type { Engine } from "../engine/engine.js"
import { HashSet } from "../engine/sets/hash-set.js"
import { IntervalSet } from "../engine/sets/interval-set.js"
import { prefixItem } from "../ruleset/build.js"

/** The sets of a compiled policy in which sources stand that are kept out (policy/compile-outcome.ts), in the engine's memory. */
export class EngineBlocks {
  private readonly engine: Engine
  private readonly origin: number
  /** Prefixes, by name: their sets are filled anew with each change. */
  private readonly networks = new Map<string, Block>()

  /** `origin`: seconds since 1970 from which the engine's time counts. */
  constructor(engine: Engine, origin: number) {
    this.engine = engine
    this.origin = origin
  }

  /** False: the set is full, or there is none. */
  put(block: Block): boolean {
    if (!isSingle(block.source)) {
      this.networks.set(sourceText(block.source), block)
      return this.fillNetworks(block.source.address.family)
    }
    const set = this.setOf(block)
    return set?.put(block.source.address.words, this.engine.now, this.expiryOf(block), undefined) ?? false
  }

  remove(block: Block): void {
    if (this.networks.delete(sourceText(block.source))) this.fillNetworks(block.source.address.family)
    else this.setOf(block)?.take(block.source.address.words, this.engine.now)
  }

  private fillNetworks(family: 4 | 6): boolean {
    const set = this.engine.set("floodwall", `blocked-networks${family}`)?.set
    if (!(set instanceof IntervalSet)) return false
    const { now } = this.engine
    const own = [...this.networks.values()].filter(({ source }) => source.address.family === family)
    set.replace(
      own.map((block) => ({
        from: [...block.source.address.words],
        to: [...lastAddress(block.source).words],
        element: { key: prefixItem(block.source), timeout: this.expiryOf(block) - now },
      })),
      now,
    )
    return true
  }

  /** Nanoseconds on the engine's clock. */
  private expiryOf({ until }: Block): number {
    return (until - this.origin) * 1e9
  }

  private setOf({ source, scope }: Block): HashSet | undefined {
    if (!isSingle(source)) return undefined
    const name = `${scope === "everything" ? "blocked" : "blocked-new"}${source.address.family}`
    const found = this.engine.set("floodwall", name)?.set
    return found instanceof HashSet ? found : undefined
  }
}
