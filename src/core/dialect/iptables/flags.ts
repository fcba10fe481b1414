import type { Flags } from "./asked.js"

const FIN = 1
const SYN = 2
const RST = 4
const PSH = 8
const ACK = 16
const URG = 32

/** `--syn` is `--tcp-flags FIN,SYN,RST,ACK SYN`. */
export const SYN_MASK = FIN | SYN | RST | ACK
export const SYN_VALUE = SYN

/** `--syn`, or another mask that asks for SYN alone. */
export function isSyn(flags: Flags | undefined): boolean {
  if (flags === undefined || flags.negated) return false
  return flags.value === SYN && (flags.mask & SYN) !== 0 && (flags.mask & ~63) === 0
}

/** All 64 combinations that the rule matches; the two flags of ECN do not count. */
export function matchedFlags({ mask, value, negated }: Flags): readonly number[] {
  return Array.from({ length: 64 }, (_, flags) => flags).filter(
    (flags) => ((flags & mask) === value) !== negated,
  )
}

/** malformed-bad: what its manual entry lists. */
const badPairs: readonly (readonly [number, number])[] = [
  [SYN | FIN, SYN | FIN],
  [SYN | RST, SYN | RST],
  [FIN | RST, FIN | RST],
  [ACK | FIN, FIN],
  [ACK | PSH, PSH],
  [ACK | URG, URG],
]

export const badCombinations: readonly number[] = Array.from({ length: 64 }, (_, flags) => flags).filter(
  (flags) => badPairs.some(([mask, value]) => (flags & mask) === value),
)

/** What conntrack takes for a packet of TCP at all (with or without PSH); all else is INVALID, whatever came before it. */
const sensible = [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG]

/** Whether conntrack calls every packet INVALID that the rule matches. */
export function areInvalid(flags: Flags): boolean {
  return matchedFlags(flags).every((combination) => !sensible.includes(combination & ~PSH))
}

/** No combination is a SYN that asks for a connection. */
export function areWithoutSyn(flags: Flags): boolean {
  return matchedFlags(flags).every((combination) => (combination & SYN_MASK) !== SYN_VALUE)
}
