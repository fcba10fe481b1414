import type { ByteRoom } from "./room.js"

/** How a fragment went into a datagram's queue. */
export const QUEUED = 0
/** All its bytes were there already: it is left out. */
export const DUPLICATE = 1
/** It contradicts what was there: the whole datagram is given up (RFC 5722; Linux does so for IPv4 too since 4.20). */
export const OVERLAP = 2

/** Words of what fragments of one datagram have in common: source (4), destination (4), identification, protocol. */
export const KEY_WORDS = 10

/** Room for so many pieces is kept for the next datagram. */
const MOST_KEPT = 64

/** RFC 3168 section 5.3: fragments that can bear congestion marks and fragments that cannot make no datagram. */
export function contradictsEcn(ecn: number): boolean {
  return (ecn & 1) !== 0 && ecn !== 1
}

/** Was one fragment of several marked, the whole is. */
export function isMarkedByOne(ecn: number): boolean {
  return (ecn & 8) !== 0 && ecn !== 8
}

/**
 * One datagram that waits for its fragments. Runs and their rules are those of net/ipv4/inet_fragment.c. The object serves one datagram after the other;
 * its arrays keep their length, and `pieces` and `runs` say how much of them counts.
 */
export class FragmentQueue {
  readonly key = new Int32Array(KEY_WORDS)
  hash = 0
  since = 0
  /** The next of the same hash, and the neighbours in age. */
  chained: FragmentQueue | null = null
  older: FragmentQueue | null = null
  newer: FragmentQueue | null = null
  /** Bytes that it takes of the memory limit. */
  memory = 0
  /** Where the datagram ends, as far as is known. */
  length = 0
  lastIsIn = false
  /** The largest fragment, and the largest that said "don't fragment". */
  mostBytes = 0
  mostBytesDontFragment = 0
  /** A bit for each ECN codepoint that a fragment had: 1 for not-ECT, 2 for ECT(1), 4 for ECT(0), 8 for CE. */
  ecn = 0
  /** Bytes of what stands before the payload, of the fragment with offset 0; 0 until it came. */
  headLength = 0
  private readonly room: ByteRoom
  private head: Uint8Array | null = null
  private meat = 0
  /** Each piece's place in the datagram, and how many of its bytes are really there: a capture may have cut some. */
  private pieces = 0
  private readonly offsets: number[] = []
  private readonly ends: number[] = []
  private readonly lengths: number[] = []
  private readonly bytes: Uint8Array[] = []
  /** Runs of pieces that came in order, each behind the one before: where they start and end, by place. */
  private runs = 0
  private readonly runStarts: number[] = []
  private readonly runEnds: number[] = []

  constructor(room: ByteRoom) {
    this.room = room
  }

  begin(key: Int32Array, hash: number, since: number): void {
    this.key.set(key)
    this.hash = hash
    this.since = since
    this.memory = 0
    this.length = 0
    this.lastIsIn = false
    this.mostBytes = 0
    this.mostBytesDontFragment = 0
    this.ecn = 0
    this.meat = 0
  }

  /** Gives its bytes back. */
  end(): void {
    for (let piece = 0; piece < this.pieces; piece++) this.room.give(this.bytes[piece]!)
    this.bytes.length = 0
    if (this.pieces > MOST_KEPT)
      for (const places of [this.offsets, this.ends, this.lengths, this.runStarts, this.runEnds])
        places.length = 0
    this.pieces = 0
    this.runs = 0
    if (this.head !== null) this.room.give(this.head)
    this.head = null
    this.headLength = 0
  }

  /** Bytes from `offset` to `end` of the datagram: `length` of them are there, and stand in `view` from `at` on. */
  insert(offset: number, end: number, view: DataView, at: number, length: number): number {
    const { runStarts, runEnds } = this
    const last = this.runs - 1
    if (last < 0 || offset > runEnds[last]!) this.insertRun(this.runs, offset, end)
    else if (offset === runEnds[last]) runEnds[last] = end
    else {
      let place = this.runs
      for (let run = 0; run < this.runs; run++) {
        if (end <= runStarts[run]!) {
          place = run
          break
        }
        if (offset >= runEnds[run]!) continue
        return offset >= runStarts[run]! && end <= runEnds[run]! ? DUPLICATE : OVERLAP
      }
      this.insertRun(place, offset, end)
    }
    this.meat += end - offset
    const piece = this.pieces++
    this.offsets[piece] = offset
    this.ends[piece] = end
    this.lengths[piece] = length
    this.bytes.push(this.copy(view, at, length))
    return QUEUED
  }

  /** What stands before the payload: `length` bytes of `view` from `at` on. */
  setHead(view: DataView, at: number, length: number): Uint8Array {
    if (this.head !== null) this.room.give(this.head)
    this.head = this.copy(view, at, length)
    this.headLength = length
    return this.head
  }

  get complete(): boolean {
    return this.head !== null && this.lastIsIn && this.meat === this.length
  }

  /** Writes head and payload, and says how many bytes of the payload from its start on are really there. */
  write(into: Uint8Array): number {
    into.set(this.head!.subarray(0, this.headLength))
    let whole = this.length
    for (let piece = 0; piece < this.pieces; piece++) {
      const offset = this.offsets[piece]!
      const length = this.lengths[piece]!
      into.set(this.bytes[piece]!.subarray(0, length), this.headLength + offset)
      if (length < this.ends[piece]! - offset) whole = Math.min(whole, offset + length)
    }
    return whole
  }

  private insertRun(place: number, start: number, end: number): void {
    const { runStarts, runEnds } = this
    for (let run = this.runs; run > place; run--) {
      runStarts[run] = runStarts[run - 1]!
      runEnds[run] = runEnds[run - 1]!
    }
    runStarts[place] = start
    runEnds[place] = end
    this.runs++
  }

  private copy(view: DataView, at: number, length: number): Uint8Array {
    const bytes = this.room.take(length)
    bytes.set(new Uint8Array(view.buffer, view.byteOffset + at, length))
    return bytes
  }
}
