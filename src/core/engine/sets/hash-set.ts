import type { Packet } from "../../packet/packet.js"
import type { SetUpdateNode } from "../../ruleset/action/set-update.js"
import type { SetDeclaration, SetElement } from "../../ruleset/ruleset.js"
import {
  BREAK,
  CONTINUE,
  type Run,
  type RuntimeSet,
  UPDATE_DATA,
  type Update,
} from "../../ruleset/runtime.js"
import { type TypeName, wordsOf } from "../../ruleset/type.js"
import { NANOSECONDS } from "../settings.js"
import type { MapData } from "./data.js"
import type { ElementStatements } from "./statements.js"

/** What a dynamic set holds at most where it does not say so (nft_dynset.c). */
const DYNAMIC_SIZE = 65535
const FIRST_CAPACITY = 64
/** Below it a set that is full grows to four times its room. */
const LARGE_CAPACITY = 4096
/** Elements that ended keep their room until the kernel's collector comes by, once a second (nft_set_hash.c). */
const COLLECT_EVERY = NANOSECONDS

/** Told when the rule that is being compiled puts an element in. `words`: the key, borrowed. `expires`: nanoseconds, or Infinity. Null: nobody wants to know. */
export type Additions = () => ((words: Uint32Array, expires: number, run: Run) => void) | null

/** An element's record: its end (a number of 64 bits), the next one of its chain, then its key's words. One line of the processor's cache holds it. */
const NEXT = 2
const KEY = 3
/** The end of an element that is none. */
const FREE = -Infinity

/**
 * Single values, hashed: an element is a number and a record in one array, which grows up to the set's size. An element that ended is gone for
 * look-ups at once.
 */
export class HashSet implements RuntimeSet {
  readonly types: readonly TypeName[]
  readonly keyWords: number
  private readonly additions: Additions | undefined
  private readonly most: number
  private readonly timeout: number
  private readonly statements: ElementStatements
  private readonly declared: number
  private readonly data: MapData
  /** Words of a map's value; 0 for verdicts, and in a set. */
  private readonly dataWords: number
  private capacity = 0
  private count = 0
  /** Words of a record: an even number, so that ends are aligned. */
  private readonly stride: number
  /** Signed, because V8 takes unsigned words for floating-point numbers where it cannot see that they are small. */
  private records = new Int32Array(0)
  /** The same memory in numbers of 64 bits. */
  private numbers = new Float64Array(0)
  /** First element of each chain; a power of two of them. */
  private heads = new Int32Array(1).fill(-1)
  private mask = 0
  private free = new Int32Array(0)
  private freeCount = 0
  /** Elements below this number have been used before. */
  private used = 0
  private last = -1
  private collectedAt = -Infinity
  private start = Number.NaN
  /** No element ends before. */
  private earliest = Infinity
  /** A key that is not in the registers. */
  private readonly key: Uint32Array

  constructor(
    declaration: SetDeclaration,
    keyWords: number,
    statements: ElementStatements,
    data: MapData,
    additions?: Additions,
  ) {
    this.types = declaration.key
    this.keyWords = keyWords
    this.stride = (KEY + keyWords + 1) & ~1
    this.dataWords = dataWordsOf(declaration)
    this.additions = additions
    this.most =
      declaration.size ?? (declaration.flags.includes("dynamic") ? DYNAMIC_SIZE : Number.MAX_SAFE_INTEGER)
    this.timeout = declaration.timeout ?? Infinity
    this.statements = statements
    this.declared = statements.compile(declaration.statements)
    this.data = data
    this.key = new Uint32Array(keyWords)
  }

  get size(): number {
    return this.count
  }

  /** Called when the set, which has no element, gets its first; null: nobody cares. */
  onFilled: (() => void) | null = null

  contains(packet: Packet, run: Run, at: number): boolean {
    const element = this.find(run.registers, at, this.hash(run.registers, at), run.now)
    if (element < 0) return false
    this.last = element
    return this.statements.run(element, packet, run) === CONTINUE
  }

  has(run: Run, at: number): boolean {
    return this.find(run.registers, at, this.hash(run.registers, at), run.now) >= 0
  }

  copyData(run: Run, at: number): void {
    this.data.copy(this.last, run, at)
  }

  lastData(run: Run): number {
    return this.data.get(this.last, run)
  }

