import type { Address } from "../base/address.js"
import { maskWords } from "../base/prefix.js"
import type { Flow } from "../event/flow.js"
import type { Per } from "../policy/policy.js"
import { mix } from "./mix.js"

const WORDS = 4
/** A source has so many places to be at. */
const WAYS = 8

/**
 * Sources in bounded memory, however many a flood invents: each has eight places to be at, and where all are taken, the one goes of which least is
 * held. So those of whom much is held stay, and forged ones, of whom one packet is held, push out each other.
 *
 * Who keeps something of a source keeps it in arrays by its slot, and clears it where `isFresh` says that the slot is another's from now on.
 */
export class SourceTable {
  readonly capacity: number
  isFresh = false
  /** What is held of a slot's source: the least goes first. Kept by the table's user. */
  readonly weight: Float64Array
  /** Seconds; when the slot's source was last seen. */
  readonly seen: Float64Array
  private readonly words: Uint32Array
  private readonly families: Uint8Array
  /** Beyond this many seconds nothing is held of a source. */
  readonly life: number
  private readonly isEveryone: boolean
  private readonly mask4: number
  private readonly mask6: readonly number[]
  private word0 = 0
  private word1 = 0
  private word2 = 0
  private word3 = 0

  /** `least` sources, made a power of two. */
  constructor(least: number, life: number, per: Per) {
    let capacity = WAYS
    while (capacity < least) capacity *= 2
    this.capacity = capacity
    this.life = life
    this.weight = new Float64Array(capacity)
    this.seen = new Float64Array(capacity)
    this.words = new Uint32Array(capacity * WORDS)
    this.families = new Uint8Array(capacity)
    this.isEveryone = per.kind === "everyone"
    this.mask4 = per.kind === "source" ? (maskWords(per.ipv4, 1)[0] ?? 0) : 0
    this.mask6 = per.kind === "source" ? maskWords(per.ipv6, 4) : [0, 0, 0, 0]
  }

  /** The source's slot, or -1. */
  find(flow: Flow): number {
    const from = this.bucket(flow)
    for (let slot = from; slot < from + WAYS; slot++) if (this.isOwn(slot, flow.family)) return slot
    return -1
  }

  /** A number of the flow's source, which others may have, too. */
  hash(flow: Flow): number {
    this.bucket(flow)
    return mix(this.word0, this.word1, this.word2, this.word3)
  }

  /** The source's slot, another's if need be. */
  open(flow: Flow): number {
    const { families, seen, weight } = this
    const { time, family } = flow
    const from = this.bucket(flow)
    this.isFresh = false
    let victim = from
    let least = Number.POSITIVE_INFINITY
    for (let slot = from; slot < from + WAYS; slot++) {
      if (this.isOwn(slot, family)) {
        if (time - seen[slot]! > this.life) {
          this.isFresh = true
          weight[slot] = 0
        }
        seen[slot] = time
        return slot
      }
      const held = families[slot] === 0 ? -2 : time - seen[slot]! > this.life ? -1 : weight[slot]!
      if (held < least || (held === least && seen[slot]! < seen[victim]!)) {
        least = held
        victim = slot
      }
    }
    const at = victim * WORDS
    this.words[at] = this.word0
    this.words[at + 1] = this.word1
    this.words[at + 2] = this.word2
    this.words[at + 3] = this.word3
    families[victim] = family
    seen[victim] = time
    weight[victim] = 0
    this.isFresh = true
    return victim
  }

  /** The source, its bits behind `per` being zero. */
  addressAt(slot: number): Address {
    const at = slot * WORDS
    const words = Array.from(this.words.subarray(at, at + (this.families[slot] === 4 ? 1 : WORDS)))
    return { family: this.families[slot] === 4 ? 4 : 6, words }
  }

  private isOwn(slot: number, family: number): boolean {
    const at = slot * WORDS
    const { words } = this
    return (
      words[at] === this.word0 &&
      this.families[slot] === family &&
      words[at + 1] === this.word1 &&
      words[at + 2] === this.word2 &&
      words[at + 3] === this.word3
    )
  }

  /** Masks the flow's source and finds where its places begin. */
  private bucket(flow: Flow): number {
    if (this.isEveryone) {
      this.word0 = 0
      this.word1 = 0
      this.word2 = 0
      this.word3 = 0
      return 0
    }
    if (flow.family === 4) {
      this.word0 = (flow.source0 & this.mask4) >>> 0
      this.word1 = 0
      this.word2 = 0
      this.word3 = 0
    } else {
      const { mask6 } = this
      this.word0 = (flow.source0 & mask6[0]!) >>> 0
      this.word1 = (flow.source1 & mask6[1]!) >>> 0
      this.word2 = (flow.source2 & mask6[2]!) >>> 0
      this.word3 = (flow.source3 & mask6[3]!) >>> 0
    }
    const hash = mix(this.word0, this.word1, this.word2, this.word3)
    return hash & (this.capacity - 1) & ~(WAYS - 1)
  }
}
