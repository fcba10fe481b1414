import { compareWords } from "../base/address.js"
import { normalise, type Prefix } from "../base/prefix.js"
import { type Flow, sourceOf } from "../event/flow.js"
import { perSource } from "../policy/per.js"
import type { DetectorSetting, Limit, Per } from "../policy/policy.js"
import { DistinctMeter } from "./distinct-meter.js"
import { Doorkeeper } from "./doorkeeper.js"
import { type Meter, makeMeter, memoryOf } from "./meter.js"
import { SourceTable } from "./source-table.js"

/** Words of counting memory that one detector may take, for all its sources. */
const MEMORY = 1 << 19
const MOST_SOURCES = 1 << 14
const LEAST_SOURCES = 1 << 8
/** Seconds in which the same source is told once, at least. */
const LEAST_PAUSE = 60

/** What is held against each source: counted by the limit, and told once in a while. Memory is bounded, whoever comes. */
export class Suspects {
  readonly limit: Limit | undefined
  readonly table: SourceTable
  /** Of each slot: what counted since it was first seen, and when that was. */
  readonly total: Float64Array
  readonly first: Float64Array
  readonly repetition: Uint32Array
  /** The slot that was counted last, or -1: its source was seen for the first time, and has none yet. */
  latest = -1
  /** It was over the limit when counted last, whether told or not. */
  isOverNow = false
  /** Its source is new there. */
  isFresh = false
  private readonly doorkeeper: Doorkeeper | null
  private readonly found: Uint32Array
  private readonly told: Float64Array
  private readonly meter: Meter | null
  private readonly distinct: DistinctMeter | null
  private readonly pause: number

  /** `counts`: each event, or different things. Without a limit the first one is too much. `share`: of the memory that a detector may take. */
  constructor(limit: Limit | undefined, per: Per, counts: "events" | "different", share = 1) {
    this.limit = limit
    const memory = memoryOf(limit)
    const room = limit?.form === "window" ? limit.count + 1 : 2
    const each = counts === "events" && room > 64 ? 9 : Math.min(room, 256)
    const sources = Math.max(LEAST_SOURCES, Math.min(MOST_SOURCES, MEMORY / each) * share)
    this.table = new SourceTable(per.kind === "everyone" ? 8 : sources, Math.max(memory, LEAST_PAUSE), per)
    const { capacity } = this.table
    this.meter = limit !== undefined && counts === "events" ? makeMeter(limit, capacity) : null
    this.distinct = limit !== undefined && counts === "different" ? new DistinctMeter(limit, capacity) : null
    this.total = new Float64Array(capacity)
    this.first = new Float64Array(capacity)
    this.repetition = new Uint32Array(capacity)
    this.found = new Uint32Array(capacity)
    this.told = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY)
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
    this.total[slot]! += amount
    this.table.weight[slot]! += amount
    const isOver = this.meter === null || this.meter.add(slot, flow.time, amount)
    return isOver ? this.tell(slot, flow.time) : -1
  }

  /** Takes off one of what is held of a source that is known; nobody is made room for. */
  discount(flow: Flow): void {
    const slot = this.table.find(flow)
    if (slot < 0) {
      this.doorkeeper?.forget(this.table.hash(flow))
      return
    }
    this.meter?.add(slot, flow.time, -1)
    this.table.weight[slot] = Math.max(0, this.table.weight[slot]! - 1)
  }

  /** Counts a thing that may have been there; nothing is told before the source was seen for `leastSpan` seconds. */
  countDifferent(flow: Flow, item: number, leastSpan = 0): number {
    const slot = this.enter(flow, item)
    if (slot < 0) return -1
    const different = this.distinct === null ? 1 : this.distinct.add(slot, flow.time, item)
    this.total[slot]! += 1
    this.table.weight[slot] = Math.max(different, this.table.weight[slot]!)
    this.found[slot] = different
    const isOver = this.distinct === null || this.distinct.isOver(different)
    this.isOverNow = isOver
    return isOver && flow.time - this.first[slot]! >= leastSpan ? this.tell(slot, flow.time) : -1
  }

  /** How many different things within the window when last counted. */
  different(slot: number): number {
    return this.found[slot]!
  }

  private tell(slot: number, time: number): number {
    if (time - this.told[slot]! < this.pause) return -1
    this.told[slot] = time
    this.repetition[slot]! += 1
    return slot
  }

  /** The source's slot, or -1: it was seen for the first time. What it did then is counted when it comes again. */
  private enter(flow: Flow, item: number): number {
    const { doorkeeper, table } = this
    if (doorkeeper === null) return this.open(flow)
    const known = table.find(flow)
    if (known >= 0 && flow.time - table.seen[known]! <= table.life) {
      table.seen[known] = flow.time
      this.latest = known
      this.isFresh = false
      return known
    }
    if (!doorkeeper.knows(flow, table.hash(flow), item)) {
      this.latest = -1
      return -1
    }
    const slot = this.open(flow)
    this.first[slot] = doorkeeper.firstTime
    this.total[slot] = 1
    table.weight[slot] = 1
    this.meter?.add(slot, doorkeeper.firstTime, 1)
    this.distinct?.add(slot, doorkeeper.firstTime, doorkeeper.firstItem)
    return slot
  }

  private open(flow: Flow): number {
    const slot = this.table.open(flow)
    this.latest = slot
    this.isFresh = this.table.isFresh
    if (this.isFresh) {
      this.meter?.clear(slot)
      this.distinct?.clear(slot)
      this.total[slot] = 0
      this.first[slot] = flow.time
      this.repetition[slot] = 0
      this.told[slot] = Number.NEGATIVE_INFINITY
    }
    return slot
  }
}

/** The detector's suspects, and those who have a limit of their own (`for`). Their memory is taken when the first of them comes. */
export class SuspectsBySetting {
  private readonly make: (limit: Limit | undefined) => Suspects
  private readonly limit: Limit | undefined
  private general: Suspects | undefined
  private readonly exceptions: {
    readonly hosts: readonly Prefix[]
    readonly limit: Limit | "off"
    suspects?: Suspects
  }[]

  constructor(setting: DetectorSetting, counts: "events" | "different", share = 1) {
    const per = setting.per ?? perSource
    this.make = (limit) => new Suspects(limit, per, counts, share)
    this.limit = setting.limit
    this.exceptions = setting.exceptions.map(({ hosts, limit }) => ({ hosts, limit }))
  }

  /** Who counts the flow's source; null: nobody, it is off for it. */
  of(flow: Flow): Suspects | null {
    if (this.exceptions.length > 0) {
      const source = sourceOf(flow)
      const found = this.exceptions.find(({ hosts }) =>
        hosts.some(
          ({ address, length }) =>
            address.family === source.family &&
            compareWords(normalise({ address: source, length }).address.words, address.words) === 0,
        ),
      )
      if (found) {
        if (found.limit === "off") return null
        found.suspects ??= this.make(found.limit)
        return found.suspects
      }
    }
    this.general ??= this.make(this.limit)
    return this.general
  }
}
