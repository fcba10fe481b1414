import type { Packet } from "../packet/packet.js"

/** How many packets back a second sight of one is looked for, and how long, in nanoseconds. */
const REMEMBERED = 256
const WINDOW = 1e9

/**
 * Recognises a packet that a capture of all interfaces holds twice: as it arrived, and as it left. What routers change (time to live,
 * header checksum, link header) is not looked at.
 */
export class Fingerprints {
  private readonly hashes = new Int32Array(REMEMBERED)
  private readonly times = new Float64Array(REMEMBERED).fill(-Infinity)
  private next = 0

  /** Remembers a packet seen in one direction. */
  add(packet: Packet): void {
    this.hashes[this.next] = fingerprint(packet)
    this.times[this.next] = packet.time
    this.next = (this.next + 1) % REMEMBERED
  }

  /** Was this packet remembered, not long ago? It is forgotten then: the next equal one is a packet of its own. */
  take(packet: Packet): boolean {
    const hash = fingerprint(packet)
    for (let index = 0; index < REMEMBERED; index++) {
      if (this.hashes[index] !== hash || Math.abs(packet.time - this.times[index]!) > WINDOW) continue
      this.times[index] = -Infinity
      return true
    }
    return false
  }
}

/** Addresses, identification, protocol, length, and the first bytes behind the IP headers. */
function fingerprint(packet: Packet): number {
  let hash = mix(packet.source0, packet.destination0)
  hash = mix(hash, packet.source3 ^ packet.destination3)
  hash = mix(hash, packet.identification)
  hash = mix(hash, (packet.protocol << 16) ^ packet.networkLength)
  hash = mix(hash, packet.fragmentOffset)
  const { view } = packet
  const start = packet.networkOffset + packet.networkHeaderLength
  const end = Math.min(start + 24, packet.frameOffset + packet.capturedLength)
  for (let at = start; at + 4 <= end; at += 4) hash = mix(hash, view.getInt32(at))
  return hash | 0
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x1b873593)
  return (mixed << 13) | (mixed >>> 19)
}
