import { decode } from "../../packet/decode.js"
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_RAW,
} from "../../packet/link-type.js"
import { Packet } from "../../packet/packet.js"
import type { Settings } from "../settings.js"
import { Ipv4Defragmenter } from "./ipv4.js"
import { Ipv6Defragmenter } from "./ipv6.js"

/** The longest IP packet, and room for a link header before it. */
const BUFFER_LENGTH = 65535 + 40 + 64

/** What became of a fragment, besides a whole packet. */
export type Absorbed = string

/**
 * Defragmentation at priority -400 of prerouting and output, for both IP versions. `take` answers with the packet to go on with: the one
 * it got, the whole datagram (another Packet object, over a buffer of its own, good until the next `take`), or null: absorbed, and
 * `why` says more where the fragment was not kept.
 */
export class Defragmenter {
  why = ""
  private readonly ipv4: Ipv4Defragmenter
  private readonly ipv6: Ipv6Defragmenter
  private readonly whole = new Packet()
  private readonly bytes = new Uint8Array(BUFFER_LENGTH)
  private readonly view = new DataView(this.bytes.buffer)

  /** `seed`: a number that who sends fragments cannot know. */
  constructor(settings: Settings, seed: number) {
    this.ipv4 = new Ipv4Defragmenter(settings.ipfrag_high_thresh, settings.ipfrag_time, seed)
    this.ipv6 = new Ipv6Defragmenter(
      settings.nf_conntrack_frag6_high_thresh,
      settings.nf_conntrack_frag6_timeout,
      seed,
    )
  }

  take(packet: Packet, now: number): Packet | null {
    this.why = ""
    const keepsLink =
      packet.linkType === LINKTYPE_ETHERNET ||
      packet.linkType === LINKTYPE_LINUX_SLL ||
      packet.linkType === LINKTYPE_LINUX_SLL2
    const start = keepsLink ? packet.frameOffset : packet.networkOffset
    const family = packet.family === 4 ? this.ipv4 : this.ipv6
    const result = family.take(packet, start, now, this.bytes, this.view)
    if (result === PASS) return packet
    if (result < 0) {
      this.why = family.why
      return null
    }
    const { whole } = this
    decode(whole, this.view, 0, family.capturedLength, result, keepsLink ? packet.linkType : LINKTYPE_RAW)
    whole.time = packet.time
    whole.inputInterface = packet.inputInterface
    whole.outputInterface = packet.outputInterface
    return whole
  }
}

/** Not a fragment that is ours to take. */
export const PASS = -2
/** Taken in, or given up. */
export const ABSORB = -1
