/**
 * Counts how often keys come, in bounded memory: those that make up a large part of all are surely kept. Misra and Gries' summary, cut down
 * as in Agarwal et al., "Mergeable Summaries" (2012): a count is at most total / kept too low, and never too high.
 */
export class HeavyHitters<Key> {
  readonly #counts = new Map<Key, number>()
  readonly #kept: number
  total = 0

  /** `kept` keys are kept when it gets narrow; twice as many are held. */
  constructor(kept = 4096) {
    this.#kept = kept
  }

  add(key: Key): void {
    this.total++
    const count = this.#counts.get(key)
    this.#counts.set(key, (count ?? 0) + 1)
    if (count === undefined && this.#counts.size > 2 * this.#kept) this.#cut()
  }

  /** The most frequent keys, the first first. */
  top(length: number): (readonly [key: Key, count: number])[] {
    return [...this.#counts].sort((left, right) => right[1] - left[1]).slice(0, length)
  }

  #cut(): void {
    const counts = [...this.#counts.values()].sort((left, right) => right - left)
    const less = counts[this.#kept] ?? 0
    for (const [key, count] of this.#counts) {
      if (count > less) this.#counts.set(key, count - less)
      else this.#counts.delete(key)
    }
  }
}
