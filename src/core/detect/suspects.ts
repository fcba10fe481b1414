import { maskWords } from "../base/prefix.js"
import type { Flow } from "../event/flow.js"
import { perSource } from "../policy/per.js"
import type { DetectorSetting, Limit, Per } from "../policy/policy.js"
import { DistinctMeter } from "./distinct-meter.js"
import { Doorkeeper } from "./doorkeeper.js"
import { type Meter, makeMeter, memoryOf } from "./meter.js"
import {
  CELLS,
  FIRST,
  FOUND,
  LEAST_PAUSE,
  LEAST_SOURCES,
  MEMORY,
  MOST_SOURCES,
  REPETITION,
  SEEN,
  TOLD,
  TOTAL,
  WAYS,
  WEIGHT,
} from "./source-layout.js"
import type { Sources } from "./sources.js"

/**
 * What a detector holds against each source: counted by the limit, and told once in a while. Memory is bounded, whoever comes: each source has eight places to be at, and where all are taken, the
 * one goes of which least is held. So those of whom much is held stay, and forged ones push out each other.
 *
 * Sources themselves stand in a table that all detectors have in common; here is a place for each that this one has met more than once.
 */
export class Suspects {
  readonly limit: Limit | undefined
  readonly capacity: number
  /** The slot that was counted last, or -1: its source was seen for the first time, and has none yet. */
  latest = -1
  /** It was over the limit when counted last, whether told or not. */
  isOverNow = false
  /** Its source is new there. */
  isFresh = false
  private readonly sources: Sources
  private readonly keeper: number
  /** Of each slot: the row of its source, counted from 1; 0: nobody's. */
  private readonly owners: Int32Array
  private readonly cells: Float64Array
  private readonly doorkeeper: Doorkeeper | null
  private readonly meter: Meter | null
  private readonly distinct: DistinctMeter | null
  /** Seconds: beyond this many nothing is held of a source. */
  private readonly life: number
  private readonly pause: number

  /** `counts`: each event, or different things. Without a limit the first one is too much. `share`: of the memory that a detector may take. */
  constructor(
    sources: Sources,
    limit: Limit | undefined,
    per: Per,
    counts: "events" | "different",
    share = 1,
  ) {
    this.sources = sources
    this.keeper = sources.join()
    this.limit = limit
    const memory = memoryOf(limit)
    const room = limit?.form === "window" ? limit.count + 1 : 2
    const each = counts === "events" && room > 64 ? 9 : Math.min(room, 256)
    const most = Math.max(LEAST_SOURCES, Math.min(MOST_SOURCES, MEMORY / each) * share)
    let capacity = WAYS
    if (per.kind !== "everyone") while (capacity < most) capacity *= 2
    this.capacity = capacity
    this.life = Math.max(memory, LEAST_PAUSE)
    this.owners = new Int32Array(capacity)
    this.cells = new Float64Array(capacity * CELLS)
    this.meter = limit !== undefined && counts === "events" ? makeMeter(limit, capacity) : null
    this.distinct = limit !== undefined && counts === "different" ? new DistinctMeter(limit, capacity) : null
    // Without a limit the first is told; what counts connections does not count what is forged.
    this.doorkeeper =
      limit === undefined || limit.form === "count" || per.kind === "everyone"
        ? null
        : new Doorkeeper(memory, share)
    this.pause = Math.max(LEAST_PAUSE, Math.min(memory, 3600))
  }

  /** Counts one, or so many at once. The source's slot where it is time to tell, else -1. */
  count(flow: Flow, amount = 1): number {
    const slot = this.enter(flow, 0)
    if (slot < 0) return -1
    const { cells } = this
    cells[slot * CELLS + TOTAL]! += amount
    cells[slot * CELLS + WEIGHT]! += amount
    const isOver = this.meter === null || this.meter.add(slot, flow.time, amount)
    return isOver ? this.tell(slot, flow.time) : -1
  }

  /** Takes off one of what is held of a source that is known; nobody is made room for. */
  discount(flow: Flow): void {
    const { sources, cells } = this
    sources.look(flow)
    const slot = sources.placeAt(this.keeper) - 1
    if (slot < 0) {
      this.doorkeeper?.forget(sources.hash)
      return
    }
    this.meter?.add(slot, flow.time, -1)
    cells[slot * CELLS + WEIGHT] = Math.max(0, cells[slot * CELLS + WEIGHT]! - 1)
  }

  /** Counts a thing that may have been there; nothing is told before the source was seen for `leastSpan` seconds. */
  countDifferent(flow: Flow, item: number, leastSpan = 0): number {
    const slot = this.enter(flow, item)
    if (slot < 0) return -1
    const { cells, distinct } = this
    const at = slot * CELLS
    const different = distinct === null ? 1 : distinct.add(slot, flow.time, item)
    cells[at + TOTAL]! += 1
    cells[at + FOUND] = different
    if (different > cells[at + WEIGHT]!) cells[at + WEIGHT] = different
    this.isOverNow = distinct === null || distinct.isOver(different)
    return this.isOverNow && flow.time - cells[at + FIRST]! >= leastSpan ? this.tell(slot, flow.time) : -1
  }

  /** What counted since the slot's source was first seen. */
  totalOf(slot: number): number {
    return this.cells[slot * CELLS + TOTAL]!
  }

