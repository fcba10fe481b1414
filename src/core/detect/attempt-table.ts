import type { Address } from "../base/address.js"
import { type Flow, FROM_INSIDE, FROM_OUTSIDE } from "../event/flow.js"
import { TCP, UDP } from "../packet/packet.js"
import {
  BUCKETS,
  BYTES,
  CONNECTED,
  DIRECTION,
  DOUBLES,
  ESTABLISHED,
  EXPECTED,
  FILTER,
  FREE,
  FULL,
  HALF_OPEN,
  KIND,
  NEXT,
  PORTS,
  PROBE,
  REPEATS,
  ROOM,
  SEQUENCE,
  SIDE_SHIFT,
  STATE,
  TIME,
  TRIED,
  WAY,
  WORDS,
} from "./attempt-layout.js"
import { mixSigned } from "./mix.js"

/** Who and whom: of an event, or of a packet that is none yet. */
export type Ends = Omit<Flow, "time" | "direction" | "side" | "interface" | "family"> & {
  readonly family: number
}

/**
 * The latest 32,768 attempts by their ends, in a ring: oldest out, whatever comes. Both directions lie in one bucket. Who asks says first whose (`look`), then which way. Addresses are
 * kept as signed words: such numbers are compared without a conversion.
 */
export class AttemptTable {
  /** How many attempts there were; the latest one's place is below it, modulo the room. */
  begun = 0
  private readonly words = new Int32Array(ROOM * WORDS)
  private readonly bytes = new Uint8Array(this.words.buffer)
  private readonly times = new Float64Array(this.words.buffer)
  /** Seconds: when it began. */
  private readonly tried = new Float64Array(ROOM)
  private readonly interfaces: string[] = new Array<string>(ROOM).fill("")
  private readonly heads = new Int32Array(BUCKETS).fill(-1)
  private readonly filter = new Uint8Array(FILTER)
  private readonly connected = new Int32Array(CONNECTED)
  // Whom `look` was asked for.
  private hash = 0
  private source0 = 0
  private source1 = 0
  private source2 = 0
  private source3 = 0
  private destination0 = 0
  private destination1 = 0
  private destination2 = 0
  private destination3 = 0
  private ports = 0
  private portsBack = 0
  private kind = 0

  /** The place of the attempt that was the `number`th. */
  placeOf(number: number): number {
    return number % ROOM
  }

  /** The number of the oldest that is left. */
  get oldest(): number {
    return Math.max(0, this.begun - ROOM)
  }

  stateOf(slot: number): number {
    return this.bytes[slot * BYTES + STATE]!
  }

  probeOf(slot: number): number {
    return this.bytes[slot * BYTES + PROBE]!
  }

  isFromInside(slot: number): boolean {
    return this.bytes[slot * BYTES + WAY]! >> SIDE_SHIFT === FROM_INSIDE
  }

  protocolOf(slot: number): number {
    return this.words[slot * WORDS + KIND]! & 0xff
  }

  /** When it began, in seconds. */
  triedAt(slot: number): number {
    return this.tried[slot]!
  }

  /** When it was last tried. */
  lastAt(slot: number): number {
    return this.times[slot * DOUBLES + TIME]!
  }

  touch(slot: number, time: number): void {
    this.times[slot * DOUBLES + TIME] = time
  }

  repeatsOf(slot: number): number {
    return this.bytes[slot * BYTES + REPEATS]!
  }

  countRepeat(slot: number): void {
    this.bytes[slot * BYTES + REPEATS]! += 1
  }

  hasSequence(slot: number, sequence: number): boolean {
    return this.words[slot * WORDS + SEQUENCE] === (sequence | 0)
  }

  expect(slot: number, acknowledgement: number): void {
    this.words[slot * WORDS + EXPECTED] = acknowledgement | 0
  }

  isExpected(slot: number, acknowledgement: number): boolean {
    return this.words[slot * WORDS + EXPECTED] === (acknowledgement | 0)
  }

  look(flow: Ends): void {
    this.source0 = flow.source0 | 0
    this.destination0 = flow.destination0 | 0
    if (flow.family === 4) {
      this.source1 = 0
      this.source2 = 0
      this.source3 = 0
      this.destination1 = 0
      this.destination2 = 0
      this.destination3 = 0
    } else {
      this.source1 = flow.source1 | 0
      this.source2 = flow.source2 | 0
      this.source3 = flow.source3 | 0
      this.destination1 = flow.destination1 | 0
      this.destination2 = flow.destination2 | 0
      this.destination3 = flow.destination3 | 0
    }
    const { sourcePort, destinationPort } = flow
    this.ports = (sourcePort << 16) | destinationPort
    this.portsBack = (destinationPort << 16) | sourcePort
    this.kind = (flow.family << 8) | flow.protocol
    this.hash = hashOf(
      fold(this.source0, this.source1, this.source2, this.source3),
      fold(this.destination0, this.destination1, this.destination2, this.destination3),
      this.ports,
      this.portsBack,
      this.kind,
    )
  }

