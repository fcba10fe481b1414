import { canBeOf, canHave, coarseOf } from "./packet-sort.js"

/**
 * What a packet has to be before an expression has a value for it, or a step can match. Nodes tell it before any packet is there, so that a chain
 * need not ask a datagram for its TCP flags: the engine leaves out the rules that cannot match a packet of its sort.
 */
export interface Requirement {
  readonly family?: 4 | 6
  /** The protocol behind all IP headers, as `Packet.protocol` has it. */
  readonly protocol?: number
}

/** False: no packet of this sort (packet-sort.ts) is what is required. */
export function isPossible(requirement: Requirement, sort: number): boolean {
  const { family, protocol } = requirement
  const coarse = coarseOf(sort)
  if (family !== undefined && !canBeOf(coarse, family)) return false
  return protocol === undefined || canHave(coarse, protocol)
}

/** What both ask for; null: no packet is both. */
export function both(left: Requirement, right: Requirement): Requirement | null {
  if (left.family !== undefined && right.family !== undefined && left.family !== right.family) return null
  if (left.protocol !== undefined && right.protocol !== undefined && left.protocol !== right.protocol)
    return null
  return { ...left, ...right }
}
