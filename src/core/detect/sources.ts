import { maskWords } from "../base/prefix.js"
import type { Flow } from "../event/flow.js"
import type { Per } from "../policy/policy.js"
import { mixSigned } from "./mix.js"
import { FAMILY, HASH, HEAD, KEEPERS, LEAST_KEEPERS, LEAST_ROWS, NEXT } from "./source-layout.js"

/**
 * The sources of whom any detector keeps something, found by one look for all of them: a row for each, and in the row the place of the source at each keeper (`Suspects`). A row lives as long as
 * somebody keeps something of its source. So there are as many as keepers have places, at most; who is pushed out is for each keeper to say, and a flood that fills one of them pushes out nobody
 * elsewhere.
 *
 * The source that was asked for last is known without a look: most events are asked of several detectors.
 */
export class Sources {
  /** Of the source that was asked for last; never 0. */
  hash = 1
  /** Its row, or -1: nobody keeps anything of it. */
  row = -1
  private readonly mask4: number
  private readonly mask6: readonly [number, number, number, number]
  private word0 = 0
  private word1 = 0
  private word2 = 0
  private word3 = 0
  private family = 0
  /** Pairs of a hash and its row's number, which counts from 1; 0: nothing stands here or behind it. */
  private index = new Int32Array(4 * LEAST_ROWS)
  private indexMask = 2 * LEAST_ROWS - 1
  private capacity = LEAST_ROWS
  /** In words. */
  private width = HEAD + LEAST_KEEPERS / 2
  private words = new Int32Array(LEAST_ROWS * this.width)
  private places = new Uint16Array(this.words.buffer)
  /** Rows that were ever used; below it some may be free. */
  private begun = 0
  private free = -1
  private used = 0
  private readonly released: number[] = []
  private keepers = 0

  constructor(per: Per) {
    const mask6 = per.kind === "source" ? maskWords(per.ipv6, 4) : []
    this.mask4 = per.kind === "source" ? (maskWords(per.ipv4, 1)[0] ?? 0) | 0 : 0
    this.mask6 = [(mask6[0] ?? 0) | 0, (mask6[1] ?? 0) | 0, (mask6[2] ?? 0) | 0, (mask6[3] ?? 0) | 0]
  }

  /** How many sources are known. */
  get size(): number {
    return this.used
  }

  /** A keeper's number: where its places stand in each row. */
  join(): number {
    const before = this.released.pop()
    if (before !== undefined) return before
    if (HEAD + (this.keepers >> 1) >= this.width) this.resize(this.capacity, this.width * 2)
    return this.keepers++
  }

  /** Of a keeper that keeps nothing any more. */
  leave(keeper: number): void {
    this.released.push(keeper)
  }

  /** Finds the flow's source: `hash` and `row`. */
  look(flow: Flow): void {
    const { family } = flow
    let word0 = flow.source0 | 0
    let word1 = 0
    let word2 = 0
    let word3 = 0
    if (family === 4) word0 &= this.mask4
    else {
      const { mask6 } = this
      word0 &= mask6[0]
      word1 = flow.source1 & mask6[1]
      word2 = flow.source2 & mask6[2]
      word3 = flow.source3 & mask6[3]
    }
    const isLast =
      word0 === this.word0 &&
      word1 === this.word1 &&
      word2 === this.word2 &&
      word3 === this.word3 &&
      family === this.family
    if (isLast) return
    this.word0 = word0
    this.word1 = word1
    this.word2 = word2
    this.word3 = word3
    this.family = family
    const hash = mixSigned(word0, word1, word2, word3) || 1
    this.hash = hash
    this.row = this.find(hash)
  }

  /** The place of the source that was asked for at a keeper, counted from 1; 0: it keeps nothing of it. */
  placeAt(keeper: number): number {
    return this.row < 0 ? 0 : this.places[(this.row * this.width + HEAD) * 2 + keeper]!
  }

  /** From now on the keeper has the source that was asked for at this place. Its row, for the keeper to say whose the place is. */
  enter(keeper: number, place: number): number {
    if (this.row < 0) this.row = this.add()
    this.places[(this.row * this.width + HEAD) * 2 + keeper] = place
    this.words[this.row * this.width + KEEPERS]! += 1
    return this.row
  }

