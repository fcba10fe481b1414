/**
 * The word that somebody probably meant: the nearest of `words` by Damerau-Levenshtein distance (a slip of two neighbours counts as one),
 * if no more than a third of the longer word is wrong. The first of equals; never the word itself, and nothing for no word.
 */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  if (word === "") return undefined
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of words) {
    if (candidate === word) continue
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
    // As far apart as their lengths are, at least.
    const least = Math.abs(word.length - candidate.length)
    if (least > allowed || least >= bestDistance) continue
    const apart = distance(word.toLowerCase(), candidate.toLowerCase())
    if (apart >= Math.max(2, word.length, candidate.length)) continue
    if (apart <= allowed && apart < bestDistance) {
      best = candidate
      bestDistance = apart
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
export function distance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1))
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[right.length]!
}

/** `did you mean "x"?`, where there is a near word. */
export function didYouMean(word: string, words: Iterable<string>): string | undefined {
  const found = nearest(word, words)
  return found === undefined ? undefined : `did you mean "${found}"?`
}
