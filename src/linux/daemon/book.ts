import { type Address, printAddress } from "../../core/base/address.js"
import { hostPrefix, type Prefix } from "../../core/base/prefix.js"
import { keyOf } from "../../core/block/agreement.js"
import { type Block, sourceOf, sourceText } from "../../core/block/block.js"
import { type ClockReading, clockShift } from "../../core/block/clock.js"
import { type Decision, decide, type Surroundings } from "../../core/block/decide.js"
import { type Change, Ledger, type LedgerSettings, type Wish } from "../../core/block/ledger.js"
import type { Finding } from "../../core/event/finding.js"
import { adoptionOf, type ListedBy } from "./adoption.js"
import { blockedLine, changeEvent, findingEvent, time } from "./book-lines.js"
import { KernelAgreement } from "./kernel-agreement.js"
import type { CountedBlock, KernelBlocks } from "./kernel-blocks.js"
import { LedgerWriter } from "./ledger-writer.js"
import type {
  BlockedLine,
  ChangeLine,
  EventFilter,
  EventLine,
  KnownLine,
  WouldBeBlocked,
} from "./protocol.js"
import { eventsAsked, type Store } from "./store.js"
import { WouldBeList } from "./would-be.js"

export interface BookParts {
  readonly store: Store
  /** Undefined: there is no table of ours, so that nothing can be kept out. */
  readonly kernel: KernelBlocks | undefined
  readonly clock: () => ClockReading
  readonly settings: LedgerSettings
  /** A sentence why an address, or somebody in a prefix, is never blocked. */
  readonly neverBlocked: (source: Prefix) => string | undefined
  /** Which protection's rule may have listed a source by itself. */
  readonly listedBy?: ListedBy
  /** Something that whoever looks after this host should know. */
  readonly notice: (text: string) => void
  /** Everything that is written down, as it happens. */
  readonly told?: (line: EventLine) => void
}

/** Seconds by which a finding may be older than its handling, on a busy machine. */
const CLOCKS_APART = 60

/** Seconds without a change after which the store may be tidied: a finding would wait for it. */
const QUIET = 2

/**
 * The ledger, its store and the kernel's sets, kept in agreement. What is decided is written into the store's log first, which survives this process, then done in the kernel, then told; the disk
 * keeps the log right afterwards, and before the kernel where somebody commanded it. So a process that is killed in between leaves a block that the next start puts into the kernel, or an element that the
 * ledger knows to be let out; none is lost, and none invented. Where the disk is full the kernel is told all the same, and the disk again later.
 */
export class Book {
  readonly #parts: BookParts
  readonly #ledger: Ledger
  readonly #would = new WouldBeList()
  readonly #writer: LedgerWriter
  readonly #kernel: KernelAgreement
  #clock: ClockReading
  /** When something changed last. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(parts: BookParts) {
    this.#parts = parts
    this.#ledger = new Ledger(parts.settings, (prefix) => parts.neverBlocked(prefix) !== undefined)
    this.#ledger.load(parts.store.blocks, () => parts.store.pasts)
    this.#writer = new LedgerWriter(parts.store, parts.notice)
    this.#kernel = new KernelAgreement(parts.kernel, () => this.#ledger.all(), parts.notice)
    this.#clock = parts.clock()
    const shift = clockShift(parts.store.clock, this.#clock)
    if (shift !== 0) this.#moved(shift)
  }

  get size(): number {
    return this.#ledger.size
  }

  /** What nobody has to be told twice: whether the ledger is on the disk. */
  get isOnDisk(): boolean {
    return this.#writer.isOnDisk
  }

  /** The policy was read anew. */
  set settings(settings: LedgerSettings) {
    this.#ledger.settings = settings
  }

  /**
   * Makes ledger and kernel agree: what the ledger has and the kernel lost is put there again, with the time that is left; what rules have listed meanwhile is
   * taken into the ledger; what was let out, and is still there because a process was killed at the wrong moment, goes. How many were put there.
   */
  agree(): number {
    const now = this.#now()
    this.#apply(this.#ledger.expire(now), [], now)
    const known = this.#kernel.knownHosts()
    const listed = this.#kernel.list(known ? "networks" : "all")
    if (listed === undefined) return 0
    this.#adopt(listed, now)
    return this.#kernel.agree(listed, now, this.#parts.clock().monotonic - this.#clock.monotonic, known)
  }

