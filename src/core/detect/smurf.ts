import type { Flow } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ICMP } from "../packet/packet.js"
import type { Limit } from "../policy/policy.js"
import { Crowd } from "./crowd.js"
import { type DetectorKind, IS_ICMP } from "./detector.js"
import { isEchoRequest } from "./flood.js"
import { SuspectsBySetting } from "./suspects.js"
import { targetOf } from "./target.js"
import { within } from "./words.js"

const replies: Limit = { form: "window", count: 200, duration: 5e9 }

/**
 * Both ends of a smurf attack. Here is where it is amplified: echo requests to a broadcast address, whose source is the victim's. Here is the victim: echo
 * replies that conntrack knows no request for, from many.
 */
export const smurf: DetectorKind = {
  name: "smurf",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    const crowd = new Crowd(replies)
    const reportReplies = (flow: Flow) =>
      context.reportFinding(
        {
          at: flow.time,
          kind: "smurf-victim",
          sentence: `${crowd.total} echo replies that nobody asked for, from about ${crowd.sourceCount} sources, ${within(flow.time - crowd.first)}`,
          sources: [...crowd.shown],
          sourceCount: crowd.sourceCount,
          manySources: true,
          proven: false,
          target: targetOf(flow),
          evidence: {
            count: crowd.total,
            first: crowd.first,
            last: flow.time,
            packets: context.packets.latest(),
          },
          confidence: "medium",
          repetition: crowd.repetition,
        },
        replies,
      )
    return {
      wants: IS_ICMP,
      packet(event: PacketEvent) {
        const isReply = event.protocol === ICMP ? event.icmpType === 0 : event.icmpType === 129
        if (isReply && event.ctState === 1 && crowd.count(event)) {
          context.packets.note(event)
          reportReplies(event)
        }
        if (!event.isBroadcast || !isEchoRequest(event)) return
        const own = suspects.of(event)
        if (own === null) return
        context.packets.note(event)
        const slot = own.count(event)
        if (slot < 0) return
        context.report(
          {
            kind: "smurf-amplifier",
            sentence: `asked everybody for an echo at once, ${own.totalOf(slot)} times ${within(event.time - own.firstOf(slot))}: probably a victim's address`,
            confidence: "medium",
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
