import { contains, normalise, type Prefix } from "../base/prefix.js"
import { type Block, type BlockedBy, isSingle, type Scope, sourceText } from "./block.js"
import { type RepeaterSettings, repeaterDefaults } from "./duration.js"

/** What is remembered of a source beyond its blocks. */
export interface Past {
  readonly source: Prefix
  readonly times: number
  /** When its last block ended, or will: seconds since 1970. */
  readonly end: number
  /** How it ended; absent: by its time. */
  readonly unblocked?: true
}

/** Something that changed: what a store writes down. All of a list happened together. */
export type Change =
  | { readonly change: "set"; readonly block: Block }
  | {
      readonly change: "end"
      readonly block: Block
      readonly at: number
      readonly how: "over" | "unblocked" | "regrouped"
    }
  | { readonly change: "past"; readonly past: Past }
  | { readonly change: "forget"; readonly source: Prefix }

export interface LedgerSettings {
  readonly repeaters: RepeaterSettings
  /** So many offenders of one IPv4 /24 become one prefix; 0: they never do. */
  readonly neighbours: number
}

export const ledgerDefaults: LedgerSettings = { repeaters: repeaterDefaults, neighbours: 8 }

/** What is to be blocked. */
export interface Wish {
  readonly source: Prefix
  readonly scope: Scope
  readonly by: BlockedBy
  readonly kind: string
  readonly why: string
  /** Infinity: for ever. */
  readonly seconds: number
}

const neighbourLength = 24
/** Seconds. What is to be forgotten after a week may wait a minute. */
const FORGET_EVERY = 60
const FORGET_FIRST = 0.5

/**
 * Who is kept out, why and until when, in memory; times are seconds since 1970, given by who calls. It changes nothing outside: each method returns what changed, for a
 * store and for the kernel. One block a source: a longer or a stronger one takes the place of what is there, a weaker one changes nothing.
 */
export class Ledger {
  settings: LedgerSettings
  /** Prefixes that must not be kept out as a whole, for somebody in them never is. */
  readonly isSpared: (prefix: Prefix) => boolean
  private readonly blocks = new Map<Name, Block>()
  private readonly knownPasts = new Map<Name, Past>()
  private storedPasts: (() => Iterable<Past>) | undefined
  /** No block ends before it: a hundred thousand of them are looked through when one is over, and not each second. */
  private soonest = Number.POSITIVE_INFINITY
  private forgetting: number | undefined

  constructor(
    settings: LedgerSettings = ledgerDefaults,
    isSpared: (prefix: Prefix) => boolean = () => false,
  ) {
    this.settings = settings
    this.isSpared = isSpared
  }

  /** Takes over what a store has. Pasts are asked for when one is needed: those who are blocked are more urgent. */
  load(blocks: Iterable<Block>, pasts: () => Iterable<Past>): void {
    for (const block of blocks) {
      this.blocks.set(nameOf(block.source), block)
      this.soonest = Math.min(this.soonest, block.until)
    }
    this.storedPasts = pasts
  }

  get size(): number {
    return this.blocks.size
  }

  all(): IterableIterator<Block> {
    return this.blocks.values()
  }

  find(source: Prefix): Block | undefined {
    return this.blocks.get(nameOf(source))
  }

  /** What keeps an address or prefix out, the narrowest first. */
  covering(inner: Prefix): readonly Block[] {
    const { address } = inner
    const found: Block[] = []
    for (let length = address.family === 4 ? 32 : 128; length >= 0; length--) {
      const block = this.find(normalise({ address, length }))
      if (block && contains(block.source, inner)) found.push(block)
    }
    return found
  }

  past(source: Prefix): Past | undefined {
    return this.pasts.get(nameOf(source))
  }

  /** How often the source was blocked before, the block that it has now included; 0 where that is too long ago. */
  timesBefore(source: Prefix, now: number): number {
    const past = this.past(source)
    if (past === undefined || now - past.end > this.settings.repeaters.forgetAfter) return 0
    return past.times
  }

  /** Empty: it is blocked already, as strongly and as long. */
  block(wish: Wish, now: number): readonly Change[] {
    const { source, scope, by, kind, why, seconds } = wish
    const before = this.find(source)
    const until = now + seconds
    if (before && isStronger(before.scope, scope)) return []
    if (before && before.scope === scope && before.until >= until && by !== "hand") return []
    const times = Math.max(1, this.timesBefore(source, now) + (before ? 0 : 1))
    const block: Block = {
      source,
      scope,
      by,
      kind,
      why,
      since: before?.since ?? now,
      until,
      times,
      droppedPackets: before?.droppedPackets ?? 0,
      droppedBytes: before?.droppedBytes ?? 0,
    }
    const past: Past = { source, times, end: until === Number.POSITIVE_INFINITY ? now : until }
    return [this.set(block), this.remember(past), ...this.regroup(source, now)]
  }

  /** Takes a source out, and with a prefix all that lie in it. Empty: none was listed. */
  unblock(source: Prefix, now: number): readonly Change[] {
    const isWide = !isSingle(source)
    const exact = this.find(source)
    const inner = isWide ? [...this.all()].filter((block) => contains(source, block.source)) : []
    const gone = isWide ? inner : exact ? [exact] : []
    const changes = gone.flatMap((block) => [
      this.end(block, now, "unblocked"),
      this.remember({ source: block.source, times: block.times, end: now, unblocked: true }),
    ])
    // One of a prefix that was made of many is let out by taking the prefix apart again.
    if (gone.length === 0 || !isWide) {
      for (const block of this.covering(source)) {
        if (block.kind !== "neighbours") continue
        changes.push(this.end(block, now, "regrouped"))
      }
    }
    return changes
  }

