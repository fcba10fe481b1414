/** How a fragment went into a datagram's queue. */
export const QUEUED = 0
/** All its bytes were there already: it is left out. */
export const DUPLICATE = 1
/** It contradicts what was there: the whole datagram is given up (RFC 5722; Linux does so for IPv4 too since 4.20). */
export const OVERLAP = 2

interface Piece {
  readonly offset: number
  readonly end: number
  readonly bytes: Uint8Array
}

/** A run of pieces that came in order, each behind the one before. */
interface Run {
  readonly offset: number
  end: number
}

/** RFC 3168 section 5.3: fragments that can bear congestion marks and fragments that cannot make no datagram. */
export function contradictsEcn(ecn: number): boolean {
  return (ecn & 1) !== 0 && ecn !== 1
}

/** Was one fragment of several marked, the whole is. */
export function isMarkedByOne(ecn: number): boolean {
  return (ecn & 8) !== 0 && ecn !== 8
}

/** One datagram that waits for its fragments. Runs and their rules are those of net/ipv4/inet_fragment.c. */
export class FragmentQueue {
  readonly key: string
  readonly since: number
  /** Bytes that it takes of the memory limit. */
  memory = 0
  /** Where the datagram ends, as far as is known. */
  length = 0
  lastIsIn = false
  /** What stands before the payload, of the fragment with offset 0; null until it came. */
  head: Uint8Array | null = null
  /** The largest fragment, and the largest that said "don't fragment". */
  mostBytes = 0
  mostBytesDontFragment = 0
  /** A bit for each ECN codepoint that a fragment had: 1 for not-ECT, 2 for ECT(1), 4 for ECT(0), 8 for CE. */
  ecn = 0
  private meat = 0
  private readonly pieces: Piece[] = []
  private readonly runs: Run[] = []

  constructor(key: string, since: number) {
    this.key = key
    this.since = since
  }

  /** Bytes from `offset` to `end` of the datagram. `bytes` may be shorter where the capture cut the fragment. */
  insert(offset: number, end: number, bytes: Uint8Array): number {
    const last = this.runs.at(-1)
    if (last === undefined || offset >= last.end) {
      if (last !== undefined && offset === last.end) last.end = end
      else this.runs.push({ offset, end })
    } else {
      let at = this.runs.length
      for (let index = 0; index < this.runs.length; index++) {
        const run = this.runs[index]!
        if (end <= run.offset) {
          at = index
          break
        }
        if (offset >= run.end) continue
        return offset >= run.offset && end <= run.end ? DUPLICATE : OVERLAP
      }
      this.runs.splice(at, 0, { offset, end })
    }
    this.meat += end - offset
    this.pieces.push({ offset, end, bytes })
    return QUEUED
  }

  get complete(): boolean {
    return this.head !== null && this.lastIsIn && this.meat === this.length
  }

  /** Writes the payload, and says how many bytes from its start are really there: a capture may have cut some. */
  write(into: Uint8Array, at: number): number {
    let whole = this.length
    for (const { offset, end, bytes } of this.pieces) {
      into.set(bytes, at + offset)
      if (bytes.length < end - offset) whole = Math.min(whole, offset + bytes.length)
    }
    return whole
  }
}