  updater(node: SetUpdateNode): Update {
    if (node.operation === "delete")
      return (_packet, run, at) => {
        const element = this.find(run.registers, at, this.hash(run.registers, at), run.now)
        // It is dead for look-ups, and keeps its place in a full set until the collector comes by (measured on Linux 6.18).
        if (element >= 0) this.setExpires(element, run.now)
        return CONTINUE
      }
    const program = node.statements === undefined ? this.declared : this.statements.compile(node.statements)
    const life = node.timeout ?? this.timeout
    const refreshes = node.operation === "update"
    const dataWords = node.data === undefined ? 0 : this.dataWords
    const added = this.additions?.() ?? null
    return (packet, run, at) => {
      const hash = this.hash(run.registers, at)
      let element = this.find(run.registers, at, hash, run.now)
      if (element >= 0) {
        if (refreshes && this.expiresOf(element) !== Infinity) this.setExpires(element, run.now + life)
      } else {
        element = this.insert(run.registers, at, hash, run.now, run.now + life, program)
        if (element < 0) return BREAK
        if (dataWords > 0) this.data.keep(element, run, UPDATE_DATA, dataWords)
        if (added !== null) {
          for (let word = 0; word < this.keyWords; word++) this.key[word] = run.registers[at + word]!
          added(this.key, this.expiresOf(element), run)
        }
      }
      return this.statements.run(element, packet, run) === CONTINUE ? CONTINUE : BREAK
    }
  }

  /** An element from outside: the ruleset's own, or a ledger's. False: the set is full. One that is there gets the new end. */
  put(words: ArrayLike<number>, now: number, expires: number, data: SetElement["data"]): boolean {
    const key = this.keyOf(words)
    const hash = this.hash(key, 0)
    let element = this.find(key, 0, hash, now)
    if (element < 0) element = this.insert(key, 0, hash, now, expires, this.declared)
    if (element < 0) return false
    this.setExpires(element, expires)
    this.data.put(element, data)
    return true
  }

  /** Takes an element out. False: it was not there. */
  take(words: ArrayLike<number>, now: number): boolean {
    const key = this.keyOf(words)
    const element = this.find(key, 0, this.hash(key, 0), now)
    if (element >= 0) this.remove(element)
    return element >= 0
  }

  /** Keys from outside come in arrays of any kind; look-ups see one kind only, which is what makes them fast. */
  private keyOf(words: ArrayLike<number>): Uint32Array {
    for (let word = 0; word < this.keyWords; word++) this.key[word] = words[word]!
    return this.key
  }

  /** Calls back with each living element's key (borrowed) and end. */
  forEach(now: number, visit: (words: Uint32Array, expires: number) => void): void {
    const key = new Uint32Array(this.keyWords)
    for (let element = 0; element < this.used; element++) {
      if (this.expiresOf(element) <= now) continue
      const at = element * this.stride + KEY
      key.set(this.records.subarray(at, at + this.keyWords))
      visit(key, this.expiresOf(element))
    }
  }

  private expiresOf(element: number): number {
    return this.numbers[(element * this.stride) >> 1]!
  }

  private setExpires(element: number, at: number): void {
    this.numbers[(element * this.stride) >> 1] = at
    this.earliest = Math.min(this.earliest, at)
  }

  /**
   * The living element with this key, or -1. A chain has the newest first, and nothing is put in while an element of its key lives: of several
   * with the same key only the first can be alive. (A rule that adds and deletes the same key leaves hundreds of dead ones a second.)
   */
  private find(words: Uint32Array, at: number, hash: number, now: number): number {
    if (this.count === 0) return -1
    const { records, stride, keyWords } = this
    let element = this.heads[hash & this.mask]!
    // Most keys are one word: an address, a port.
    const first = words[at]! | 0
    while (element >= 0) {
      const record = element * stride
      if (records[record + KEY] === first) {
        let word = 1
        while (word < keyWords && records[record + KEY + word] === (words[at + word]! | 0)) word++
        if (word >= keyWords) return this.numbers[record >> 1]! > now ? element : -1
      }
      element = records[record + NEXT]!
    }
    return -1
  }

  private insert(
    words: Uint32Array,
    at: number,
    hash: number,
    now: number,
    expires: number,
    program: number,
  ): number {
    if (Number.isNaN(this.start)) this.start = now
    if (this.count >= this.most) {
      this.collect(now)
      if (this.count >= this.most) return -1
    }
    if (this.freeCount === 0 && this.used === this.capacity) {
      // The first element finds nothing to collect, and the collector is not taken for having come.
      if (this.capacity > 0) this.collect(now)
      if (this.freeCount <= this.capacity >> 2 && this.capacity < this.most) this.grow()
    }
    const element = this.freeCount > 0 ? this.free[--this.freeCount]! : this.used++
    if (this.count++ === 0 && this.onFilled !== null) this.onFilled()
    const { records, heads } = this
    const record = element * this.stride
    for (let word = 0; word < this.keyWords; word++) records[record + KEY + word] = words[at + word]!
    this.setExpires(element, expires)
    this.statements.begin(element, program)
    const bucket = hash & this.mask
    records[record + NEXT] = heads[bucket]!
    heads[bucket] = element
    return element
  }

