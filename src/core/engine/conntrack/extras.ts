import type { ConnectionTable } from "./table.js"

/** Labels are 128 bits. */
const LABEL_WORDS = 4
/** Packets and bytes of each direction. */
const COUNTS = 4
const FIRST_CAPACITY = 256

/**
 * What only some rulesets ask of a connection: how much went through it, its labels, its helper. Kept beside the table, and made when first asked
 * for. An entry's part counts only while it is of the same generation, so that giving an entry up costs nothing here.
 */
export class Extras {
  /** A rule asks for packets or bytes (nf_conntrack_acct). */
  accounts = false
  private readonly table: ConnectionTable
  private readonly counted = new Sized(COUNTS)
  private readonly labelled = new Sized(LABEL_WORDS)
  private readonly helped = new Sized(1)
  private readonly helpers = [""]
  private readonly proxied = new Sized(1)

  constructor(table: ConnectionTable) {
    this.table = table
  }

  /** A packet of `length` bytes from its IP header on. */
  count(entry: number, direction: number, length: number): void {
    const at = this.counted.at(entry, this.table.generationOf(entry))
    const { numbers } = this.counted
    numbers[at + direction]! += 1
    numbers[at + 2 + direction]! += length
  }

  /** Direction 2: both. */
  packets(entry: number, direction: number): number {
    return this.sum(entry, 0, direction)
  }

  bytes(entry: number, direction: number): number {
    return this.sum(entry, 2, direction)
  }

  labels(entry: number, word: number): number {
    const at = this.labelled.known(entry, this.table.generationOf(entry))
    return at < 0 ? 0 : this.labelled.numbers[at + word]!
  }

  setLabel(entry: number, bit: number): void {
    const at = this.labelled.at(entry, this.table.generationOf(entry)) + (bit >>> 5)
    const { numbers } = this.labelled
    numbers[at] = (numbers[at]! | (1 << (bit & 31))) >>> 0
  }

  helper(entry: number): string {
    const at = this.helped.known(entry, this.table.generationOf(entry))
    return at < 0 ? "" : this.helpers[this.helped.numbers[at]!]!
  }

  setHelper(entry: number, name: string): void {
    let index = this.helpers.indexOf(name)
    if (index < 0) index = this.helpers.push(name) - 1
    this.helped.numbers[this.helped.at(entry, this.table.generationOf(entry))] = index
  }

  setProxied(entry: number): void {
    this.proxied.at(entry, this.table.generationOf(entry))
  }

  isProxied(entry: number): boolean {
    return this.proxied.known(entry, this.table.generationOf(entry)) >= 0
  }

  private sum(entry: number, from: number, direction: number): number {
    const at = this.counted.known(entry, this.table.generationOf(entry))
    if (at < 0) return 0
    const { numbers } = this.counted
    return direction < 2 ? numbers[at + from + direction]! : numbers[at + from]! + numbers[at + from + 1]!
  }
}

/** Some numbers for each entry of a generation. */
class Sized {
  numbers = new Float64Array(0)
  private generations = new Float64Array(0)
  private readonly width: number

  constructor(width: number) {
    this.width = width
  }

  /** Where an entry's numbers begin; zero for a new generation. */
  at(entry: number, generation: number): number {
    if (entry >= this.generations.length) this.grow(entry + 1)
    const at = entry * this.width
    if (this.generations[entry] !== generation) {
      this.generations[entry] = generation
      this.numbers.fill(0, at, at + this.width)
    }
    return at
  }

  /** The same, or -1: there are none. */
  known(entry: number, generation: number): number {
    return this.generations[entry] === generation ? entry * this.width : -1
  }

  private grow(least: number): void {
    let size = Math.max(FIRST_CAPACITY, this.generations.length)
    while (size < least) size *= 2
    const numbers = new Float64Array(size * this.width)
    numbers.set(this.numbers)
    this.numbers = numbers
    const generations = new Float64Array(size).fill(-1)
    generations.set(this.generations)
    this.generations = generations
  }
}
