import type { Packet } from "../../../packet/packet.js"
import { BREAK, DROP, type Outcome } from "../../runtime.js"
import { cutShort, hasBytes } from "../bytes.js"

// Next header numbers (RFC 8200, RFC 4302).
export const HOP_BY_HOP = 0
export const ROUTING = 43
export const FRAGMENT = 44
export const ESP = 50
export const AUTHENTICATION = 51
export const NONE = 59
export const DESTINATION = 60

/** What `findHeader` answers where there is no such header: the rule does not match, or the chain is cut short and the packet is dropped. */
export const NOT_THERE = -1
export const CUT_SHORT = -2

/** Where the first extension header of this number begins, as ipv6_find_hdr walks; else one of the above. Behind a fragment header with an offset there is nothing. */
export function findHeader(packet: Packet, number: number): number {
  const { view, networkOffset } = packet
  let next = view.getUint8(networkOffset + 6)
  let at = networkOffset + 40
  while (next !== number) {
    if (!isExtension(next) || next === NONE) return NOT_THERE
    if (!hasBytes(packet, at, 2)) return missing(packet, at, 2)
    if (next === FRAGMENT) {
      if (!hasBytes(packet, at, 4)) return missing(packet, at, 4)
      if (view.getUint16(at + 2) >>> 3 > 0) return NOT_THERE
    }
    const following = view.getUint8(at)
    at += headerLength(packet, at, next)
    next = following
  }
  return at
}

/** What a rule says of what `findHeader` did not find. */
export function withoutHeader(answer: number): Outcome {
  return answer === CUT_SHORT ? DROP : BREAK
}

export function headerLength({ view }: Packet, at: number, number: number): number {
  if (number === FRAGMENT) return 8
  const units = view.getUint8(at + 1)
  return number === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8
}

export function isExtension(number: number): boolean {
  return (
    number === HOP_BY_HOP ||
    number === ROUTING ||
    number === FRAGMENT ||
    number === AUTHENTICATION ||
    number === NONE ||
    number === DESTINATION
  )
}

function missing(packet: Packet, at: number, length: number): number {
  return cutShort(packet, at, length) === DROP ? CUT_SHORT : NOT_THERE
}
