import { BY_UDPLITE_COVERAGE, malform, UDP_TRUNCATED, UDPLITE_COVERAGE } from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodePorts } from "./ports.js"

const UDPLITE_HEADER_LENGTH = 8

/** RFC 3828: UDP with a checksum coverage where UDP has its length; 0 covers everything. */
export function decodeUdplite(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  if (!decodePorts(packet, view, offset, end, UDPLITE_HEADER_LENGTH, UDP_TRUNCATED, claimedEnd, claimant))
    return
  const coverage = view.getUint16(offset + 4)
  const had = claimedEnd - offset
  const short = coverage !== 0 && coverage < UDPLITE_HEADER_LENGTH
  if (short || (coverage > had && !packet.moreFragments))
    malform(
      packet,
      UDPLITE_COVERAGE,
      offset,
      short ? UDPLITE_HEADER_LENGTH : coverage,
      short ? coverage : had,
      BY_UDPLITE_COVERAGE,
    )
}
