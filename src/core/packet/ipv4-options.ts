import type { Packet } from "./packet.js"

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
  const fault = walk(packet)
  return fault < 0 ? "source-route" : fault > 0 ? "ipv4-option" : ""
}

/** Whether the kernel can read all options of a header, as it must to tell a rule of one (`ip option rr exists`). A route is read where it has not begun. */
export function hasReadableOptions(packet: Packet): boolean {
  return packet.networkHeaderLength > BASIC_HEADER && walk(packet, true) === 0
}

/** 0: nothing is wrong; 1: an option is; -1: there is a route of the sender's, unless `readsRoutes`. */
function walk(packet: Packet, readsRoutes = false): number {
  const { view } = packet
  const end = Math.min(packet.networkOffset + packet.networkHeaderLength, view.byteLength)
  let at = packet.networkOffset + BASIC_HEADER
  let routes = 0
  let records = 0
  let times = 0
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === END) return 0
    if (kind === NO_OPERATION) {
      at++
      continue
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 2 || at + length > end) return 1
    if (kind === LOOSE_SOURCE_ROUTE || kind === STRICT_SOURCE_ROUTE) {
      if (!readsRoutes) return -1
      routes++
      const isWhole = length >= 7 && (length - 3) % 4 === 0 && view.getUint8(at + 2) === 4
      if (!isWhole || routes > 1) return 1
    } else {
      if (!isUsable(view, at, kind, length)) return 1
      if (kind === RECORD_ROUTE && ++records > 1) return 1
      if (kind === TIMESTAMP && ++times > 1) return 1
    }
    at += length
  }
  return 0
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
