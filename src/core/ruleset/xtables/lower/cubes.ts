/** Values that agree with `value` in the bits of `mask`. */
export interface Cube {
  readonly mask: number
  readonly value: number
}

/**
 * A set of values of a few bits as cubes that do not overlap, few of them: what `--tcp-flags MASK VALUE` can ask, rule by rule. Each bit is tried as the one that splits a cube
 * in two; with six bits there are 729 cubes to look at.
 */
export function cubesOf(values: ReadonlySet<number>, bits: number): readonly Cube[] {
  const known = new Map<number, readonly Cube[]>()
  const all = 2 ** bits - 1

  const cover = (mask: number, value: number): readonly Cube[] => {
    const key = mask * (all + 1) + value
    const found = known.get(key)
    if (found) return found
    const result = split(mask, value)
    known.set(key, result)
    return result
  }

  const split = (mask: number, value: number): readonly Cube[] => {
    let inside = 0
    let count = 0
    for (let each = 0; each <= all; each++) {
      if ((each & mask) !== value) continue
      count++
      if (values.has(each)) inside++
    }
    if (inside === 0) return []
    if (inside === count) return [{ mask, value }]
    let best: readonly Cube[] | undefined
    for (let bit = 1; bit <= all; bit *= 2) {
      if ((mask & bit) !== 0) continue
      const halves = [...cover(mask | bit, value), ...cover(mask | bit, value | bit)]
      if (!best || halves.length < best.length) best = halves
    }
    return best ?? []
  }

  return cover(0, 0)
}
