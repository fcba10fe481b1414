import { GRE, ICMP, ICMPV6, type Packet } from "../../packet/packet.js"
import { greCall } from "./gre.js"
import { KIND, PORTS } from "./layout.js"
import { hasPorts, kindOf } from "./tuple.js"

/**
 * The tuple of the packet that an ICMP error quotes from `offset` on, `end` being the error's end. False: it cannot be read.
 * Four bytes of ports are enough, eight of ICMP (RFC 792 quotes eight).
 */
export function quotedTuple(packet: Packet, offset: number, end: number, into: Uint32Array): boolean {
  const available = Math.min(end, packet.frameOffset + packet.capturedLength)
  const { view } = packet
  let protocol: number
  let transport: number
  if (packet.family === 4) {
    if (offset + 20 > available) return false
    if ((view.getUint16(offset + 6) & 0x1fff) !== 0) return false
    protocol = view.getUint8(offset + 9)
    transport = offset + ((view.getUint8(offset) & 0x0f) << 2)
    if (transport > end) return false
    into.fill(0, 0, 8)
    into[0] = view.getUint32(offset + 12)
    into[4] = view.getUint32(offset + 16)
  } else {
    if (offset + 40 > available) return false
    for (let word = 0; word < 8; word++) into[word] = view.getUint32(offset + 8 + word * 4)
    protocol = view.getUint8(offset + 6)
    transport = offset + 40
    for (;;) {
      if (protocol === 59) return false
      if (protocol !== 0 && protocol !== 43 && protocol !== 44 && protocol !== 51 && protocol !== 60) break
      if (transport + 8 > available) return false
      if (protocol === 44 && (view.getUint16(transport + 2) & 0xfff8) !== 0) return false
      const units = view.getUint8(transport + 1)
      const length = protocol === 44 ? 8 : protocol === 51 ? (units + 2) << 2 : (units + 1) << 3
      protocol = view.getUint8(transport)
      transport += length
    }
  }
  into[KIND] = kindOf(packet.family, protocol)
  into[PORTS] = 0
  if (hasPorts(protocol)) {
    if (transport + 4 > available) return false
    into[PORTS] = view.getUint32(transport)
  } else if (protocol === ICMP || protocol === ICMPV6) {
    if (transport + 8 > available) return false
    into[PORTS] = (view.getUint16(transport + 4) << 16) | view.getUint16(transport)
  } else if (protocol === GRE) {
    const call = greCall(view, transport, available)
    if (call < 0) return false
    into[PORTS] = call
  }
  return true
}
