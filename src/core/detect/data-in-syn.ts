import { FROM_INSIDE } from "../event/flow.js"
import { TCP } from "../packet/packet.js"
import { IS_LOADED } from "./detector.js"
import { oddPackets } from "./odd-packets.js"

const inSyn = { kind: "data-in-syn", what: "sent data in a SYN" }
const inSynAck = { kind: "data-in-syn-ack", what: "sent data in a SYN-ACK that answers nobody" }
const inOdd = { kind: "data-in-odd-packet", what: "sent data in TCP with flags of no connection" }
const inReset = { kind: "data-in-reset", what: "sent data in a RST or FIN of no connection" }

const RST_OR_FIN = 5

function look(event: {
  readonly tcpFlags: number
  readonly payloadLength: number
  readonly tcpFastOpen: boolean
}) {
  if (event.payloadLength === 0 || event.tcpFastOpen) return null
  const flags = event.tcpFlags & 0x17
  if (flags === 2) return inSyn
  if (flags === 18) return inSynAck
  return null
}

/** RFC 9293 allows data in a SYN, and nobody sends it but TCP Fast Open (RFC 7413), which says so in an option. */
export const dataInSyn = oddPackets({
  name: "data-in-syn",
  wants: IS_LOADED,
  confidence: "medium",
  look,
})

/**
 * Data that leaves where no connection is: what the receiver's firewall takes for the beginning of one, or for an answer. Packets from within a connection
 * that nobody saw begin are left alone: a guard that has just been started sees many.
 */
export const leak = oddPackets({
  name: "leak",
  wants: IS_LOADED,
  confidence: "high",
  side: FROM_INSIDE,
  look(event) {
    if (event.protocol !== TCP || event.payloadLength === 0) return null
    const found = look(event)
    if (found !== null) return found
    const flags = event.tcpFlags & 0x17
    if (flags === 2 || flags === 18) return null
    if (flags === 16) return null
    if (event.ctState !== 1) return null
    return flags & RST_OR_FIN && flags & 16 ? inReset : inOdd
  },
})