  /** Takes note of what rules have listed by themselves: every few seconds, for nobody tells of it. */
  adopt(): void {
    if (!this.#kernel.mayHaveMore()) return
    const listed = this.#kernel.list("hosts")
    if (listed) this.#adopt(listed, this.#now())
  }

  /** Asks of each finding what is to be done about it, and does it. */
  finding(
    finding: Finding,
    surroundings: Omit<Surroundings, "timesBefore" | "neverBlocked" | "repeaters">,
  ): EventLine {
    const now = this.#now()
    const decisions = decide(
      finding,
      {
        ...surroundings,
        neverBlocked: this.#parts.neverBlocked,
        timesBefore: (source, at) => this.#ledger.timesBefore(source, at),
        repeaters: this.#ledger.settings.repeaters,
      },
      now,
    )
    const changes: Change[] = []
    for (const decision of decisions) {
      if (decision.verdict === "block") changes.push(...this.#ledger.block(wishOf(finding, decision), now))
      else if (decision.wouldBlock) this.#would.add(finding, decision.source)
    }
    // Detectors' time is the clock's as it was when they began; where that was set since, the clock's of now.
    const isElsewhen = Math.abs(finding.at - now) > CLOCKS_APART
    const line = { ...findingEvent(finding, decisions), ...(isElsewhen && { time: time(now) ?? "" }) }
    if (changes.length > 0) this.#apply(changes, [line], now)
    else this.#later([line])
    return line
  }

  /** By hand. Hosts that are never blocked are refused. However many they are, they are written, and kept by the disk, as one. */
  block(hosts: readonly Prefix[], seconds: number, why: string): readonly ChangeLine[] {
    const now = this.#now()
    const until = time(now + seconds)
    const counted = new Map<unknown, CountedBlock>()
    if (hosts.some((host) => this.#ledger.find(placed(host))))
      for (const element of this.#kernel.list() ?? []) counted.set(keyOf(element), element)
    const changes = new Map<string, readonly Change[]>()
    const lines = hosts.map((host): ChangeLine => {
      const source = placed(host)
      const text = sourceText(source)
      const never = this.#parts.neverBlocked(source)
      if (never !== undefined) return { source: text, result: "refused", why: never }
      const before = this.#ledger.find(source)
      const element = before && counted.get(keyOf(before))
      if (before && element) this.#noteCounted(before, element)
      const wish: Wish = { source, scope: "everything", by: "hand", kind: "by-hand", why, seconds }
      changes.set(text, this.#ledger.block(wish, now))
      return { source: text, result: before ? "longer" : "blocked", until }
    })
    this.#apply([...changes.values()].flat(), [], now, "synced")
    return lines
  }

  /** As one, too. */
  unblock(hosts: readonly Prefix[] | "all"): readonly ChangeLine[] {
    const now = this.#now()
    // What rules have listed since is let out as well.
    this.agree()
    if (hosts === "all") return this.#letOut(this.#ledger.unblockAll(now), now)
    const changes: Change[] = []
    const lines = hosts.flatMap((host): readonly ChangeLine[] => {
      const source = placed(host)
      const gone = this.#ledger.unblock(source, now)
      changes.push(...gone)
      if (gone.length > 0) return unblockedLines(gone)
      const [wide] = this.#ledger.covering(source)
      const why = wide && `it is kept out by ${sourceText(wide.source)}: unblock that`
      return [{ source: sourceText(source), result: "not-listed", ...(why !== undefined && { why }) }]
    })
    this.#letOut(changes, now)
    return lines
  }

  /** The latest first. */
  blocked(): readonly BlockedLine[] {
    this.agree()
    const counted = new Map((this.#kernel.list() ?? []).map((element) => [keyOf(element), element]))
    return [...this.#ledger.all()]
      .sort((one, other) => other.since - one.since)
      .map((block) => blockedLine(block, counted.get(keyOf(block))))
  }

  /** The latest first; what a full disk has not taken yet is among them. */
  events(filter: EventFilter): readonly EventLine[] {
    this.flush()
    const waiting = this.#writer.waiting.filter(eventsAsked(filter)).reverse()
    return [...waiting, ...this.#parts.store.events(filter)].slice(0, filter.last)
  }

  known(address: Address): KnownLine {
    const text = sourceText(sourceOf(address))
    const blocked = this.blocked()
    const covering = new Set(
      this.#ledger.covering(hostPrefix(address)).map((block) => sourceText(block.source)),
    )
    const events = this.events({ source: text, last: 100 })
    const never = this.#parts.neverBlocked(hostPrefix(address))
    return {
      address: printAddress(address),
      blocks: blocked.filter((line) => covering.has(line.source)),
      earlier: events.filter(({ kind }) => kind === "block" || kind === "unblock"),
      events: events.filter(({ kind }) => kind !== "block" && kind !== "unblock"),
      ...(never !== undefined && { neverBlocked: never }),
    }
  }

  get wouldBeBlocked(): readonly WouldBeBlocked[] {
    return this.#would.all
  }

  /** Lets out whom detectors and rules have listed under names whose action is `notify` now. How many there were. */
  clearNotified(isNotify: (kind: string) => boolean): number {
    const now = this.#now()
    const gone = [...this.#ledger.all()].filter(({ by, kind }) => by !== "hand" && isNotify(kind))
    this.#letOut(
      gone.flatMap(({ source }) => this.#ledger.unblock(source, now)),
      now,
    )
    return gone.length
  }

  /** What happened to the guard and the rules themselves. */
  note(text: string): void {
    this.#later([{ time: time(this.#now()) ?? "", kind: "notice", text }])
  }

  /** Each second: blocks that are over, what could not be written before. */
  tick(): void {
    const now = this.#now()
    this.#apply(this.#ledger.expire(now), [], now)
    this.flush()
    this.#parts.store.tidy(now - this.#latest > QUIET)
  }

  /** Writes down what waits. */
  flush(): void {
    this.#writer.flush(this.#clock, this.#ledger.size)
  }

  close(): void {
    this.flush()
    this.#parts.store.close()
  }

  /** Whoever looks at the clock first sees that it was set: a moment later blocks would be over that are not. */
  #now(): number {
    const before = this.#clock
    this.#clock = this.#parts.clock()
    const shift = clockShift(before, this.#clock)
    if (shift !== 0) this.#moved(shift)
    return this.#clock.wall
  }

  #moved(seconds: number): void {
    this.#writer.write(this.#ledger.shift(seconds), [], this.#clock, this.#ledger.size)
    this.#parts.notice(
      `the clock was set ${seconds > 0 ? "forward" : "back"} by ${Math.round(Math.abs(seconds))} s: blocks last as long as they did`,
    )
  }

  #letOut(changes: readonly Change[], now: number): readonly ChangeLine[] {
    this.#apply(changes, [], now, "synced")
    return unblockedLines(changes)
  }

  /** Into the store's log, then into the kernel, then told. */
  #apply(
    changes: readonly Change[],
    events: readonly EventLine[],
    now: number,
    how: "synced" | "soon" = "soon",
  ): void {
    if (changes.length === 0 && events.length === 0) return
    this.#latest = now
    const told = changes.flatMap((change) =>
      change.change === "set" || change.change === "end" ? [changeEvent(change, now)] : [],
    )
    const all = [...events, ...told]
    this.#writer.write(changes, all, this.#clock, this.#ledger.size, how === "synced")
    this.#kernel.apply(changes, now)
    this.#tell(all)
  }

  /** What rules have listed by themselves is taken into the ledger. */
  #adopt(listed: readonly CountedBlock[], now: number): void {
    const { neverBlocked, listedBy = () => undefined, notice } = this.#parts
    const changes: Change[] = []
    for (const element of listed) {
      const adoption = adoptionOf(element, this.#ledger, neverBlocked, listedBy, now)
      if (adoption === "known") continue
      if ("letOut" in adoption) {
        this.#kernel.remove([element])
        notice(adoption.letOut)
      } else changes.push(...this.#ledger.block(adoption, now))
    }
    if (changes.length === 0) return
    const events = changes.flatMap((change) => (change.change === "set" ? [changeEvent(change, now)] : []))
    this.#writer.write(changes, events, this.#clock, this.#ledger.size)
    this.#tell(events)
  }

  /** What its element has counted goes with the block that is written next, for the element is made anew. */
  #noteCounted(block: Block, { packets, bytes }: CountedBlock): void {
    this.#ledger.counted(block, block.droppedPackets + packets, block.droppedBytes + bytes)
  }

  #later(events: readonly EventLine[]): void {
    this.#tell(events)
    this.#writer.later(events)
  }

  #tell(events: readonly EventLine[]): void {
    for (const event of events) this.#parts.told?.(event)
  }
}

function unblockedLines(changes: readonly Change[]): readonly ChangeLine[] {
  return changes.flatMap((change) =>
    change.change === "end"
      ? [{ source: sourceText(change.block.source), result: "unblocked" as const }]
      : [],
  )
}

function wishOf(finding: Finding, decision: Extract<Decision, { verdict: "block" }>): Wish {
  const { source, scope, seconds, reason } = decision
  return {
    source,
    scope,
    by: "detector",
    kind: finding.detector,
    why: `${finding.sentence} (${reason})`,
    seconds,
  }
}

/** An IPv6 host is its /64. */
function placed(source: Prefix): Prefix {
  return source.address.family === 6 && source.length > 64 ? sourceOf(source.address) : source
}