  /** When it was first seen, in seconds. */
  firstOf(slot: number): number {
    return this.cells[slot * CELLS + FIRST]!
  }

  /** How often it was told. */
  repetitionOf(slot: number): number {
    return this.cells[slot * CELLS + REPETITION]!
  }

  /** How many different things within the window when last counted. */
  different(slot: number): number {
    return this.cells[slot * CELLS + FOUND]!
  }

  /** Nobody counts here any more: what is held of sources is given up. */
  close(): void {
    for (const owner of this.owners) if (owner > 0) this.sources.forget(this.keeper, owner - 1)
    this.sources.leave(this.keeper)
  }

  private tell(slot: number, time: number): number {
    const { cells } = this
    const at = slot * CELLS
    if (time - cells[at + TOLD]! < this.pause) return -1
    cells[at + TOLD] = time
    cells[at + REPETITION]! += 1
    return slot
  }

  /** The source's slot, or -1: it was seen for the first time. What it did then is counted when it comes again. */
  private enter(flow: Flow, item: number): number {
    const { sources, doorkeeper, cells } = this
    const { time } = flow
    sources.look(flow)
    const known = sources.placeAt(this.keeper) - 1
    if (known >= 0 && time - cells[known * CELLS]! <= this.life) {
      cells[known * CELLS] = time
      this.latest = known
      this.isFresh = false
      return known
    }
    if (doorkeeper !== null && !doorkeeper.knows(sources.hash, time, item)) {
      this.latest = -1
      return -1
    }
    const slot = known >= 0 ? known : this.take(time)
    const at = slot * CELLS
    this.latest = slot
    this.isFresh = true
    this.meter?.clear(slot)
    this.distinct?.clear(slot)
    cells[at + SEEN] = time
    cells[at + TOLD] = Number.NEGATIVE_INFINITY
    cells[at + REPETITION] = 0
    if (doorkeeper === null) {
      cells[at + WEIGHT] = 0
      cells[at + TOTAL] = 0
      cells[at + FIRST] = time
      return slot
    }
    const { firstTime, firstItem } = doorkeeper
    cells[at + WEIGHT] = 1
    cells[at + TOTAL] = 1
    cells[at + FIRST] = firstTime
    this.meter?.add(slot, firstTime, 1)
    this.distinct?.add(slot, firstTime, firstItem)
    return slot
  }

  /** A place for the source that was asked for: where all are taken, of whom least is held goes. */
  private take(time: number): number {
    const { sources, owners, cells } = this
    const from = sources.hash & (this.capacity - 1) & ~(WAYS - 1)
    let victim = from
    let least = Number.POSITIVE_INFINITY
    for (let slot = from; slot < from + WAYS; slot++) {
      const seen = cells[slot * CELLS]!
      const held = owners[slot] === 0 ? -2 : time - seen > this.life ? -1 : cells[slot * CELLS + WEIGHT]!
      if (held < least || (held === least && seen < cells[victim * CELLS]!)) {
        least = held
        victim = slot
      }
    }
    const owner = owners[victim]!
    if (owner > 0) sources.forget(this.keeper, owner - 1)
    owners[victim] = sources.enter(this.keeper, victim + 1) + 1
    return victim
  }
}

/** Hosts with a limit of their own, as words to compare. */
interface Exception {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly mask: readonly number[]
  readonly own: { readonly limit: Limit | "off"; suspects?: Suspects }
}

/** Makes a detector's suspects: they stand in the table of sources that its detection has. */
export type SuspectsMaker = (
  limit: Limit | undefined,
  per: Per,
  counts: "events" | "different",
  share?: number,
) => Suspects

/** The detector's suspects, and those who have a limit of their own (`for`). Their memory is taken when the first of them comes. */
export class SuspectsBySetting {
  private readonly make: (limit: Limit | undefined) => Suspects
  private readonly limit: Limit | undefined
  private general: Suspects | undefined
  private readonly exceptions: readonly Exception[]

  constructor(make: SuspectsMaker, setting: DetectorSetting, counts: "events" | "different", share = 1) {
    const per = setting.per ?? perSource
    this.make = (limit) => make(limit, per, counts, share)
    this.limit = setting.limit
    this.exceptions = setting.exceptions.flatMap(({ hosts, limit }) => {
      const own = { limit }
      return hosts.map(({ address, length }) => ({
        family: address.family,
        words: address.words.map((word) => word | 0),
        mask: maskWords(length, address.words.length).map((word) => word | 0),
        own,
      }))
    })
  }

  /** Who counts the flow's source; null: nobody, it is off for it. */
  of(flow: Flow): Suspects | null {
    if (this.exceptions.length > 0) {
      const own = this.exceptions.find((exception) => isAmongHosts(exception, flow))?.own
      if (own?.limit === "off") return null
      if (own) return (own.suspects ??= this.make(own.limit))
    }
    this.general ??= this.make(this.limit)
    return this.general
  }
}

function isAmongHosts({ family, words, mask }: Exception, flow: Flow): boolean {
  return (
    flow.family === family &&
    (flow.source0 & mask[0]!) === words[0] &&
    (family === 4 ||
      ((flow.source1 & mask[1]!) === words[1] &&
        (flow.source2 & mask[2]!) === words[2] &&
        (flow.source3 & mask[3]!) === words[3]))
  )
}
