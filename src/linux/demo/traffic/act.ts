import { buildPacket } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"

/** Who sends a frame. What the firewall itself answers stands in samples only: in the laboratory its kernel answers. */
export type Side = "outside" | "inside" | "firewall"

export interface ActFrame {
  readonly side: Side
  /** Nanoseconds since the act began. */
  readonly at: number
  readonly bytes: Uint8Array
  /** Sets the stage for an attack (a connection of others that it aims at): honest, and not counted with the act. */
  readonly prelude: boolean
}

/** What a protection shall do about the frames of an act that come from outside. */
export type Expectation =
  /** Honest traffic: every frame is let through. */
  | { readonly verdict: "passes" }
  /** Every frame is dropped, but for the first `after`, by which the protection knows its source. */
  | { readonly verdict: "dropped"; readonly after?: number }
  /** So many pass, and about so many more each second. */
  | { readonly verdict: "limited"; readonly burst: number; readonly perSecond: number }
  /** Let through; the protection `by` only counts and tells. */
  | { readonly verdict: "told"; readonly by: string }

/** One kind of traffic in one family: a row of the table, together with the act of the same kind in the other family. */
export interface Act {
  readonly kind: string
  readonly purpose: "honest" | "attack"
  readonly family: 4 | 6
  readonly expectation: Expectation
  readonly frames: readonly ActFrame[]
}

/** The addresses that traffic is made of, for one family. */
export interface World {
  readonly family: 4 | 6
  /** The firewall, as the outside sees it. */
  readonly here: string
  /** A host behind the firewall. */
  readonly inside: string
  /** Some honest host outside; each number another one. */
  outside(number: number): string
  /** Some source that attacks, and that nobody honest uses; each number another one, in IPv6 in a /64 of its own. */
  attacker(number: number): string
}

export const worlds: readonly World[] = [
  {
    family: 4,
    here: "192.0.2.1",
    inside: "198.51.100.80",
    outside: (number) => `203.0.113.${1 + (number % 250)}`,
    // 198.18.0.0/15 is for benchmarks (RFC 2544): no host of the world is accused.
    attacker: (number) => `198.${18 + ((number >> 16) & 1)}.${(number >> 8) & 255}.${number & 255}`,
  },
  {
    family: 6,
    here: "2001:db8:1::1",
    inside: "2001:db8:2::80",
    // A site each, with a /48 of its own: newcomers of one /48 share a ceiling.
    outside: (number) => `2001:db8:${(0x1000 + (number % 0x1000)).toString(16)}::1`,
    attacker: (number) =>
      `2001:db8:${(0x8000 | (number & 0x7fff)).toString(16)}:${(1 + (number >> 15)).toString(16)}::1`,
  },
]

/** Nanoseconds between two packets of an act that says nothing of time. */
const WIRE = 5000

/** Collects the frames of an act, and gives each packet a number of its own, so that it can be told from all others wherever it is seen. */
export class ActWriter {
  readonly #frames: ActFrame[] = []
  #at = 0
  #prelude = false
  readonly #numbers: Numbers

  constructor(numbers: Numbers) {
    this.#numbers = numbers
  }

  get frames(): readonly ActFrame[] {
    return this.#frames
  }

  /** Nanoseconds since the act began. */
  get now(): number {
    return this.#at
  }

  /** Time passes. */
  wait(nanoseconds: number): this {
    this.#at += nanoseconds
    return this
  }

  /** What `write` writes happens beside what is written afterwards: time goes back to where it was. Captures are sorted. */
  meanwhile(write: () => void): this {
    const now = this.#at
    write()
    this.#at = now
    return this
  }

  /** A packet; identification and flow label are given where the description has none. */
  packet(side: Side, description: PacketDescription): this {
    this.#at += WIRE
    return this.bytes(side, buildPacket(this.numbered(description)))
  }

  numbered(description: PacketDescription): PacketDescription {
    const number = this.#numbers.next()
    return { identification: 1 + (number % 65535), flowLabel: 1 + (number % 0xfffff), ...description }
  }

  bytes(side: Side, bytes: Uint8Array): this {
    this.#frames.push({ side, at: this.#at, bytes, prelude: this.#prelude })
    return this
  }

  /** What `write` writes sets the stage. */
  prelude(write: () => void): this {
    this.#prelude = true
    write()
    this.#prelude = false
    return this
  }
}

/** Counts all packets of a run. Together with their sources the numbers tell a million packets apart. */
export class Numbers {
  #last = 0

  next(): number {
    return this.#last++
  }
}
