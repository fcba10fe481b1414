import type { PacketEvent } from "../event/packet-event.js"
import { IPV4_FRAGMENT_BEYOND_65535, IPV6_FRAGMENT_BEYOND_65535, TCP_TRUNCATED } from "../packet/malformed.js"
import { TCP } from "../packet/packet.js"
import { perSource } from "../policy/per.js"
import type { Limit } from "../policy/policy.js"
import { type DetectorKind, IS_FRAGMENT, IS_MALFORMED } from "./detector.js"
import { FragmentRanges } from "./fragment-ranges.js"
import { SuspectsBySetting } from "./suspects.js"

/** Not a datagram's last, and smaller than any link cuts: RFC 1122 has every host take 576 bytes. */
export function isSmallFragment({ moreFragments, fragmentLength }: PacketEvent): boolean {
  return moreFragments && fragmentLength < SMALL
}

const pingOfDeath = { kind: "ping-of-death", what: "sent a fragment that ends beyond 65,535 bytes" }
const tiny = { kind: "tiny-fragment", what: "sent a fragment so small that it hides the TCP header" }
const flood = {
  kind: "fragment-flood",
  what: "cuts datagrams into small fragments, or never sends their last",
}
const overlap = { kind: "overlapping-fragments", what: "sent fragments that overlap and are not the same" }

/** More than so many small or unfinished ones. What large datagrams are cut into, over links of 576 bytes and more, is larger, and comes to an end. */
const many: Limit = { form: "window", count: 400, duration: 10e9 }
const SMALL = 400

/** RFC 1858 and RFC 3128: a first fragment holds the ports and flags. No network has an MTU so small that a sender had to cut there. */
export const fragmentAttack: DetectorKind = {
  name: "fragment-attack",
  create(setting, context) {
    const suspects = new SuspectsBySetting(context.suspects, setting, "events")
    const ranges = new FragmentRanges()
    const unfinished = context.suspects(many, perSource, "events")
    /** A datagram's first fragment counts until its last one comes; a small one counts. */
    const countFlood = (event: PacketEvent) => {
      if (event.moreFragments) {
        if (event.fragmentOffset > 0 && !isSmallFragment(event)) return
        const slot = unfinished.count(event)
        if (slot < 0) return
        context.packets.note(event)
        const sentence = `${flood.what}: ${unfinished.totalOf(slot)} fragments`
        context.report({ kind: flood.kind, sentence, confidence: "medium" }, unfinished, slot, event)
      } else if (event.fragmentOffset > 0) unfinished.discount(event)
    }
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
        if (event.isFragment) countFlood(event)
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
