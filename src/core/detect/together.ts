import { type Address, printAddress } from "../base/address.js"
import type { Flow } from "../event/flow.js"
import type { Per } from "../policy/policy.js"
import { SourceTable } from "./source-table.js"

/** Groups that are watched at once; of whom least is held goes. */
const GROUPS = 256
/** Of a group that has too many: how often it is asked whether they are several, and who. */
const ASKED = 8
/** Seconds between two findings of the same group. */
const PAUSE = 60
const SHOWN = 16
const WORDS = 4

/** Those of a group who tried something within the window. */
export interface Company {
  readonly sources: readonly Address[]
  readonly sourceCount: number
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
  /** Of each slot a ring: where it begins, and how many stand in it. */
  private readonly heads: Uint16Array
  private readonly counts: Uint16Array
  private readonly asked: Uint8Array
  private readonly told: Float64Array
  private readonly repetitions: Uint32Array
  private readonly items: Int32Array
  private readonly times: Float64Array
  private readonly sources: Uint32Array
  private readonly families: Uint8Array

  /** More than `limit` different things within `window` seconds are too many. */
  constructor(limit: number, window: number, per: Per) {
    this.limit = limit
    this.window = window
    this.room = limit + 1
    this.table = new SourceTable(GROUPS, Math.max(window, PAUSE), per)
    const { capacity } = this.table
    this.heads = new Uint16Array(capacity)
    this.counts = new Uint16Array(capacity)
    this.asked = new Uint8Array(capacity)
    this.told = new Float64Array(capacity)
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
    const slot = table.open(group)
    if (table.isFresh) {
      counts[slot] = 0
      this.told[slot] = Number.NEGATIVE_INFINITY
      this.repetitions[slot] = 0
    }
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
    if (count === room) heads[slot] = head + 1 === room ? 0 : head + 1
    else counts[slot] = ++count
    const at = from + ((heads[slot]! + count - 1) % room)
    items[at] = item
    times[at] = time
    this.families[at] = flow.family
    this.sources[at * WORDS] = flow.source0
    this.sources[at * WORDS + 1] = flow.source1
    this.sources[at * WORDS + 2] = flow.source2
    this.sources[at * WORDS + 3] = flow.source3
    table.weight[slot] = count
    if (count <= this.limit || time - this.told[slot]! < PAUSE) return -1
    this.asked[slot] = (this.asked[slot]! + 1) % ASKED
    return this.asked[slot] === 1 ? slot : -1
  }

  /** Who they are that made it too many. */
  company(slot: number): Company {
    const { room, times, sources, families } = this
    const seen = new Map<string, Address>()
    for (let index = 0; index < this.counts[slot]!; index++) {
      const at = slot * room + ((this.heads[slot]! + index) % room)
      const family = families[at] === 4 ? 4 : 6
      const words = Array.from(sources.subarray(at * WORDS, at * WORDS + (family === 4 ? 1 : WORDS)))
      const address: Address = { family, words }
      seen.set(printAddress(address), address)
    }
    return {
      sources: [...seen.values()].slice(0, SHOWN),
      sourceCount: seen.size,
      tried: this.counts[slot]!,
      first: times[slot * room + this.heads[slot]!]!,
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
