/** How long blocks are, in seconds. */

/** KESL's, and everybody's who says nothing. */
export const blockForDefault = 60 * 60

/** KESL's range: 1 to 32768 minutes; by hand also for ever. */
export const blockForLongest = 32768 * 60

/** Of a source that proved nothing. */
export const unprovenLongest = 10 * 60

export interface RepeaterSettings {
  /** Doubling stops here; 0: repeaters are blocked no longer than others. */
  readonly longest: number
  /** A source that was quiet for so long begins anew. */
  readonly forgetAfter: number
}

export const repeaterDefaults: RepeaterSettings = { longest: 7 * 86400, forgetAfter: 7 * 86400 }

/** `base` doubled for each earlier block, up to `longest`; what the policy says for the first time is never shortened. */
export function repeatedFor(base: number, timesBefore: number, { longest }: RepeaterSettings): number {
  if (longest === 0 || base >= longest) return base
  // 2^31 minutes are longer than any cap.
  return Math.min(base * 2 ** Math.min(timesBefore, 31), longest)
}
