import type { Syntax } from "./syntax.js"

/** More than this many names are looked up by a map. */
const fewNames = 12

/** The entries of an object in their order. Nearly all objects have one to four: one array is a fraction of a map. */
export class EntryList {
  /** Names and values by turns. */
  private readonly pairs: readonly (string | Syntax)[]
  private places: Map<string, number> | undefined

  /** Names and values by turns; each name once. The list keeps the array. */
  constructor(pairs: readonly (string | Syntax)[]) {
    this.pairs = pairs
  }

  get size(): number {
    return this.pairs.length / 2
  }

  get(name: string): Syntax | undefined {
    const { pairs } = this
    if (pairs.length > fewNames * 2) {
      this.places ??= placesOf(pairs)
      const at = this.places.get(name)
      return at === undefined ? undefined : (pairs[at + 1] as Syntax)
    }
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return pairs[at + 1] as Syntax
    return undefined
  }

  /** The first name and its value. */
  first(): readonly [name: string, value: Syntax] | undefined {
    return this.pairs.length === 0 ? undefined : [this.pairs[0] as string, this.pairs[1] as Syntax]
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: Syntax]> {
    for (let at = 0; at < this.pairs.length; at += 2)
      yield [this.pairs[at] as string, this.pairs[at + 1] as Syntax]
  }
}

function placesOf(pairs: readonly (string | Syntax)[]): Map<string, number> {
  const places = new Map<string, number>()
  for (let at = 0; at < pairs.length; at += 2) places.set(pairs[at] as string, at)
  return places
}
