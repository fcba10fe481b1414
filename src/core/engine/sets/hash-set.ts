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
const FIRST_CAPACITY = 16
/** Elements that ended keep their room until the kernel's collector comes by, once a second (nft_set_hash.c). */
const COLLECT_EVERY = NANOSECONDS

/** Told when the rule that is being compiled puts an element in. `words`: the key, borrowed. `expires`: nanoseconds, or Infinity. Null: nobody wants to know. */
export type Additions = () => ((words: Uint32Array, expires: number, run: Run) => void) | null

/**
 * Single values, hashed: keys are words in one typed array, an element is a number, ends are times. The arrays double up to the
 * set's size. An element that ended is gone for look-ups at once.
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
  private keys = new Uint32Array(0)
  private expires = new Float64Array(0)
  private alive = new Uint8Array(0)
  private next = new Int32Array(0)
  private heads = new Int32Array(0)
  private free = new Int32Array(0)
  private freeCount = 0
  private last = -1
  private collectedAt = -Infinity
  private start = Number.NaN
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
    const element = this.find(run.registers, at, run.now)
    if (element < 0) return false
    this.last = element
    return this.statements.run(element, packet, run) === CONTINUE
  }

  has(run: Run, at: number): boolean {
    return this.find(run.registers, at, run.now) >= 0
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
        const element = this.find(run.registers, at, run.now)
        // It is dead for look-ups, and keeps its place in a full set until the collector comes by (measured on Linux 6.18).
        if (element >= 0) this.expires[element] = run.now
        return CONTINUE
      }
    const program = node.statements === undefined ? this.declared : this.statements.compile(node.statements)
    const life = node.timeout ?? this.timeout
    const refreshes = node.operation === "update"
    const dataWords = node.data === undefined ? 0 : this.dataWords
    const added = this.additions?.() ?? null
    return (packet, run, at) => {
      let element = this.find(run.registers, at, run.now)
      if (element >= 0) {
        if (refreshes && this.expires[element] !== Infinity) this.expires[element] = run.now + life
      } else {
        element = this.insert(run.registers, at, run.now, run.now + life, program)
        if (element < 0) return BREAK
        if (dataWords > 0) this.data.keep(element, run, UPDATE_DATA, dataWords)
        if (added !== null) {
          for (let word = 0; word < this.keyWords; word++) this.key[word] = run.registers[at + word]!
          added(this.key, this.expires[element]!, run)
        }
      }
      return this.statements.run(element, packet, run) === CONTINUE ? CONTINUE : BREAK
    }
  }

  /** An element from outside: the ruleset's own, or a ledger's. False: the set is full. One that is there gets the new end. */
  put(words: ArrayLike<number>, now: number, expires: number, data: SetElement["data"]): boolean {
    const key = this.keyOf(words)
    let element = this.find(key, 0, now)
    if (element < 0) element = this.insert(key, 0, now, expires, this.declared)
    if (element < 0) return false
    this.expires[element] = expires
    this.data.put(element, data)
    return true
  }

  /** Takes an element out. False: it was not there. */
  take(words: ArrayLike<number>, now: number): boolean {
    const element = this.find(this.keyOf(words), 0, now)
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
    for (let element = 0; element < this.capacity; element++)
      if (this.alive[element] && this.expires[element]! > now)
        visit(
          this.keys.subarray(element * this.keyWords, (element + 1) * this.keyWords),
          this.expires[element]!,
        )
  }

  /**
   * The living element with this key, or -1. A chain has the newest first, and nothing is put in while an element of its key lives: of several
   * with the same key only the first can be alive. (A rule that adds and deletes the same key leaves hundreds of dead ones a second.)
   */
  private find(words: Uint32Array, at: number, now: number): number {
    if (this.count === 0) return -1
    const { keyWords, keys, next } = this
    for (
      let element = this.heads[this.hash(words, at) & (this.heads.length - 1)]!;
      element >= 0;
      element = next[element]!
    ) {
      const key = element * keyWords
      let word = 0
      while (word < keyWords && keys[key + word] === words[at + word]) word++
      if (word === keyWords) return this.expires[element]! > now ? element : -1
    }
    return -1
  }

  private insert(words: Uint32Array, at: number, now: number, expires: number, program: number): number {
    if (Number.isNaN(this.start)) this.start = now
    if (this.count >= this.most) {
      this.collect(now)
      if (this.count >= this.most) return -1
    }
    if (this.freeCount === 0) {
      this.collect(now)
      if (this.freeCount <= this.capacity >> 2 && this.capacity < this.most) this.grow()
    }
    const element = this.free[--this.freeCount]!
    if (this.count++ === 0 && this.onFilled !== null) this.onFilled()
    for (let word = 0; word < this.keyWords; word++)
      this.keys[element * this.keyWords + word] = words[at + word]!
    this.expires[element] = expires
    this.alive[element] = 1
    this.statements.begin(element, program)
    const bucket = this.hash(words, at) & (this.heads.length - 1)
    this.next[element] = this.heads[bucket]!
    this.heads[bucket] = element
    return element
  }

  private remove(element: number): void {
    const bucket = this.hash(this.keys, element * this.keyWords) & (this.heads.length - 1)
    let at = this.heads[bucket]!
    if (at === element) this.heads[bucket] = this.next[element]!
    else {
      while (at >= 0 && this.next[at] !== element) at = this.next[at]!
      if (at >= 0) this.next[at] = this.next[element]!
    }
    this.release(element)
  }

  private release(element: number): void {
    this.alive[element] = 0
    this.count--
    this.free[this.freeCount++] = element
  }

  /** What the kernel's collector has removed by now: it comes once a second. */
  private collect(now: number): void {
    const tick = this.start + Math.floor((now - this.start) / COLLECT_EVERY) * COLLECT_EVERY
    if (tick <= this.collectedAt) return
    this.collectedAt = tick
    const { heads, next, expires } = this
    for (let bucket = 0; bucket < heads.length; bucket++) {
      let previous = -1
      for (let element = heads[bucket]!; element >= 0; ) {
        const following = next[element]!
        if (expires[element]! > tick) previous = element
        else {
          if (previous < 0) heads[bucket] = following
          else next[previous] = following
          this.release(element)
        }
        element = following
      }
    }
  }

  private grow(): void {
    const before = this.capacity
    const capacity = Math.min(Math.max(before * 2, FIRST_CAPACITY), this.most)
    this.capacity = capacity
    const keys = new Uint32Array(capacity * this.keyWords)
    keys.set(this.keys)
    this.keys = keys
    const expires = new Float64Array(capacity)
    expires.set(this.expires)
    this.expires = expires
    const alive = new Uint8Array(capacity)
    alive.set(this.alive)
    this.alive = alive
    const free = new Int32Array(capacity)
    free.set(this.free.subarray(0, this.freeCount))
    this.free = free
    for (let element = capacity - 1; element >= before; element--) this.free[this.freeCount++] = element
    this.statements.reserve(capacity)
    let buckets = FIRST_CAPACITY
    while (buckets < capacity) buckets *= 2
    this.spread(buckets)
  }

  /** Puts all elements into `buckets` new chains, each key's in the order that they had. */
  private spread(buckets: number): void {
    const { heads: oldHeads, next: oldNext } = this
    const heads = new Int32Array(buckets).fill(-1)
    const tails = new Int32Array(buckets)
    const next = new Int32Array(this.capacity).fill(-1)
    for (let old = 0; old < oldHeads.length; old++) {
      for (let element = oldHeads[old]!; element >= 0; element = oldNext[element]!) {
        const bucket = this.hash(this.keys, element * this.keyWords) & (buckets - 1)
        if (heads[bucket]! < 0) heads[bucket] = element
        else next[tails[bucket]!] = element
        tails[bucket] = element
      }
    }
    this.heads = heads
    this.next = next
  }

  private hash(words: Uint32Array, at: number): number {
    let value = 0x9747b28c
    for (let word = 0; word < this.keyWords; word++) {
      value ^= Math.imul(words[at + word]!, 0xcc9e2d51)
      value = Math.imul((value << 13) | (value >>> 19), 5) + 0xe6546b64
    }
    value ^= value >>> 16
    value = Math.imul(value, 0x85ebca6b)
    return (value ^ (value >>> 13)) >>> 0
  }
}

function dataWordsOf({ data }: SetDeclaration): number {
  if (data === undefined || data === "verdict") return 0
  const types = typeof data === "string" ? [data] : data
  return types.reduce((sum, type) => sum + wordsOf(type), 0)
}
