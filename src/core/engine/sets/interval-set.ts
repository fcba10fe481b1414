import type { Packet } from "../../packet/packet.js"
import type { SetDeclaration } from "../../ruleset/ruleset.js"
import { BREAK, CONTINUE, type Run, type RuntimeSet, type Update } from "../../ruleset/runtime.js"
import { type TypeName, wordsOf } from "../../ruleset/type.js"
import type { MapData } from "./data.js"
import { compareWords, type FlatElement } from "./elements.js"
import type { ElementStatements } from "./statements.js"

/**
 * Prefixes and ranges. Rules cannot add to it. One-part keys are sorted and searched by halves; concatenated ones are gone through in
 * order. Overlaps are merged where that changes nothing: a map, or elements that end, keep theirs.
 */
export class IntervalSet implements RuntimeSet {
  readonly types: readonly TypeName[]
  readonly keyWords: number
  private readonly parts: readonly number[]
  private readonly statements: ElementStatements
  private readonly data: MapData
  private readonly program: number
  private readonly timeout: number
  private readonly isMap: boolean
  private elements: FlatElement[] = []
  private from = new Uint32Array(0)
  private to = new Uint32Array(0)
  private expires = new Float64Array(0)
  private overlaps = false
  private last = -1

  constructor(
    declaration: SetDeclaration,
    key: readonly TypeName[],
    statements: ElementStatements,
    data: MapData,
  ) {
    this.types = key
    this.parts = key.map(wordsOf)
    this.keyWords = this.parts.reduce((sum, words) => sum + words, 0)
    this.statements = statements
    this.program = statements.compile(declaration.statements)
    this.data = data
    this.timeout = declaration.timeout ?? Infinity
    this.isMap = declaration.data !== undefined
  }

  get size(): number {
    return this.expires.length
  }

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

  /** The kernel refuses to load a rule that adds to an interval set; here such a rule does not match. */
  updater(): Update {
    return () => BREAK
  }

  /** Called when the set, which has no element, gets some; null: nobody cares. */
  onFilled: (() => void) | null = null

  /** Puts all elements in, at once: they are sorted. */
  fill(elements: readonly FlatElement[], now: number): void {
    if (this.size === 0 && elements.length > 0 && this.onFilled !== null) this.onFilled()
    // One by one: a block list may have more elements than a call takes arguments.
    for (const element of elements) this.elements.push(element)
    this.build(now)
  }

  /** These instead of what was there. */
  replace(elements: readonly FlatElement[], now: number): void {
    this.elements = []
    this.fill(elements, now)
  }

  private build(now: number): void {
    const { keyWords } = this
    let sorted = this.elements
    if (this.parts.length === 1) {
      sorted = [...this.elements].sort((left, right) => compareWords(left.from, 0, right.from, 0, keyWords))
      if (!this.isMap) sorted = this.merge(sorted)
    }
    this.from = new Uint32Array(sorted.length * keyWords)
    this.to = new Uint32Array(sorted.length * keyWords)
    this.expires = new Float64Array(sorted.length)
    this.statements.reserve(sorted.length)
    this.overlaps = this.parts.length > 1
    sorted.forEach(({ from, to, element }, index) => {
      this.from.set(from, index * keyWords)
      this.to.set(to, index * keyWords)
      this.expires[index] = now + (element.timeout ?? this.timeout)
      this.data.put(index, element.data)
      this.statements.begin(index, this.program)
      if (index > 0 && compareWords(from, 0, this.to, (index - 1) * keyWords, keyWords) <= 0)
        this.overlaps = true
    })
  }

  private merge(sorted: readonly FlatElement[]): FlatElement[] {
    const merged: FlatElement[] = []
    for (const each of sorted) {
      const before = merged.at(-1)
      if (
        before !== undefined &&
        before.element.timeout === each.element.timeout &&
        compareWords(each.from, 0, before.to, 0, this.keyWords) <= 0
      ) {
        if (compareWords(each.to, 0, before.to, 0, this.keyWords) > 0)
          merged[merged.length - 1] = { ...before, to: each.to }
      } else merged.push(each)
    }
    return merged
  }

  private find(words: Uint32Array, at: number, now: number): number {
    if (this.overlaps) return this.scan(words, at, now)
    const { from, to, keyWords } = this
    let low = 0
    let high = this.expires.length - 1
    if (keyWords === 1) {
      const key = words[at]!
      while (low <= high) {
        const middle = (low + high) >> 1
        if (from[middle]! > key) high = middle - 1
        else if (to[middle]! < key) low = middle + 1
        else return this.expires[middle]! > now ? middle : -1
      }
      return -1
    }
    while (low <= high) {
      const middle = (low + high) >> 1
      if (compareWords(from, middle * keyWords, words, at, keyWords) > 0) high = middle - 1
      else if (compareWords(to, middle * keyWords, words, at, keyWords) < 0) low = middle + 1
      else return this.expires[middle]! > now ? middle : -1
    }
    return -1
  }

  private scan(words: Uint32Array, at: number, now: number): number {
    for (let element = 0; element < this.expires.length; element++)
      if (this.expires[element]! > now && this.inside(element, words, at)) return element
    return -1
  }

  private inside(element: number, words: Uint32Array, at: number): boolean {
    let word = 0
    for (let part = 0; part < this.parts.length; part++) {
      const count = this.parts[part]!
      const here = element * this.keyWords + word
      if (compareWords(words, at + word, this.from, here, count) < 0) return false
      if (compareWords(words, at + word, this.to, here, count) > 0) return false
      word += count
    }
    return true
  }
}
