import { Flow, setEnds } from "../event/flow.js"
import { TCP } from "../packet/packet.js"
import type { DetectorKind } from "./detector.js"
import { SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/** Logins that failed, as the service's log tells. Who fails to log in has completed a handshake before: the address is its own. */
export const failedLogins: DetectorKind = {
  name: "failed-logins",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    const flow = new Flow()
    return {
      login(event) {
        if (event.outcome !== "failed") return
        setEnds(flow, event.source, event.source)
        flow.time = event.time
        flow.protocol = TCP
        flow.sourcePort = event.sourcePort
        const own = suspects.of(flow)
        if (own === null) return
        context.packets.noteFlow(flow, event.line)
        const slot = own.count(flow)
        if (slot < 0) return
        const count = own.totalOf(slot)
        context.report(
          {
            kind: `failed-${event.service}-logins`,
            sentence: `failed to log in (${event.service}) ${count} times ${within(event.time - own.firstOf(slot))}, at last as "${event.user}"`,
            confidence: "high",
            target: { address: null, addressCount: 1, ports: [], portCount: 0 },
            isProven: true,
          },
          own,
          slot,
          flow,
        )
      },
    }
  },
}
