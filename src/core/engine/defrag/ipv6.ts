import { ICMPV6, type Packet, TCP, UDP } from "../../packet/packet.js"
import { contradictsEcn, DUPLICATE, type FragmentQueue, isMarkedByOne, OVERLAP } from "./queue.js"
import { FragmentStore } from "./store.js"

const PASS = -2
const ABSORB = -1
const FRAGMENT = 44

/** IPv6 fragments, as net/ipv6/netfilter/nf_conntrack_reasm.c puts them together. */
export class Ipv6Defragmenter {
  why = ""
  capturedLength = 0
  private readonly store: FragmentStore

  constructor(mostMemory: number, lifeSeconds: number, seed: number) {
    this.store = new FragmentStore(mostMemory, lifeSeconds, seed)
  }

  /** As Ipv4Defragmenter's; PASS: it goes on as it is. */
  take(packet: Packet, start: number, now: number, into: Uint8Array): number {
    this.why = ""
    const { view } = packet
    const previous = previousHeader(packet)
    if (previous < 0) return PASS
    const header = fragmentHeader(packet)
    const payload = header + 8
    const offset = packet.fragmentOffset
    const end = offset + packet.networkOffset + packet.networkLength - payload
    // The stack drops these later; defragmentation leaves them alone.
    if (offset === 0 && lacksHeaders(packet)) return PASS
    const { key } = this.store
    key[0] = packet.source0
    key[1] = packet.source1
    key[2] = packet.source2
    key[3] = packet.source3
    key[4] = packet.destination0
    key[5] = packet.destination1
    key[6] = packet.destination2
    key[7] = packet.destination3
    key[8] = packet.identification
    const queue = this.store.open(now)
    if (queue === undefined) {
      this.why = "fragment-memory"
      return ABSORB
    }
    if (end > 65535) {
      return this.leaveOut("fragment-oversize")
    }
    if (!packet.moreFragments) {
      if (end < queue.length || (queue.lastIsIn && end !== queue.length))
        return this.leaveOut("fragment-length")
      queue.lastIsIn = true
      queue.length = end
    } else {
      if ((end & 7) !== 0) {
        this.store.close(queue)
        return PASS
      }
      if (end > queue.length) {
        if (queue.lastIsIn) return this.leaveOut("fragment-length")
        queue.length = end
      }
    }
    if (end === offset) return this.leaveOut("fragment-empty")
    const available = Math.max(0, packet.frameOffset + packet.capturedLength - payload)
    const inserted = queue.insert(offset, end, view, payload, Math.min(end - offset, available))
    if (inserted === DUPLICATE) return this.leaveOut("fragment-duplicate")
    if (inserted === OVERLAP) return this.giveUp(queue, "fragment-overlap")
    this.store.took(queue, packet.wireLength)
    queue.ecn |= 1 << (packet.trafficClass & 3)
    if (offset === 0) {
      // The header before the fragment header now names what the fragment header named.
      const head = queue.setHead(view, start, header - start)
      head[previous - start] = view.getUint8(header)
    }
    if (!queue.complete) return ABSORB
    return this.assemble(queue, packet.networkOffset - start, into)
  }

  private assemble(queue: FragmentQueue, network: number, into: Uint8Array): number {
    const { headLength } = queue
    const payloadLength = headLength - network - 40 + queue.length
    if (payloadLength > 65535) return this.giveUp(queue, "fragment-oversize")
    if (contradictsEcn(queue.ecn)) return this.giveUp(queue, "fragment-ecn")
    const whole = queue.write(into)
    if (isMarkedByOne(queue.ecn)) into[network + 1]! |= 0x30
    into[network + 4] = payloadLength >>> 8
    into[network + 5] = payloadLength & 0xff
    this.capturedLength = headLength + whole
    this.store.close(queue)
    return network + 40 + payloadLength
  }

  /** Only this fragment is dropped; what came before stays. IPv4 gives up the whole datagram here. */
  private leaveOut(why: string): number {
    this.why = why
    return ABSORB
  }

  private giveUp(queue: FragmentQueue, why: string): number {
    this.store.close(queue)
    this.why = why
    return ABSORB
  }
}

/** Where the byte stands that names the fragment header, or -1: there is none that can be reached. */
function previousHeader(packet: Packet): number {
  const { view } = packet
  const end = packet.frameOffset + packet.capturedLength
  let named = packet.networkOffset + 6
  let at = packet.networkOffset + 40
  for (;;) {
    const header = view.getUint8(named)
    if (header === FRAGMENT) return at + 8 <= end ? named : -1
    if (header !== 0 && header !== 43 && header !== 51 && header !== 60) return -1
    if (at + 8 > end) return -1
    named = at
    const units = view.getUint8(at + 1)
    at += header === 51 ? (units + 2) << 2 : (units + 1) << 3
  }
}

function fragmentHeader(packet: Packet): number {
  const { view } = packet
  let named = packet.networkOffset + 6
  let at = packet.networkOffset + 40
  for (;;) {
    const header = view.getUint8(named)
    if (header === FRAGMENT) return at
    named = at
    const units = view.getUint8(at + 1)
    at += header === 51 ? (units + 2) << 2 : (units + 1) << 3
  }
}

/** RFC 8200 section 4.5: a first fragment holds all headers to the transport's, and that one. */
function lacksHeaders(packet: Packet): boolean {
  if (packet.transportStart < 0) return true
  const needed = packet.protocol === TCP ? 20 : packet.protocol === UDP || packet.protocol === ICMPV6 ? 8 : 1
  return packet.transportStart + needed > packet.networkOffset + packet.networkLength
}
