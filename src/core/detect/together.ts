import { type Address, printAddress } from "../base/address.js"
import type { Flow } from "../event/flow.js"
import type { Per } from "../policy/policy.js"
import { Doorkeeper } from "./doorkeeper.js"
import { SourceTable } from "./source-table.js"

/** Groups that are watched at once; of whom least is held goes. */
const GROUPS = 256
/** Of a group that has too many: how often it is asked whether they are several. */
const ASKED = 16
/** Asked so often in vain, a group has a rest of so many seconds after each time: in a flood of forged sources it would be asked all the time. */
const PATIENCE = 8
const REST = 0.25
/** So many times the limit is kept, so that those are seen who try a few things each. */
const KEPT = 3
/** Seconds between two findings of the same group. */
const PAUSE = 60
const WORDS = 4

/** Those of a group who tried something within the window. */
export interface Company {
  readonly sources: readonly Address[]
  /** Different things that they tried. */
  readonly tried: number
  /** Seconds; when the first of these was tried. */
  readonly first: number
  readonly repetition: number
}

/**
 * What several sources do together: for each group (those of one network, or those who try the same host) the latest different things that anybody tried, with who did and when. A ring for each
 * group, and so many groups: memory is bounded, whoever comes.
 */
export class Together {
  private readonly limit: number
  private readonly window: number
  private readonly room: number
  private readonly table: SourceTable
  private readonly doorkeeper: Doorkeeper
  /** Of each slot a ring: where it begins, and how many stand in it. */
  private readonly heads: Uint16Array
  private readonly counts: Uint16Array
  private readonly asked: Uint8Array
  private readonly told: Float64Array
  private readonly inVain: Uint8Array
  private readonly restUntil: Float64Array
  private readonly repetitions: Uint32Array
  private readonly items: Int32Array
  private readonly times: Float64Array
  private readonly sources: Uint32Array
  private readonly families: Uint8Array

  /** More than `limit` different things within `window` seconds are too many. */
  constructor(limit: number, window: number, per: Per) {
    this.limit = limit
    this.window = window
    this.room = KEPT * (limit + 1)
    this.table = new SourceTable(GROUPS, Math.max(window, PAUSE), per)
    this.doorkeeper = new Doorkeeper(window, 1 / 16)
    const { capacity } = this.table
    this.heads = new Uint16Array(capacity)
    this.counts = new Uint16Array(capacity)
    this.asked = new Uint8Array(capacity)
    this.told = new Float64Array(capacity)
    this.inVain = new Uint8Array(capacity)
    this.restUntil = new Float64Array(capacity)
    this.repetitions = new Uint32Array(capacity)
    this.items = new Int32Array(capacity * this.room)
    this.times = new Float64Array(capacity * this.room)
    this.sources = new Uint32Array(capacity * this.room * WORDS)
    this.families = new Uint8Array(capacity * this.room)
  }

  /** Notes what `flow` tries. `group`: a flow whose source is the group. The group's slot where they are too many, and it is time to ask who; else -1. */
  note(group: Flow, flow: Flow, item: number): number {
    const { table, room, heads, counts, items, times } = this
    const { time } = flow
    const known = table.find(group)
    // What comes once needs no place; what it tried is credited to who comes next.
    const isNew = known < 0 || time - table.seen[known]! > table.life
    if (isNew && !this.doorkeeper.knows(table.hash(group) || 1, time, item)) return -1
    const slot = isNew ? table.open(group) : known
    table.seen[slot] = time
    if (isNew) {
      counts[slot] = 0
      this.told[slot] = Number.NEGATIVE_INFINITY
      this.repetitions[slot] = 0
      this.inVain[slot] = 0
      this.restUntil[slot] = Number.NEGATIVE_INFINITY
    }
    if (time < this.restUntil[slot]! || time - this.told[slot]! < PAUSE) return -1
    if (isNew) this.put(slot, flow, this.doorkeeper.firstItem, this.doorkeeper.firstTime)
    const from = slot * room
    let head = heads[slot]!
    let count = counts[slot]!
    while (count > 0 && time - times[from + head]! > this.window) {
      head = head + 1 === room ? 0 : head + 1
      count--
    }
    heads[slot] = head
    counts[slot] = count
    for (let left = count, place = head; left > 0; left--) {
      if (items[from + place] === item) return -1
      place = place + 1 === room ? 0 : place + 1
    }
    count = this.put(slot, flow, item, time)
    if (count <= this.limit) {
      this.inVain[slot] = 0
      this.asked[slot] = 0
      return -1
    }
    this.asked[slot] = (this.asked[slot]! + 1) % ASKED
    if (this.asked[slot] !== 1) return -1
    if (this.inVain[slot]! < PATIENCE) this.inVain[slot]! += 1
    else this.restUntil[slot] = time + REST
    return slot
  }

  /** Behind the others; the oldest goes where the ring is full. How many there are. */
  private put(slot: number, flow: Flow, item: number, time: number): number {
    const { room, heads, counts, sources } = this
    let count = counts[slot]!
    if (count < room) counts[slot] = ++count
    else heads[slot] = heads[slot]! + 1 === room ? 0 : heads[slot]! + 1
    const at = this.placeOf(slot, count - 1)
    this.items[at] = item
    this.times[at] = time
    this.families[at] = flow.family
    sources[at * WORDS] = flow.source0
    sources[at * WORDS + 1] = flow.source1
    sources[at * WORDS + 2] = flow.source2
    sources[at * WORDS + 3] = flow.source3
    this.table.weight[slot] = count
    return count
  }

  /** How many they are that made it too many. */
  sourceCount(slot: number): number {
    const { sources } = this
    const count = this.counts[slot]!
    let different = 0
    for (let index = 0; index < count; index++) {
      const at = this.placeOf(slot, index) * WORDS
      let before = 0
      while (before < index && !this.isSame(this.placeOf(slot, before) * WORDS, at, sources)) before++
      if (before === index) different++
    }
    return different
  }

  private isSame(left: number, right: number, sources: Uint32Array): boolean {
    return (
      sources[left] === sources[right] &&
      sources[left + 3] === sources[right + 3] &&
      sources[left + 2] === sources[right + 2] &&
      sources[left + 1] === sources[right + 1]
    )
  }

  private placeOf(slot: number, index: number): number {
    const at = this.heads[slot]! + index
    return slot * this.room + (at < this.room ? at : at - this.room)
  }

  /** How many different things they tried within the window. */
  triedOf(slot: number): number {
    return this.counts[slot]!
  }

  /** Who they are. */
  company(slot: number): Company {
    const { times, sources, families } = this
    const seen = new Map<string, Address>()
    for (let index = 0; index < this.counts[slot]!; index++) {
      const at = this.placeOf(slot, index)
      const family = families[at] === 4 ? 4 : 6
      const words = Array.from(sources.subarray(at * WORDS, at * WORDS + (family === 4 ? 1 : WORDS)))
      const address: Address = { family, words }
      seen.set(printAddress(address), address)
    }
    return {
      sources: [...seen.values()],
      tried: this.counts[slot]!,
      first: times[this.placeOf(slot, 0)]!,
      repetition: this.repetitions[slot]! + 1,
    }
  }

  /** The group has been told of. */
  tell(group: Flow): void {
    const slot = this.table.find(group)
    if (slot < 0) return
    this.told[slot] = group.time
    this.repetitions[slot]! += 1
  }
}
