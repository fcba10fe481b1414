import type { Table } from "../ruleset/ruleset.js"
import type { CompiledSet } from "./compile.js"

/** A set that has been filled so often is not taken for empty again: it comes and goes, and each time all selections are made anew. */
const MOST_FILLED = 4

/**
 * Which sets have no elements. Most lists of a policy are empty most of the time, and a rule that looks into an empty one need not be asked; who relies on that is told when
 * a set gets its first element.
 */
export class Emptiness {
  private readonly sets = new Map<Table, Map<string, Watched>>()
  private readonly onFilled: () => void

  constructor(sets: readonly CompiledSet[], onFilled: () => void) {
    this.onFilled = onFilled
    for (const compiled of sets) {
      const { table, declaration } = compiled
      const known = this.sets.get(table) ?? new Map<string, Watched>()
      this.sets.set(table, known)
      // What `*` stands for is found in a set that has no other element.
      if (!(declaration.elements ?? []).some(({ key }) => "others" in key))
        known.set(declaration.name, { set: compiled.set, filled: 0 })
    }
  }

  /** Is the set empty? True: the caller relies on it, and `onFilled` is called when it no longer is. */
  assume(table: Table, name: string): boolean {
    const watched = this.sets.get(table)?.get(name)
    if (watched === undefined || watched.set.size > 0 || watched.filled >= MOST_FILLED) return false
    watched.set.onFilled = () => {
      watched.set.onFilled = null
      watched.filled++
      this.onFilled()
    }
    return true
  }
}

interface Watched {
  readonly set: CompiledSet["set"]
  filled: number
}
