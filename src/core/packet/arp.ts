import { ARP_TRUNCATED, BY_ARP, BY_FRAME, cutShort } from "./malformed.js"
import type { Packet } from "./packet.js"

const FIXED_LENGTH = 8

/** RFC 826. Addresses stay in the view: sender's and target's, behind the 8 fixed bytes at `packet.networkOffset`. */
export function decodeArp(packet: Packet, view: DataView, offset: number, end: number): void {
  packet.networkOffset = offset
  if (end - offset < FIXED_LENGTH) {
    cutShort(packet, ARP_TRUNCATED, offset, FIXED_LENGTH, end, BY_FRAME)
    return
  }
  const length = FIXED_LENGTH + 2 * (view.getUint8(offset + 4) + view.getUint8(offset + 5))
  packet.arpOperation = view.getUint16(offset + 6)
  packet.networkHeaderLength = length
  if (end - offset < length) cutShort(packet, ARP_TRUNCATED, offset, length, offset + length, BY_ARP)
}