  /** Whether somebody waits for the end of a handshake, or the answer to a datagram, that a packet of the ends that were asked for may be. */
  get mayBeAwaited(): boolean {
    return this.filter[this.hash & (FILTER - 1)]! > 0
  }

  /** The same of these ends, without a look: asked of most packets, and mostly nobody waits. */
  mayAwait(flow: Ends): boolean {
    const { family, sourcePort, destinationPort } = flow
    const isFour = family === 4
    const hash = hashOf(
      isFour ? flow.source0 | 0 : fold(flow.source0, flow.source1, flow.source2, flow.source3),
      isFour
        ? flow.destination0 | 0
        : fold(flow.destination0, flow.destination1, flow.destination2, flow.destination3),
      (sourcePort << 16) | destinationPort,
      (destinationPort << 16) | sourcePort,
      (family << 8) | flow.protocol,
    )
    return this.filter[hash & (FILTER - 1)]! > 0
  }

  /** The latest attempt from whom to whom was asked; -1: none. */
  there(): number {
    const { words, ports, kind, source0, destination0 } = this
    for (let slot = this.heads[this.hash & (BUCKETS - 1)]!; slot >= 0; slot = words[slot * WORDS + NEXT]!) {
      const at = slot * WORDS
      if (
        words[at + PORTS] === ports &&
        words[at] === source0 &&
        words[at + 4] === destination0 &&
        words[at + KIND] === kind &&
        words[at + 3] === this.source3 &&
        words[at + 7] === this.destination3 &&
        words[at + 1] === this.source1 &&
        words[at + 2] === this.source2 &&
        words[at + 5] === this.destination1 &&
        words[at + 6] === this.destination2
      )
        return slot
    }
    return -1
  }

  /** The latest attempt in the other direction, which this answers; -1: none. */
  back(): number {
    const { words, portsBack, kind, source0, destination0 } = this
    for (let slot = this.heads[this.hash & (BUCKETS - 1)]!; slot >= 0; slot = words[slot * WORDS + NEXT]!) {
      const at = slot * WORDS
      if (
        words[at + PORTS] === portsBack &&
        words[at] === destination0 &&
        words[at + 4] === source0 &&
        words[at + KIND] === kind &&
        words[at + 3] === this.destination3 &&
        words[at + 7] === this.source3 &&
        words[at + 1] === this.destination1 &&
        words[at + 2] === this.destination2 &&
        words[at + 5] === this.source1 &&
        words[at + 6] === this.source2
      )
        return slot
    }
    return -1
  }

  /** Who will go with the next one: its place, or -1. */
  get leaving(): number {
    return this.begun >= ROOM ? this.begun % ROOM : -1
  }

  /** Begins an attempt of whom was asked; where all places are taken, the oldest goes. */
  insert(flow: Flow, sequence: number, probe: number): number {
    const slot = this.begun % ROOM
    if (this.begun >= ROOM) this.remove(slot)
    this.begun++
    const { words } = this
    const at = slot * WORDS
    words[at] = this.source0
    words[at + 1] = this.source1
    words[at + 2] = this.source2
    words[at + 3] = this.source3
    words[at + 4] = this.destination0
    words[at + 5] = this.destination1
    words[at + 6] = this.destination2
    words[at + 7] = this.destination3
    words[at + PORTS] = this.ports
    words[at + KIND] = this.kind
    words[at + SEQUENCE] = sequence | 0
    const { bytes } = this
    bytes[slot * BYTES + STATE] = TRIED
    bytes[slot * BYTES + PROBE] = probe
    bytes[slot * BYTES + REPEATS] = 0
    bytes[slot * BYTES + WAY] = flow.direction | (flow.side << SIDE_SHIFT)
    this.times[slot * DOUBLES + TIME] = flow.time
    this.tried[slot] = flow.time
    if (this.interfaces[slot] !== flow.interface) this.interfaces[slot] = flow.interface
    if (this.waits(slot, TRIED)) this.wait(this.hash, 1)
    const bucket = this.hash & (BUCKETS - 1)
    words[at + NEXT] = this.heads[bucket]!
    this.heads[bucket] = slot
    return slot
  }

