import type { PacketEvent } from "../event/packet-event.js"
import { mix } from "./mix.js"

const DATAGRAMS = 512
const RANGES = 24
/** Seconds that a datagram waits for its fragments (ipfrag_time). */
const LIFE = 30

/** Which bytes of a datagram have come, of the latest 512 datagrams that come in fragments, the first 24 fragments of each. */
export class FragmentRanges {
  private readonly keys = new Uint32Array(DATAGRAMS)
  private readonly times = new Float64Array(DATAGRAMS).fill(Number.NEGATIVE_INFINITY)
  private readonly counts = new Uint8Array(DATAGRAMS)
  private readonly starts = new Uint16Array(DATAGRAMS * RANGES)
  private readonly ends = new Uint32Array(DATAGRAMS * RANGES)

  /** Notes the fragment. True: a part of it has come before, and not the same fragment (a duplicate is none of an attacker's). */
  overlaps(event: PacketEvent): boolean {
    const source = mix(event.source0, event.source1, event.source2, event.source3)
    const destination = mix(event.destination0, event.destination1, event.destination2, event.destination3)
    const key = mix(source, destination, event.identification, event.protocol)
    const place = key & (DATAGRAMS - 1)
    if (this.keys[place] !== key || event.time - this.times[place]! > LIFE) {
      this.keys[place] = key
      this.times[place] = event.time
      this.counts[place] = 0
    }
    const start = event.fragmentOffset
    const end = start + event.fragmentLength
    const count = this.counts[place]!
    const from = place * RANGES
    let isOverlapping = false
    for (let at = from; at < from + count; at++) {
      if (start === this.starts[at] && end === this.ends[at]) return false
      if (start < this.ends[at]! && end > this.starts[at]!) isOverlapping = true
    }
    if (count < RANGES) {
      this.starts[from + count] = start
      this.ends[from + count] = end
      this.counts[place] = count + 1
    }
    return isOverlapping
  }
}
