import type { ConnectionEvent } from "../event/connection-event.js"
import type { Flow } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ICMP } from "../packet/packet.js"
import { type DetectorKind, IS_ASKED, IS_ICMP } from "./detector.js"
import { isEchoRequest } from "./flood.js"
import { mixSigned } from "./mix.js"
import { SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/** Which hosts are there: an echo, a time or a mask asked of one host after the other. Monitors do so, too; they ask for the same few again. */
export const pingSweep: DetectorKind = {
  name: "ping-sweep",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "different")
    const count = (flow: Flow, note: PacketEvent | null) => {
      const own = suspects.of(flow)
      if (own === null) return
      const host = mixSigned(flow.destination0, flow.destination1, flow.destination2, flow.destination3)
      const slot = own.countDifferent(flow, host)
      if (slot < 0) return
      if (note !== null) context.packets.note(note)
      const hosts = own.different(slot)
      context.report(
        {
          kind: "ping-sweep",
          sentence: `pinged ${hosts} or more hosts ${within(flow.time - own.firstOf(slot))}`,
          confidence: "medium",
          target: { address: null, addressCount: hosts },
        },
        own,
        slot,
        flow,
      )
    }
    return {
      wants: IS_ICMP,
      packet(event: PacketEvent) {
        if (event.isBroadcast || !isQuestion(event)) return
        count(event, event)
      },
      connections: IS_ASKED,
      /** Live: conntrack tells of each host that is asked, and takes nothing but questions for a beginning. */
      connection(event: ConnectionEvent) {
        count(event, null)
      },
    }
  },
}

/** Echo, and of IPv4 timestamp (RFC 792) and address mask (RFC 950). */
function isQuestion(event: PacketEvent): boolean {
  const { protocol, icmpType } = event
  return isEchoRequest(event) || (protocol === ICMP && (icmpType === 13 || icmpType === 17))
}
