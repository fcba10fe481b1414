import type { Problem } from "../../base/diagnostic.js"
import type { Item } from "../../ruleset/value.js"
import { badValue } from "../../ruleset/xtables/problem.js"

/** The most elements that one line adds: as many as a set holds where it does not say more. */
const MOST = 65_536

/**
 * The elements that an element stands for: sets of single addresses and ports take a range or a network for each of its members (ipset(8), hash:ip); sets of
 * networks, whose parts are not `single`, keep them.
 */
export function membersOf(items: readonly Item[], single: readonly boolean[]): readonly Item[] | Problem {
  let found: readonly (readonly Item[])[] = [[]]
  for (const [index, item] of items.entries()) {
    const members = single[index] ? singles(item) : [item]
    if (members === undefined || members.length * found.length > MOST)
      return badValue(`an element that stands for more than ${MOST} is too much for one line`)
    found = found.flatMap((before) => members.map((member) => [...before, member]))
  }
  return found.map((parts) => (parts.length === 1 ? parts[0]! : { parts }))
}

/** Undefined: too many. */
function singles(item: Item): readonly Item[] | undefined {
  const ends = endsOf(item)
  if (!ends) return [item]
  const [from, to] = ends
  const last = from.length - 1
  if (from.slice(0, last).some((word, index) => word !== to[index])) return undefined
  const count = to[last]! - from[last]! + 1
  if (count > MOST) return undefined
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({
    value: [...from.slice(0, last), from[last]! + index],
  }))
}

function endsOf(item: Item): readonly [readonly number[], readonly number[]] | undefined {
  if ("from" in item)
    return typeof item.from === "string" || typeof item.to === "string" ? undefined : [item.from, item.to]
  if (!("prefix" in item)) return undefined
  const to = item.prefix.map((word, index) => {
    const ones = Math.min(32, Math.max(0, item.length - 32 * index))
    return ones === 32 ? word : (word | (0xffffffff >>> ones)) >>> 0
  })
  return [item.prefix, to]
}
