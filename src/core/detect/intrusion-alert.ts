import type { Confidence } from "../event/finding.js"
import { Flow, setEnds } from "../event/flow.js"
import type { DetectorKind } from "./detector.js"
import { SuspectsBySetting } from "./suspects.js"

const confidences: readonly Confidence[] = ["high", "high", "medium"]

/** What Suricata says, as it says it. */
export const intrusionAlert: DetectorKind = {
  name: "intrusion-alert",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    const flow = new Flow()
    return {
      alert(event) {
        setEnds(flow, event.source, event.destination)
        flow.time = event.time
        flow.protocol = event.protocol
        flow.sourcePort = event.sourcePort
        flow.destinationPort = event.destinationPort
        const own = suspects.of(flow)
        if (own === null) return
        context.packets.noteFlow(flow, event.text)
        const slot = own.count(flow)
        if (slot < 0) return
        context.report(
          {
            kind: `signature-${event.signature}`,
            sentence: `${event.text} (${event.category})`,
            confidence: confidences[event.severity] ?? "low",
          },
          own,
          slot,
          flow,
        )
      },
    }
  },
}