  /** The keeper has nothing of the row's source any more. */
  forget(keeper: number, row: number): void {
    const at = row * this.width
    this.places[(at + HEAD) * 2 + keeper] = 0
    const left = this.words[at + KEEPERS]! - 1
    this.words[at + KEEPERS] = left
    if (left === 0) this.remove(row)
  }

  private find(hash: number): number {
    const { index, indexMask, words, width } = this
    for (let entry = hash & indexMask; ; entry = (entry + 1) & indexMask) {
      const number = index[2 * entry + 1]!
      if (number === 0) return -1
      if (index[2 * entry] !== hash) continue
      const at = (number - 1) * width
      if (
        words[at] === this.word0 &&
        words[at + FAMILY] === this.family &&
        words[at + 1] === this.word1 &&
        words[at + 2] === this.word2 &&
        words[at + 3] === this.word3
      )
        return number - 1
    }
  }

  private add(): number {
    if (this.free < 0 && this.begun === this.capacity) this.resize(this.capacity * 2, this.width)
    const { words, width } = this
    const row = this.free < 0 ? this.begun++ : this.free
    const at = row * width
    if (row === this.free) this.free = words[at + NEXT]!
    this.used++
    words[at] = this.word0
    words[at + 1] = this.word1
    words[at + 2] = this.word2
    words[at + 3] = this.word3
    words[at + FAMILY] = this.family
    words[at + KEEPERS] = 0
    words[at + HASH] = this.hash
    this.enlist(this.hash, row)
    return row
  }

  private enlist(hash: number, row: number): void {
    const { index, indexMask } = this
    let entry = hash & indexMask
    while (index[2 * entry + 1] !== 0) entry = (entry + 1) & indexMask
    index[2 * entry] = hash
    index[2 * entry + 1] = row + 1
  }

  private remove(row: number): void {
    const { index, indexMask, words } = this
    const at = row * this.width
    let hole = words[at + HASH]! & indexMask
    while (index[2 * hole + 1] !== row + 1) hole = (hole + 1) & indexMask
    // Whoever stands behind moves up, unless that were before where its search begins (Knuth, The Art of Computer Programming 3, 6.4, Algorithm R).
    for (let entry = (hole + 1) & indexMask; index[2 * entry + 1] !== 0; entry = (entry + 1) & indexMask) {
      const home = index[2 * entry]! & indexMask
      if (((entry - home) & indexMask) < ((entry - hole) & indexMask)) continue
      index[2 * hole] = index[2 * entry]!
      index[2 * hole + 1] = index[2 * entry + 1]!
      hole = entry
    }
    index[2 * hole + 1] = 0
    words[at + NEXT] = this.free
    this.free = row
    this.used--
    if (row === this.row) this.row = -1
  }

  private resize(capacity: number, width: number): void {
    const before = this.words
    const widthBefore = this.width
    this.words = new Int32Array(capacity * width)
    this.places = new Uint16Array(this.words.buffer)
    for (let row = 0; row < this.begun; row++)
      this.words.set(before.subarray(row * widthBefore, (row + 1) * widthBefore), row * width)
    this.width = width
    if (capacity === this.capacity) return
    this.capacity = capacity
    const listed = this.index
    this.index = new Int32Array(4 * capacity)
    this.indexMask = 2 * capacity - 1
    for (let entry = 0; entry < listed.length; entry += 2)
      if (listed[entry + 1] !== 0) this.enlist(listed[entry]!, listed[entry + 1]! - 1)
  }
}

/** A table of sources for each way to say who is one: nearly always one. */
export class SourcesByPer {
  private readonly tables = new Map<string, Sources>()

  of(per: Per): Sources {
    const name = per.kind === "everyone" ? per.kind : `${per.ipv4} ${per.ipv6}`
    const known = this.tables.get(name)
    if (known) return known
    const made = new Sources(per)
    this.tables.set(name, made)
    return made
  }
}
