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

  constructor(mostMemory: number, lifeSeconds: number) {
    this.store = new FragmentStore(mostMemory, lifeSeconds)
  }

  /** Takes a fragment. ABSORB, or the length of the whole packet, which then stands in `into` from 0 on, what lies before IP included. */
  take(packet: Packet, start: number, now: number, into: Uint8Array): number {
    this.why = ""
    const key = `${packet.source0}:${packet.destination0}:${packet.identification}:${packet.protocol}`
    const queue = this.store.open(key, now)
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
    const { buffer, byteOffset } = packet.view
    const available = Math.max(0, packet.frameOffset + packet.capturedLength - headerEnd)
    const bytes = new Uint8Array(buffer, byteOffset + headerEnd, Math.min(end - offset, available)).slice()
    const inserted = queue.insert(offset, end, bytes)
    if (inserted === DUPLICATE) {
      this.why = "fragment-duplicate"
      return ABSORB
    }
    if (inserted === OVERLAP) return this.giveUp(queue, "fragment-overlap")
    this.store.took(queue, packet.wireLength)
    queue.ecn |= 1 << (packet.trafficClass & 3)
    if (offset === 0) queue.head = new Uint8Array(buffer, byteOffset + start, headerEnd - start).slice()
    const size = packet.networkLength
    if (size > queue.mostBytes) queue.mostBytes = size
    if (packet.dontFragment && size > queue.mostBytesDontFragment) queue.mostBytesDontFragment = size
    if (!queue.complete) return ABSORB
    return this.assemble(queue, packet.networkOffset - start, into)
  }

  private assemble(queue: FragmentQueue, network: number, into: Uint8Array): number {
    const head = queue.head!
    const headerLength = head.length - network
    const total = headerLength + queue.length
    if (total > 65535) return this.giveUp(queue, "fragment-oversize")
    if (contradictsEcn(queue.ecn)) return this.giveUp(queue, "fragment-ecn")
    this.store.close(queue)
    into.set(head)
    const whole = queue.write(into, head.length)
    const view = new DataView(into.buffer)
    if (isMarkedByOne(queue.ecn)) into[network + 1]! |= 3
    view.setUint16(network + 2, total)
    view.setUint16(network + 6, queue.mostBytesDontFragment === queue.mostBytes ? DONT_FRAGMENT : 0)
    view.setUint16(network + 10, 0)
    view.setUint16(network + 10, 0xffff - (sumOf(view, network, headerLength) % 0xffff))
    this.capturedLength = head.length + whole
    return network + total
  }

  private giveUp(queue: FragmentQueue, why: string): number {
    this.store.close(queue)
    this.why = why
    return ABSORB
  }
}
