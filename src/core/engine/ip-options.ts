import type { Packet } from "../packet/packet.js"

const END = 0
const NO_OPERATION = 1
const RECORD_ROUTE = 7
const TIMESTAMP = 68
const LOOSE_SOURCE_ROUTE = 131
const SECURITY_LABEL = 134
const STRICT_SOURCE_ROUTE = 137
const ROUTER_ALERT = 148

const BASIC_HEADER = 20

/**
 * Why the kernel drops a packet that arrived for its IPv4 options, behind prerouting and before input and forward (ip_rcv_options), or "": it does not. A route that
 * the sender chose is refused (`accept_source_route` is 0 for all devices together), and so is a security label (CIPSO) that nobody configured;
 * other options are refused where a router could not fill them in. All of it was looked at on Linux 6.18.
 */
export function optionFault(packet: Packet): string {
  if (packet.family !== 4 || packet.networkHeaderLength <= BASIC_HEADER) return ""
  const { view } = packet
  const end = Math.min(packet.networkOffset + packet.networkHeaderLength, view.byteLength)
  let at = packet.networkOffset + BASIC_HEADER
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === END) return ""
    if (kind === NO_OPERATION) {
      at++
      continue
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 2 || at + length > end) return "ipv4-option"
    if (kind === LOOSE_SOURCE_ROUTE || kind === STRICT_SOURCE_ROUTE) return "source-route"
    if (!isUsable(view, at, kind, length)) return "ipv4-option"
    at += length
  }
  return ""
}

/** Whether a router can fill an option in. The pointer counts from 1, and what it points to has room, or it points behind the option, which is full. */
function isUsable(view: DataView, at: number, kind: number, length: number): boolean {
  if (kind === SECURITY_LABEL) return false
  if (kind === ROUTER_ALERT) return length >= 4
  const pointer = length > 2 ? view.getUint8(at + 2) : 0
  if (kind === RECORD_ROUTE) return pointer >= 4 && hasRoom(pointer, length, 4)
  if (kind !== TIMESTAMP) return true
  if (length < 4 || pointer < 5) return false
  const flags = view.getUint8(at + 3)
  // With flag 0 there are times alone, with the others each has its address (RFC 791); the upper half counts hosts that found no room.
  if (pointer > length) return flags >>> 4 !== 15
  return hasRoom(pointer, length, (flags & 15) === 0 ? 4 : 8)
}

function hasRoom(pointer: number, length: number, size: number): boolean {
  return pointer > length || pointer + size - 1 <= length
}
