import { type Block, isSingle } from "../block/block.js"
import type { Engine } from "../engine/engine.js"
import { HashSet } from "../engine/sets/hash-set.js"

/** The sets of a compiled policy in which sources stand that are kept out (policy/compile-outcome.ts), in the engine's memory. */
export class EngineBlocks {
  private readonly engine: Engine
  private readonly origin: number

  /** `origin`: seconds since 1970 from which the engine's time counts. */
  constructor(engine: Engine, origin: number) {
    this.engine = engine
    this.origin = origin
  }

  /** False: the set is full, or (a prefix made of many, whose members stand there themselves) has no place here. */
  put(block: Block): boolean {
    const set = this.setOf(block)
    const expires = (block.until - this.origin) * 1e9
    return set?.put(block.source.address.words, this.engine.now, expires, undefined) ?? false
  }

  remove(block: Block): void {
    this.setOf(block)?.take(block.source.address.words, this.engine.now)
  }

  private setOf({ source, scope }: Block): HashSet | undefined {
    if (!isSingle(source)) return undefined
    const name = `${scope === "everything" ? "blocked" : "blocked-new"}${source.address.family}`
    const found = this.engine.set("floodwall", name)?.set
    return found instanceof HashSet ? found : undefined
  }
}
