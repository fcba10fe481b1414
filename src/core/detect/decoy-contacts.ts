import type { AnswerEvent } from "../event/answer-event.js"
import { TCP } from "../packet/packet.js"
import type { PortSelector } from "../policy/policy.js"
import { type DetectorKind, IS_SHUT_OTHER, IS_SHUT_TCP } from "./detector.js"
import { isAmong } from "./port-choice.js"
import { SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/** What worms and botnets try first: telnet, its twin on the Mirai list, remote desktops. */
const usual: readonly PortSelector[] = [23, 2323, 3389, 5900].map((port) => ({
  protocol: "tcp",
  range: { from: port, to: port },
}))

/** Attempts at decoy ports that were refused, closed or silent; where something answers, the port is no decoy. */
export const decoyContacts: DetectorKind = {
  name: "decoy-contacts",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    const ports = setting.ports ?? usual
    // What a rule refuses is open to others.
    const isOpenButDown = (event: AnswerEvent) => event.answer !== "refused" && context.isOffered(event)
    return {
      answers: IS_SHUT_TCP | IS_SHUT_OTHER,
      answer(event: AnswerEvent) {
        if (!isAmong(ports, event.protocol, event.destinationPort) || isOpenButDown(event)) return
        const own = suspects.of(event)
        if (own === null) return
        context.packets.noteFlow(event, event.protocol === TCP ? "tcp SYN" : "udp")
        const slot = own.count(event)
        if (slot < 0) return
        const times = own.totalOf(slot)
        context.report(
          {
            kind: "decoy-contact",
            sentence: `tried decoy ports ${times} times, at last ${event.destinationPort}, ${within(event.time - own.firstOf(slot))}`,
            confidence: "high",
          },
          own,
          slot,
          event,
        )
      },
    }
  },
}