  private remove(element: number): void {
    const { records, heads, stride } = this
    const following = records[element * stride + NEXT]!
    const bucket = this.hashOf(element) & this.mask
    let at = heads[bucket]!
    if (at === element) heads[bucket] = following
    else {
      while (at >= 0 && records[at * stride + NEXT] !== element) at = records[at * stride + NEXT]!
      if (at >= 0) records[at * stride + NEXT] = following
    }
    this.release(element)
  }

  private release(element: number): void {
    this.numbers[(element * this.stride) >> 1] = FREE
    this.count--
    this.free[this.freeCount++] = element
  }

  /** What the kernel's collector has removed by now: it comes once a second. */
  private collect(now: number): void {
    if (now < this.collectedAt + COLLECT_EVERY) return
    const tick = this.start + Math.floor((now - this.start) / COLLECT_EVERY) * COLLECT_EVERY
    this.collectedAt = tick
    if (this.earliest > tick) return
    // Chain by chain, not element by element: a key that a rule adds and deletes leaves a chain of a thousand dead ones.
    const { heads, records, numbers, stride } = this
    let earliest = Infinity
    for (let bucket = 0; bucket < heads.length; bucket++) {
      let previous = -1
      for (let element = heads[bucket]!; element >= 0; ) {
        const record = element * stride
        const following = records[record + NEXT]!
        const expires = numbers[record >> 1]!
        if (expires > tick) {
          previous = record
          if (expires < earliest) earliest = expires
        } else {
          if (previous < 0) heads[bucket] = following
          else records[previous + NEXT] = following
          this.release(element)
        }
        element = following
      }
    }
    this.earliest = earliest
  }

  private grow(): void {
    const times = this.capacity < LARGE_CAPACITY ? 4 : 2
    const capacity = Math.min(Math.max(this.capacity * times, FIRST_CAPACITY), this.most)
    this.capacity = capacity
    const records = new Int32Array(capacity * this.stride)
    records.set(this.records)
    this.records = records
    this.numbers = new Float64Array(records.buffer)
    const free = new Int32Array(capacity)
    free.set(this.free)
    this.free = free
    this.statements.reserve(capacity)
    let buckets = FIRST_CAPACITY
    while (buckets < capacity) buckets *= 2
    this.spread(buckets)
  }

  /** Puts all elements into `buckets` new chains, each key's in the order that they had. */
  private spread(buckets: number): void {
    const { heads: oldHeads, records, stride } = this
    const heads = new Int32Array(buckets).fill(-1)
    const tails = new Int32Array(buckets)
    for (let old = 0; old < oldHeads.length; old++) {
      for (let element = oldHeads[old]!; element >= 0; ) {
        const following = records[element * stride + NEXT]!
        const bucket = this.hashOf(element) & (buckets - 1)
        if (heads[bucket]! < 0) heads[bucket] = element
        else records[tails[bucket]! * stride + NEXT] = element
        tails[bucket] = element
        records[element * stride + NEXT] = -1
        element = following
      }
    }
    this.heads = heads
    this.mask = buckets - 1
  }

  private hash(words: Uint32Array, at: number): number {
    let value = mix(SEED, words[at]! | 0)
    for (let word = 1; word < this.keyWords; word++) value = mix(value, words[at + word]! | 0)
    return finish(value)
  }

  private hashOf(element: number): number {
    const at = element * this.stride + KEY
    let value = SEED
    for (let word = 0; word < this.keyWords; word++) value = mix(value, this.records[at + word]!)
    return finish(value)
  }
}

const SEED = 0x1747b28c

function mix(value: number, word: number): number {
  const mixed = value ^ Math.imul(word, 0xcc9e2d51)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(value: number): number {
  const mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function dataWordsOf({ data }: SetDeclaration): number {
  if (data === undefined || data === "verdict") return 0
  const types = typeof data === "string" ? [data] : data
  return types.reduce((sum, type) => sum + wordsOf(type), 0)
}