  unblockAll(now: number): readonly Change[] {
    return [...this.all()].flatMap((block) => [
      this.end(block, now, "unblocked"),
      this.remember({ source: block.source, times: block.times, end: now, unblocked: true }),
    ])
  }

  /** Takes note of those whose time is over. */
  expire(now: number): readonly Change[] {
    const changes = now < this.soonest ? [] : this.endThoseOver(now)
    // Not with the first look, which is at the start, where who is blocked comes first; soon after it, so that no finding has to wait for what is stored.
    this.forgetting ??= now + FORGET_FIRST
    if (now < this.forgetting) return changes
    this.forgetting = now + FORGET_EVERY
    for (const past of this.pasts.values()) {
      if (now - past.end <= this.settings.repeaters.forgetAfter || this.find(past.source)) continue
      this.pasts.delete(nameOf(past.source))
      changes.push({ change: "forget", source: past.source })
    }
    return changes
  }

  private endThoseOver(now: number): Change[] {
    const over: Block[] = []
    this.soonest = Number.POSITIVE_INFINITY
    for (const block of this.all()) {
      if (block.until <= now) over.push(block)
      else this.soonest = Math.min(this.soonest, block.until)
    }
    const changes: Change[] = over.map((block) => this.end(block, now, "over"))
    for (const { source } of over) changes.push(...this.ungroup(source, now))
    return changes
  }

  /** The clock was set: everything that is written in its time moves along. */
  shift(seconds: number): readonly Change[] {
    this.soonest += seconds
    this.forgetting = undefined
    return [
      ...[...this.all()].map((block) =>
        this.set({ ...block, since: block.since + seconds, until: block.until + seconds }),
      ),
      ...[...this.pasts.values()].map((past) => this.remember({ ...past, end: past.end + seconds })),
    ]
  }

  /** What an element had counted before it was made anew. */
  counted(block: Block, packets: number, bytes: number): readonly Change[] {
    return [this.set({ ...block, droppedPackets: packets, droppedBytes: bytes })]
  }

  /** Many offenders of one network become one prefix, as long as the longest of them. */
  private regroup(source: Prefix, now: number): readonly Change[] {
    if (!this.isCounted(this.find(source))) return []
    const network = normalise({ address: source.address, length: neighbourLength })
    const members = this.members(network)
    if (members.length < this.settings.neighbours || this.isSpared(network)) return []
    const there = this.find(network)
    if (there && there.kind !== "neighbours") return []
    const until = Math.max(...members.map((member) => member.until))
    if (there && there.until >= until) return []
    const kinds = [...new Set(members.map(({ kind }) => kind))].sort().join(", ")
    return [
      this.set({
        source: network,
        scope: "everything",
        by: "neighbours",
        kind: "neighbours",
        why: `${members.length} sources of this network are blocked (${kinds})`,
        since: there?.since ?? now,
        until,
        times: 1,
        droppedPackets: there?.droppedPackets ?? 0,
        droppedBytes: there?.droppedBytes ?? 0,
      }),
    ]
  }

  /** And back: when too few of them are left. */
  private ungroup(source: Prefix, now: number): readonly Change[] {
    const group = this.find(normalise({ address: source.address, length: neighbourLength }))
    if (group?.kind !== "neighbours" || this.members(group.source).length >= this.settings.neighbours)
      return []
    return [this.end(group, now, "regrouped")]
  }

  private members(network: Prefix): readonly Block[] {
    const [base = 0] = network.address.words
    const members: Block[] = []
    for (let host = 0; host < 256; host++) {
      const block = this.find({ address: { family: 4, words: [base + host] }, length: 32 })
      if (this.isCounted(block)) members.push(block)
    }
    return members
  }

  /** Only who proved to be what he claims, and was not blocked by hand: forged sources must not take their neighbours along. */
  private isCounted(block: Block | undefined): block is Block {
    return (
      block !== undefined &&
      this.settings.neighbours > 0 &&
      block.scope === "everything" &&
      (block.by === "detector" || block.by === "rule") &&
      block.source.address.family === 4 &&
      isSingle(block.source)
    )
  }

  private get pasts(): Map<Name, Past> {
    const stored = this.storedPasts
    this.storedPasts = undefined
    for (const past of stored?.() ?? []) this.knownPasts.set(nameOf(past.source), past)
    return this.knownPasts
  }

  private set(block: Block): Change {
    this.soonest = Math.min(this.soonest, block.until)
    this.blocks.set(nameOf(block.source), block)
    return { change: "set", block }
  }

  private end(block: Block, at: number, how: "over" | "unblocked" | "regrouped"): Change {
    this.blocks.delete(nameOf(block.source))
    return { change: "end", block, at, how }
  }

  private remember(past: Past): Change {
    this.pasts.set(nameOf(past.source), past)
    return { change: "past", past }
  }
}

/** What a source is known by here: hosts of IPv4, which are most of a hundred thousand, need no text. */
type Name = string | number

function nameOf(source: Prefix): Name {
  const { address, length } = source
  // As a small integer of V8's, which has no object of its own.
  return address.family === 4 && length === 32 ? address.words[0]! | 0 : sourceText(source)
}

function isStronger(there: Scope, wished: Scope): boolean {
  return there === "everything" && wished === "new-connections"
}
