import { FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { IPV4_FRAGMENT_BEYOND_65535, IPV6_FRAGMENT_BEYOND_65535, TCP_TRUNCATED } from "../packet/malformed.js"
import { TCP } from "../packet/packet.js"
import { type DetectorKind, IS_FRAGMENT, IS_MALFORMED } from "./detector.js"
import { FragmentRanges } from "./fragment-ranges.js"
import { SuspectsBySetting } from "./suspects.js"

const pingOfDeath = { kind: "ping-of-death", what: "sent a fragment that ends beyond 65,535 bytes" }
const tiny = { kind: "tiny-fragment", what: "sent a fragment so small that it hides the TCP header" }
const overlap = { kind: "overlapping-fragments", what: "sent fragments that overlap and are not the same" }

/** RFC 1858 and RFC 3128: a first fragment holds the ports and flags. No network has an MTU so small that a sender had to cut there. */
export const fragmentAttack: DetectorKind = {
  name: "fragment-attack",
  create(setting, context) {
    const suspects = new SuspectsBySetting(setting, "events")
    const ranges = new FragmentRanges()
    const look = (event: PacketEvent) => {
      const { malformed, fragmentOffset } = event
      if (malformed === IPV4_FRAGMENT_BEYOND_65535 || malformed === IPV6_FRAGMENT_BEYOND_65535)
        return pingOfDeath
      if (!event.isFragment) return null
      if (
        event.protocol === TCP &&
        (fragmentOffset === 8 || (fragmentOffset === 0 && event.moreFragments && malformed === TCP_TRUNCATED))
      )
        return tiny
      return ranges.overlaps(event) ? overlap : null
    }
    return {
      wants: IS_FRAGMENT | IS_MALFORMED,
      packet(event) {
        if (event.side !== FROM_OUTSIDE) return
        const found = look(event)
        if (found === null) return
        const own = suspects.of(event)
        if (own === null) return
        context.packets.note(event)
        const slot = own.count(event)
        if (slot >= 0)
          context.report({ kind: found.kind, sentence: found.what, confidence: "high" }, own, slot, event)
      },
    }
  },
}
