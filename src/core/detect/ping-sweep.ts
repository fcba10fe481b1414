import { FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ICMP } from "../packet/packet.js"
import { type DetectorKind, IS_ICMP } from "./detector.js"
import { isEchoRequest } from "./flood.js"
import { mix } from "./source-table.js"
import { SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/** Which hosts are there: an echo, a time or a mask asked of one host after the other. Monitors do so, too; they ask for the same few again. */
export const pingSweep: DetectorKind = {
  name: "ping-sweep",
  create(setting, context) {
    const suspects = new SuspectsBySetting(setting, "different")
    return {
      wants: IS_ICMP,
      packet(event: PacketEvent) {
        if (event.side !== FROM_OUTSIDE || event.isBroadcast || !isQuestion(event)) return
        const own = suspects.of(event)
        if (own === null) return
        const host = mix(event.destination0, event.destination1, event.destination2, event.destination3)
        const slot = own.countDifferent(event, host)
        if (slot < 0) return
        context.packets.note(event)
        const hosts = own.different(slot)
        context.report(
          {
            kind: "ping-sweep",
            sentence: `pinged ${hosts} or more hosts ${within(event.time - own.first[slot]!)}`,
            confidence: "medium",
            target: { address: null, addressCount: hosts },
          },
          own,
          slot,
          event,
        )
      },
    }
  },
}

/** Echo, and of IPv4 timestamp (RFC 792) and address mask (RFC 950). */
function isQuestion(event: PacketEvent): boolean {
  const { protocol, icmpType } = event
  return isEchoRequest(event) || (protocol === ICMP && (icmpType === 13 || icmpType === 17))
}
