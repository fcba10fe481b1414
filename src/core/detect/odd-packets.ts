import type { Confidence } from "../event/finding.js"
import { type FROM_INSIDE, FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import type { DetectorSetting } from "../policy/policy.js"
import type { Detector, DetectorContext, DetectorKind } from "./detector.js"
import { SuspectsBySetting } from "./suspects.js"

/** What a packet is found to be; null: nothing to this detector. */
interface Oddity {
  readonly kind: string
  /** For people, behind the source: `sent a SYN with data`. */
  readonly what: string
}

interface OddPacketWords {
  readonly name: string
  readonly wants: number
  readonly confidence: Confidence
  /** From which side; left out: from outside. */
  readonly side?: typeof FROM_OUTSIDE | typeof FROM_INSIDE
  /** The source is somebody else's address. */
  readonly isForged?: true
  look(event: PacketEvent): Oddity | null
  /** It belongs to what another detector has told. */
  isExplained?(event: PacketEvent, context: DetectorContext): boolean
}

/** A detector that asks of each packet alone whether it is odd, and counts the odd ones of each source. */
export function oddPackets(words: OddPacketWords): DetectorKind {
  return {
    name: words.name,
    create: (setting, context) => new OddPackets(words, setting, context),
  }
}

class OddPackets implements Detector {
  readonly wants: number
  readonly side: typeof FROM_OUTSIDE | typeof FROM_INSIDE
  private readonly words: OddPacketWords
  private readonly suspects: SuspectsBySetting
  private readonly context: DetectorContext

  constructor(words: OddPacketWords, setting: DetectorSetting, context: DetectorContext) {
    this.words = words
    this.wants = words.wants
    this.side = words.side ?? FROM_OUTSIDE
    this.suspects = new SuspectsBySetting(context.suspects, setting, "events")
    this.context = context
  }

  packet(event: PacketEvent): void {
    const { words } = this
    const oddity = words.look(event)
    if (oddity === null || words.isExplained?.(event, this.context)) return
    const own = this.suspects.of(event)
    if (own === null) return
    this.context.packets.note(event)
    const slot = own.count(event)
    if (slot < 0) return
    const times = own.totalOf(slot)
    const { kind, what } = oddity
    this.context.report(
      {
        kind,
        sentence: times > 1 ? `${what}, ${times} packets of the sort so far` : what,
        confidence: words.confidence,
        ...(words.isForged && { isForged: true }),
      },
      own,
      slot,
      event,
    )
  }
}
