import { isProblem } from "../../base/diagnostic.js"
import { overlaps, parsePrefix } from "../../base/prefix.js"
import { type Asked, INVALID, NEW } from "./asked.js"
import { areInvalid, isSyn, matchedFlags } from "./flags.js"

/** Whether some packet may be what both ask for: false only where that is sure. */
export function mayOverlap(left: Asked, right: Asked): boolean {
  if (left.protocol !== undefined && right.protocol !== undefined && left.protocol !== right.protocol)
    return false
  if (left.input !== undefined && right.input !== undefined && !devicesOverlap(left.input, right.input))
    return false
  if ((statesOf(left) & statesOf(right)) === 0) return false
  if (left.ports.length > 0 && right.ports.length > 0 && !portsOverlap(left.ports, right.ports)) return false
  if (isKind(left.icmpType) && isKind(right.icmpType) && left.icmpType !== right.icmpType) return false
  if (left.source !== undefined && right.source !== undefined && !sourcesOverlap(left.source, right.source))
    return false
  if (left.flags === undefined || right.flags === undefined) return true
  const flags = matchedFlags(left.flags)
  return matchedFlags(right.flags).some((combination) => flags.includes(combination))
}

/** What conntrack says of what a rule matches, as far as the rule's other words tell. */
export function statesOf({ states, flags }: Asked): number {
  if (states !== undefined) return states
  if (flags === undefined) return ~0
  if (areInvalid(flags)) return INVALID
  return isSyn(flags) ? NEW : ~0
}

/** A `+` at the end stands for any rest. */
export function devicesOverlap(left: string, right: string): boolean {
  const [shorter, longer] = left.length <= right.length ? [left, right] : [right, left]
  if (shorter.endsWith("+")) return longer.startsWith(shorter.slice(0, -1))
  return longer.endsWith("+") ? shorter.startsWith(longer.slice(0, -1)) : shorter === longer
}

function isKind(type: number | undefined): boolean {
  return type !== undefined && type >= 0
}

/** Lists of `22` and `1000-2000`. */
export function portsOverlap(left: readonly string[], right: readonly string[]): boolean {
  return left.some((one) => right.some((other) => rangesOverlap(rangeOf(one), rangeOf(other))))
}

type Range = readonly [number, number]

function rangeOf(text: string): Range {
  const [from = 0, to = from] = text.split("-").map(Number)
  return [from, to]
}

function rangesOverlap([from, to]: Range, [otherFrom, otherTo]: Range): boolean {
  return from <= otherTo && otherFrom <= to
}

/** Ranges `from-to` overlap with everything, as far as is looked. */
export function sourcesOverlap(left: string, right: string): boolean {
  const one = parsePrefix(left)
  const other = parsePrefix(right)
  return isProblem(one) || isProblem(other) || overlaps(one, other)
}
