import type { Packet } from "../../packet/packet.js"
import { sumOf } from "../conntrack/checksum.js"
import { contradictsEcn, DUPLICATE, type FragmentQueue, isMarkedByOne, OVERLAP } from "./queue.js"
import { FragmentStore } from "./store.js"

const ABSORB = -1
const DONT_FRAGMENT = 0x4000

/** IPv4 fragments, as net/ipv4/ip_fragment.c puts them together. */
export class Ipv4Defragmenter {
  why = ""
  /** Bytes of the whole packet that are really there. */
  capturedLength = 0
  private readonly store: FragmentStore

  constructor(mostMemory: number, lifeSeconds: number, seed: number) {
    this.store = new FragmentStore(mostMemory, lifeSeconds, seed)
  }

  /** Takes a fragment. ABSORB, or the length of the whole packet, which then stands in `into`, and so in `written`, from 0 on, what lies before IP included. */
  take(packet: Packet, start: number, now: number, into: Uint8Array, written: DataView): number {
    this.why = ""
    const { key } = this.store
    key[0] = packet.source0
    key[4] = packet.destination0
    key[8] = packet.identification
    key[9] = packet.protocol
    const queue = this.store.open(now)
    if (queue === undefined) {
      this.why = "fragment-memory"
      return ABSORB
    }
    const headerEnd = packet.networkOffset + packet.networkHeaderLength
    const offset = packet.fragmentOffset
    let end = offset + packet.networkLength - packet.networkHeaderLength
    if (!packet.moreFragments) {
      if (end < queue.length || (queue.lastIsIn && end !== queue.length))
        return this.giveUp(queue, "fragment-length")
      queue.lastIsIn = true
      queue.length = end
    } else {
      end &= ~7
      if (end > queue.length) {
        if (queue.lastIsIn) return this.giveUp(queue, "fragment-length")
        queue.length = end
      }
    }
    if (end === offset) return this.giveUp(queue, "fragment-empty")
    const { view } = packet
    const available = Math.max(0, packet.frameOffset + packet.capturedLength - headerEnd)
    const inserted = queue.insert(offset, end, view, headerEnd, Math.min(end - offset, available))
    if (inserted === DUPLICATE) {
      this.why = "fragment-duplicate"
      return ABSORB
    }
    if (inserted === OVERLAP) return this.giveUp(queue, "fragment-overlap")
    this.store.took(queue, packet.wireLength)
    queue.ecn |= 1 << (packet.trafficClass & 3)
    if (offset === 0) queue.setHead(view, start, headerEnd - start)
    const size = packet.networkLength
    if (size > queue.mostBytes) queue.mostBytes = size
    if (packet.dontFragment && size > queue.mostBytesDontFragment) queue.mostBytesDontFragment = size
    if (!queue.complete) return ABSORB
    return this.assemble(queue, packet.networkOffset - start, into, written)
  }

  private assemble(queue: FragmentQueue, network: number, into: Uint8Array, view: DataView): number {
    const { headLength } = queue
    const headerLength = headLength - network
    const total = headerLength + queue.length
    if (total > 65535) return this.giveUp(queue, "fragment-oversize")
    if (contradictsEcn(queue.ecn)) return this.giveUp(queue, "fragment-ecn")
    const whole = queue.write(into)
    if (isMarkedByOne(queue.ecn)) into[network + 1]! |= 3
    view.setUint16(network + 2, total)
    view.setUint16(network + 6, queue.mostBytesDontFragment === queue.mostBytes ? DONT_FRAGMENT : 0)
    view.setUint16(network + 10, 0)
    view.setUint16(network + 10, 0xffff - (sumOf(view, network, headerLength) % 0xffff))
    this.capturedLength = headLength + whole
    this.store.close(queue)
    return network + total
  }

  private giveUp(queue: FragmentQueue, why: string): number {
    this.store.close(queue)
    this.why = why
    return ABSORB
  }
}
