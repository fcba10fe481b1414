import type { Packet } from "../../../packet/packet.js"
import { CONTINUE, DROP, type Step } from "../../runtime.js"
import { hasBytes, transportStart } from "../bytes.js"

/** What a link is taken to carry where nobody says: Ethernet's. */
const ASSUMED_MTU = 1500
/** RFC 9293 section 3.7.1: what one may send to who did not say. */
const DEFAULT_MSS = { 4: 536, 6: 1220 } as const
const TCP_HEADER = 20

/**
 * `-j TCPMSS`: a larger size in the option is made this one; without the option one is put in, where the header has room and no data follows. `null`: what the path carries
 * (`--clamp-mss-to-pmtu`), which is taken to be 1500 bytes. A header that is cut short, or shorter than it must be, drops the packet.
 */
export function setTcpmssStep(size: number | null, family: 4 | 6): Step {
  const wanted = size ?? ASSUMED_MTU - TCP_HEADER - (family === 4 ? 20 : 40)
  const inserted = Math.min(wanted, DEFAULT_MSS[family])
  return (packet, { rewriter }) => {
    if (packet.fragmentOffset > 0) return CONTINUE
    const at = transportStart(packet)
    const length = packet.networkOffset + packet.networkLength - at
    if (length < TCP_HEADER || !hasBytes(packet, at, TCP_HEADER)) return DROP
    const headerLength = (packet.view.getUint8(at + 12) >>> 4) * 4
    if (headerLength < TCP_HEADER || length < headerLength) return DROP
    const option = findSize(packet, at, headerLength)
    if (option >= 0) {
      if (packet.view.getUint16(option + 2) > wanted)
        rewriter.setField(packet, option + 2, 2, [wanted], 0, at + 16, false)
    } else rewriter.insertMaximumSegmentSize(packet, inserted)
    return CONTINUE
  }
}

function findSize({ view }: Packet, at: number, headerLength: number): number {
  for (let index = TCP_HEADER; index <= headerLength - 4; ) {
    const kind = view.getUint8(at + index)
    const length = view.getUint8(at + index + 1)
    if (kind === 2 && length === 4) return at + index
    index += kind <= 1 || length === 0 ? 1 : length
  }
  return -1
}
