import { AUTHENTICATION, FRAGMENT } from "./ipv6.js"
import type { Packet } from "./packet.js"

export interface Extension {
  readonly header: number
  /** Offsets into `packet.view`. */
  readonly start: number
  readonly end: number
}

/** The IPv6 extension headers of a packet in their order, the fragment header left out. Allocates: for printing, not for the hot path. */
export function extensionList(packet: Packet): Extension[] {
  const found: Extension[] = []
  if (packet.family !== 6 || packet.extensionHeaders === 0) return found
  const { view } = packet
  const last = packet.networkOffset + packet.networkHeaderLength
  let header = view.getUint8(packet.networkOffset + 6)
  let at = packet.networkOffset + 40
  while (at < last) {
    const units = view.getUint8(at + 1)
    const length = header === FRAGMENT ? 8 : header === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8
    if (header !== FRAGMENT) found.push({ header, start: at, end: at + length })
    header = view.getUint8(at)
    at += length
  }
  return found
}
