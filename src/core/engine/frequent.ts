import { type Address, printAddress } from "../base/address.js"

/** How many are kept when it gets narrow. */
const KEPT = 2048

/**
 * Counts addresses in bounded memory: those that make up a large part of all are surely kept (Misra and Gries' summary; a count may be too
 * low by total / 2048, never too high).
 */
export class FrequentAddresses {
  total = 0
  private readonly four = new Map<number, number>()
  private readonly six = new Map<string, number>()

  add(family: number, word0: number, word1: number, word2: number, word3: number): void {
    this.total++
    if (family === 4) {
      this.four.set(word0, (this.four.get(word0) ?? 0) + 1)
      if (this.four.size > 2 * KEPT) cut(this.four)
      return
    }
    const key = `${word0},${word1},${word2},${word3}`
    this.six.set(key, (this.six.get(key) ?? 0) + 1)
    if (this.six.size > 2 * KEPT) cut(this.six)
  }

  /** The most frequent ones, the first first. */
  top(length: number): { readonly address: string; readonly count: number }[] {
    const all = [
      ...[...this.four].map(([word, count]) => ({ address: { family: 4, words: [word] } as Address, count })),
      ...[...this.six].map(([key, count]) => ({
        address: { family: 6, words: key.split(",").map(Number) } as Address,
        count,
      })),
    ]
    return all
      .sort((left, right) => right.count - left.count)
      .slice(0, length)
      .map(({ address, count }) => ({ address: printAddress(address), count }))
  }
}

function cut<Key>(counts: Map<Key, number>): void {
  const sorted = [...counts.values()].sort((left, right) => right - left)
  const less = sorted[KEPT] ?? 0
  for (const [key, count] of counts)
    if (count > less) counts.set(key, count - less)
    else counts.delete(key)
}
