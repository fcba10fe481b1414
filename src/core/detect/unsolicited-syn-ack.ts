import type { PacketEvent } from "../event/packet-event.js"
import { type DetectorKind, IS_STRAY, IS_SYN_ACK, IS_WITHIN } from "./detector.js"
import { SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/**
 * SYN-ACKs that nobody asked for. Their source may be a victim itself, of a flood with our address. Where a capture or a router sees only one
 * direction, every SYN-ACK looks so: a source that goes on to send within the connection was asked.
 */
export const unsolicitedSynAck: DetectorKind = {
  name: "unsolicited-syn-ack",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    return {
      wants: IS_SYN_ACK | IS_STRAY | IS_WITHIN,
      packet(event: PacketEvent) {
        const own = suspects.of(event)
        if (own === null) return
        if ((event.tcpFlags & 0x17) !== 18) {
          if (event.payloadLength > 0) own.discount(event)
          return
        }
        const slot = own.count(event)
        if (slot < 0) return
        context.packets.note(event)
        context.report(
          {
            kind: "unsolicited-syn-ack",
            sentence: `accepted ${own.totalOf(slot)} connections that nobody here opened ${within(event.time - own.firstOf(slot))}`,
            confidence: "low",
            isForged: true,
          },
          own,
          slot,
          event,
        )
      },
    }
  },
}
