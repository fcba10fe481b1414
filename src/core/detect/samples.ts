import type { CounterEvent } from "../event/counter-event.js"
import { copyFlow, Flow } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { TCP, UDP } from "../packet/packet.js"
import { floodProtections, strayProtections } from "./counted-protections.js"
import { isGroup } from "./group.js"
import { HowMany } from "./how-many.js"
import { mix } from "./mix.js"

/** Sources of each protection that are told apart. */
const PLACES = 16
/** Fewer samples are chance: of a hundred forged sources' packets hardly one comes so often. */
const LEAST = 4
/** Pairs of ends that are told apart, in words of 32. */
const WORDS = 8

/** One source's part of what a rule has counted, as the packets that it logged have it. */
export interface Sampled {
  /** The latest of its packets, at the counter's time. */
  readonly flow: Flow
  readonly tcpFlags: number
  /** How many packets it sent beyond the limit, about, without the logged ones. */
  readonly beyond: number
  /** How many of them at least, as far as so few samples tell: two standard deviations below. */
  readonly atLeast: number
  /** How many the limit let pass meanwhile, less the datagrams that were answered: below 0 where those were more. */
  readonly passed: number
  /** Most samples have ends of their own: it is no connection, nor a few. */
  readonly hasManyEnds: boolean
  /** Most samples answer what somebody inside has asked, or go to a group: films and telephone calls are no flood. */
  readonly isAnswer: boolean
}

/** What the samples say of a count. */
export interface Sampling {
  readonly shares: readonly Sampled[]
  /** About how many sources were seen. */
  readonly sourceCount: number
  /** The part of the packets that all this is about: rules for odd packets meet others than TCP, too. */
  readonly part: number
}

export const nothingSampled: Sampling = { shares: [], sourceCount: 0, part: 1 }

/**
 * Who sends what rules count. A rule that meets a flood logs a bounded number of packets and counts all: the shares of the first in the second are how much each source sent. A sample
 * is drawn by the clock, so none is drawn more often for its address; who sends between the draws alone is missed, and who sends in another's name is taken for him, as ever.
 *
 * Each protection has sixteen places; where they are taken, the source of which least was seen goes, and who comes in its place has that much for doubtful (Metwally's Space-Saving): a flood of
 * forged sources makes no share of anybody's greater.
 */
export class Samples {
  private readonly byProtection = new Map<string, Places>()

  /** A packet that a rule logged, when it is known whether it answers a call. True: the rule is one that meets floods, so that the packet is a sample. */
  note(event: PacketEvent): boolean {
    const { protection } = event
    const isStray = strayProtections.has(protection)
    if (!isStray && !floodProtections.has(protection)) return false
    const known = this.byProtection.get(protection)
    const places = known ?? new Places()
    if (!known) this.byProtection.set(protection, places)
    return places.note(event, isStray)
  }

  /** A datagram that was let in has been answered. */
  answered(flow: Flow): void {
    for (const places of this.byProtection.values()) places.answered(flow)
  }

  /** Whose packets these were, and forgets them: the next count has its own. Packets of nobody in particular are nobody's. */
  take(event: CounterEvent): Sampling {
    const places = this.byProtection.get(event.protection)
    if (!places) return nothingSampled
    const sampling = {
      shares: places.sharesOf(event),
      sourceCount: places.sources.estimate(),
      part: places.part,
    }
    places.clear()
    return sampling
  }
}

class Places {
  readonly sources = new HowMany()
  private readonly flows = Array.from({ length: PLACES }, () => new Flow())
  private readonly tcpFlags = new Uint8Array(PLACES)
  private readonly seen = new Uint32Array(PLACES)
  private readonly doubtful = new Uint32Array(PLACES)
  private readonly ends = new Uint32Array(PLACES * WORDS)
  private readonly answers = new Uint32Array(PLACES)
  private readonly openFlows = new Uint32Array(PLACES)
  private total = 0
  private others = 0

  get part(): number {
    return this.total === 0 ? 1 : (this.total - this.others) / this.total
  }

  note(event: PacketEvent, onlyTcp: boolean): boolean {
    this.total++
    if (onlyTcp && event.protocol !== TCP) {
      this.others++
      return false
    }
    this.sources.add(mix(event.source0, event.source1, event.source2, event.source3))
    const place = this.placeOf(event)
    copyFlow(event, this.flows[place]!)
    this.tcpFlags[place] = event.tcpFlags
    this.seen[place]! += 1
    if (event.isAnswer || event.isBroadcast || isGroup(event)) this.answers[place]! += 1
    const bit = mix(event.destination0, event.destination3, event.sourcePort, event.destinationPort) >>> 24
    this.ends[place * WORDS + (bit >>> 5)]! |= 1 << (bit & 31)
    return true
  }

  answered(flow: Flow): void {
    for (let at = 0; at < PLACES; at++)
      if (this.seen[at]! > 0 && isSameSource(this.flows[at]!, flow)) this.openFlows[at]! += 1
  }

  sharesOf({ packets, unsampled, passes, over, time }: CounterEvent): readonly Sampled[] {
    return this.flows.flatMap((flow, place): Sampled[] => {
      const seen = this.seen[place]! - this.doubtful[place]!
      if (seen < LEAST) return []
      const own = new Flow()
      copyFlow(flow, own)
      own.time = time
      const each = (packets - unsampled) / this.total
      const atLeast = Math.max(0, (seen - 2 * Math.sqrt(seen)) * each - seen)
      return [
        {
          flow: own,
          tcpFlags: this.tcpFlags[place]!,
          beyond: Math.max(0, Math.round(seen * each) - seen),
          atLeast: seen === this.total ? Math.max(0, Math.round(seen * each) - seen) : Math.round(atLeast),
          passed: Math.round(passes * over) - (flow.protocol === UDP ? this.openFlows[place]! : 0),
          hasManyEnds: this.endsOf(place) * 2 > Math.min(seen, WORDS * 32),
          isAnswer: this.answers[place]! * 2 > this.seen[place]!,
        },
      ]
    })
  }

  clear(): void {
    this.seen.fill(0)
    this.answers.fill(0)
    this.openFlows.fill(0)
    this.doubtful.fill(0)
    this.ends.fill(0)
    this.sources.clear()
    this.total = 0
    this.others = 0
  }

  private placeOf(event: PacketEvent): number {
    let least = 0
    for (let at = 0; at < PLACES; at++) {
      if (this.seen[at]! > 0 && isSameSource(this.flows[at]!, event)) return at
      if (this.seen[at]! < this.seen[least]!) least = at
    }
    this.doubtful[least] = this.seen[least]!
    this.answers[least] = 0
    this.openFlows[least] = 0
    this.ends.fill(0, least * WORDS, (least + 1) * WORDS)
    return least
  }

  /** How many different ends, of at most 256. */
  private endsOf(place: number): number {
    let count = 0
    for (let at = place * WORDS; at < (place + 1) * WORDS; at++)
      for (let word = this.ends[at]!; word !== 0; word &= word - 1) count++
    return count
  }
}

/** Of IPv6 the /64: who has one address of it has them all. */
function isSameSource(left: Flow, right: Flow): boolean {
  return left.family === right.family && left.source0 === right.source0 && left.source1 === right.source1
}
