import { decode } from "../../../core/packet/decode.js"
import { Packet, TCP, UDP } from "../../../core/packet/packet.js"

/** What makes a packet the same packet at two places in the kernel. */
export interface Identity {
  /** A fragment is known by its datagram alone: behind defragmentation there is only the whole. */
  readonly isFragment: boolean
  /** A number for all bytes that neither forwarding nor destination NAT changes. */
  readonly packet: number
  /** A number for the datagram: source, protocol and identification; IPv6: source and flow label, because reassembly forgets the identification. */
  readonly datagram: number
}

const packet = new Packet()

/** Which packet this is; undefined where it is not IP. `linkType`: LINKTYPE_ETHERNET or LINKTYPE_RAW. */
export function identify(bytes: Uint8Array, linkType: number): Identity | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  decode(packet, view, 0, bytes.byteLength, bytes.byteLength, linkType)
  const { family, networkOffset: at, networkLength, source0, source1, source2, source3 } = packet
  if (family === 0 || at < 0) return undefined
  start()
  for (const word of [source0, source1, source2, source3]) mix(word)
  mix(packet.protocol)
  mix(family === 4 ? packet.identification : view.getUint32(at) & 0xfffff)
  const datagram = finish()

  // Time to live and checksum, then where it goes: a router changes the former, destination NAT the latter.
  const skipped = family === 4 ? [8, 8, 10, 11, 16, 19] : [7, 7, 24, 39]
  const transport = packet.transportOffset - at
  if (packet.protocol === TCP && transport > 0)
    skipped.push(transport + 2, transport + 3, transport + 16, transport + 17)
  if (packet.protocol === UDP && transport > 0)
    skipped.push(transport + 2, transport + 3, transport + 6, transport + 7)
  const end =
    networkLength > 0 && at + networkLength <= bytes.byteLength ? at + networkLength : bytes.byteLength
  start()
  let from = at
  for (let index = 0; index < skipped.length; index += 2) {
    const until = Math.min(at + skipped[index]!, end)
    for (; from < until; from++) mix(bytes[from]!)
    from = at + skipped[index + 1]! + 1
  }
  for (; from < end; from++) mix(bytes[from]!)
  return { isFragment: packet.isFragment, packet: finish(), datagram }
}

/** A number for all bytes of a frame. */
export function fingerprint(bytes: Uint8Array): number {
  start()
  for (const byte of bytes) mix(byte)
  return finish()
}

let low = 0
let high = 0

function start(): void {
  low = 0x811c9dc5
  high = 0x9747b28c
}

/** Two 32-bit FNV-like rows side by side: 53 bits, so that a million packets meet by chance once in ten thousand runs. */
function mix(value: number): void {
  low = Math.imul(low ^ value, 0x01000193)
  high = Math.imul(high ^ (value + (high << 5)), 0x85ebca6b)
  high ^= high >>> 15
}

function finish(): number {
  return (high >>> 11) * 0x100000000 + (low >>> 0)
}