  /** From its state into another. */
  enter(slot: number, state: number): void {
    const at = slot * BYTES + STATE
    const before = this.bytes[at]!
    if (before === state) return
    this.bytes[at] = state
    const change = (this.waits(slot, state) ? 1 : 0) - (this.waits(slot, before) ? 1 : 0)
    if (change !== 0) this.wait(this.hashAt(slot), change)
    if (state === ESTABLISHED) this.connect(slot, 1)
    else if (before === ESTABLISHED) this.connect(slot, -1)
  }

  /** Who tried whom, by which way. */
  describe(slot: number, into: Flow): void {
    const { words } = this
    const at = slot * WORDS
    const kind = words[at + KIND]!
    into.family = kind >>> 8 === 4 ? 4 : 6
    into.protocol = kind & 0xff
    into.source0 = words[at]! >>> 0
    into.source1 = words[at + 1]! >>> 0
    into.source2 = words[at + 2]! >>> 0
    into.source3 = words[at + 3]! >>> 0
    into.destination0 = words[at + 4]! >>> 0
    into.destination1 = words[at + 5]! >>> 0
    into.destination2 = words[at + 6]! >>> 0
    into.destination3 = words[at + 7]! >>> 0
    into.sourcePort = words[at + PORTS]! >>> 16
    into.destinationPort = words[at + PORTS]! & 0xffff
    into.direction = this.bytes[slot * BYTES + WAY]! & DIRECTION
    into.side = this.isFromInside(slot) ? FROM_INSIDE : FROM_OUTSIDE
    into.interface = this.interfaces[slot]!
  }

  /** Whether the address is an end of a TCP connection. Where an address like it has one, it looks through all: for decisions, not for packets. */
  hasEstablished({ family, words: [word0 = 0, word1 = 0, word2 = 0, word3 = 0] }: Address): boolean {
    const { words } = this
    const hash = mixSigned(word0, word1, word2, word3)
    if (this.connected[hash & (CONNECTED - 1)] === 0 || this.connected[(hash >>> 16) & (CONNECTED - 1)] === 0)
      return false
    const kind = (family << 8) | TCP
    for (let slot = 0; slot < ROOM; slot++) {
      if (this.stateOf(slot) !== ESTABLISHED || words[slot * WORDS + KIND] !== kind) continue
      for (const end of [slot * WORDS, slot * WORDS + 4])
        if (
          words[end] === (word0 | 0) &&
          words[end + 1] === (word1 | 0) &&
          words[end + 2] === (word2 | 0) &&
          words[end + 3] === (word3 | 0)
        )
          return true
    }
    return false
  }

  private wait(hash: number, change: number): void {
    const place = hash & (FILTER - 1)
    if (this.filter[place] !== FULL) this.filter[place]! += change
  }

  private connect(slot: number, change: number): void {
    const { words, connected } = this
    for (let at = slot * WORDS; at <= slot * WORDS + 4; at += 4) {
      const hash = mixSigned(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
      connected[hash & (CONNECTED - 1)]! += change
      connected[(hash >>> 16) & (CONNECTED - 1)]! += change
    }
  }

  private waits(slot: number, state: number): boolean {
    return state === HALF_OPEN || (state === TRIED && (this.words[slot * WORDS + KIND]! & 0xff) === UDP)
  }

  private remove(slot: number): void {
    this.enter(slot, FREE)
    const { words } = this
    const bucket = this.hashAt(slot) & (BUCKETS - 1)
    let at = this.heads[bucket]!
    if (at === slot) {
      this.heads[bucket] = words[slot * WORDS + NEXT]!
      return
    }
    while (at >= 0 && words[at * WORDS + NEXT] !== slot) at = words[at * WORDS + NEXT]!
    if (at >= 0) words[at * WORDS + NEXT] = words[slot * WORDS + NEXT]!
  }

  private hashAt(slot: number): number {
    const { words } = this
    const at = slot * WORDS
    const ports = words[at + PORTS]!
    return hashOf(
      fold(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!),
      fold(words[at + 4]!, words[at + 5]!, words[at + 6]!, words[at + 7]!),
      ports,
      (ports << 16) | (ports >>> 16),
      words[at + KIND]!,
    )
  }
}

function fold(word0: number, word1: number, word2: number, word3: number): number {
  return word0 ^ word1 ^ word2 ^ Math.imul(word3, 5)
}

/** The same for both directions. */
function hashOf(source: number, destination: number, ports: number, portsBack: number, kind: number): number {
  return mixSigned(
    source ^ destination,
    (source + destination) | 0,
    (ports + portsBack) | 0,
    kind ^ ports ^ portsBack,
  )
}
