import { holdsPartialChecksum } from "../packet/checksum.js"
import type { Packet } from "../packet/packet.js"
import { FrequentAddresses } from "./frequent.js"

/** What a replay tells of packets whose transport checksum is wrong. */
export interface ChecksumSummary {
  readonly packets: number
  /** Those that hold what a sending host leaves for its network card to fill in: on the wire they were right. */
  readonly unfilled: number
  /** The source of most of them, and how many it sent. */
  readonly source: string | null
  readonly fromSource: number
}

/**
 * Packets that conntrack called invalid for their checksum. A capture on the host that sends holds many of them, because it takes the packets before
 * the card has filled the checksum in.
 */
export class WrongChecksums {
  private packets = 0
  private unfilled = 0
  private readonly sources = new FrequentAddresses()

  add(packet: Packet): void {
    this.packets++
    if (holdsPartialChecksum(packet)) this.unfilled++
    this.sources.add(packet.family, packet.source0, packet.source1, packet.source2, packet.source3)
  }

  summary(): ChecksumSummary {
    const [most] = this.sources.top(1)
    const { packets, unfilled } = this
    return { packets, unfilled, source: most?.address ?? null, fromSource: most?.count ?? 0 }
  }
}
