import type { RunConnection } from "../../ruleset/runtime.js"

/**
 * A connection that was never confirmed and is gone from the table, while an answer to its packet still belongs to it: what rules may ask of it, as it was. What they write
 * on it is lost with it.
 */
export class DetachedConnection implements RunConnection {
  readonly family: number
  readonly protocol: number
  readonly tuples: Uint32Array
  readonly originalSourcePort: number
  readonly originalDestinationPort: number
  readonly replySourcePort: number
  readonly replyDestinationPort: number
  readonly status: number
  readonly id: number
  mark: number
  helper: string
  private readonly zones: readonly [number, number]
  private readonly labelWords: Uint32Array

  constructor(from: RunConnection) {
    this.family = from.family
    this.protocol = from.protocol
    this.tuples = from.tuples.slice()
    this.originalSourcePort = from.originalSourcePort
    this.originalDestinationPort = from.originalDestinationPort
    this.replySourcePort = from.replySourcePort
    this.replyDestinationPort = from.replyDestinationPort
    this.status = from.status
    this.id = from.id
    this.mark = from.mark
    this.helper = from.helper
    this.zones = [from.zone(0), from.zone(1)]
    this.labelWords = Uint32Array.from([0, 1, 2, 3], (word) => from.labels(word))
  }

  remaining(): number {
    return 0
  }

  packets(): number {
    return 0
  }

  bytes(): number {
    return 0
  }

  zone(direction: number): number {
    return this.zones[direction === 1 ? 1 : 0]
  }

  hasLabel(bit: number): boolean {
    return (this.labelWords[bit >>> 5]! & (1 << (bit & 31))) !== 0
  }

  setLabel(bit: number): void {
    this.labelWords[bit >>> 5]! |= 1 << (bit & 31)
  }

  labels(word: number): number {
    return this.labelWords[word]!
  }
}
