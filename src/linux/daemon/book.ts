import { type Address, printAddress } from "../../core/base/address.js"
import { hostPrefix, type Prefix } from "../../core/base/prefix.js"
import { deltaOf, keyOf, wantedInKernel } from "../../core/block/agreement.js"
import { type Block, isSingle, sourceOf, sourceText } from "../../core/block/block.js"
import { type ClockReading, clockShift } from "../../core/block/clock.js"
import { type Decision, decide, type Surroundings } from "../../core/block/decide.js"
import { repeatedFor, unprovenLongest } from "../../core/block/duration.js"
import { type Change, Ledger, type LedgerSettings, type Wish } from "../../core/block/ledger.js"
import type { Finding } from "../../core/event/finding.js"
import { failed, type Outcome } from "../host/outcome.js"
import { blockedLine, changeEvent, findingEvent, time } from "./book-lines.js"
import type { CountedBlock, KernelBlock, KernelBlocks } from "./kernel-blocks.js"
import type {
  BlockedLine,
  ChangeLine,
  EventFilter,
  EventLine,
  KnownLine,
  WouldBeBlocked,
} from "./protocol.js"
import { eventsAsked, type Store } from "./store.js"

export interface BookParts {
  readonly store: Store
  /** Undefined: there is no table of ours, so that nothing can be kept out. */
  readonly kernel: KernelBlocks | undefined
  readonly clock: () => ClockReading
  readonly settings: LedgerSettings
  /** A sentence why an address, or somebody in a prefix, is never blocked. */
  readonly neverBlocked: (source: Prefix) => string | undefined
  /** Something that whoever looks after this host should know. */
  readonly notice: (text: string) => void
  /** Everything that is written down, as it happens. */
  readonly told?: (line: EventLine) => void
}

/** How often the same is said of a source while its action is `notify` is counted for so many sources. */
const wouldBeMaximum = 1000

/** ENFILE: the set is full. */
const FULL = 23

/**
 * The ledger, its store and the kernel's sets, kept in agreement: what is decided is written to the disk first, then done in the kernel. So a process that is killed in between leaves a block that
 * the next start puts into the kernel, or an element that the ledger knows to be let out; none is lost, and none invented. Where the disk is full the kernel is told all the same, and
 * the disk again later.
 */
export class Book {
  readonly #parts: BookParts
  readonly #ledger: Ledger
  readonly #would = new Map<string, WouldBeBlocked>()
  #clock: ClockReading
  #unwritten: { changes: Change[]; events: EventLine[] } = { changes: [], events: [] }
  #isDiskTrouble = false

  constructor(parts: BookParts) {
    this.#parts = parts
    this.#ledger = new Ledger(parts.settings, (prefix) => parts.neverBlocked(prefix) !== undefined)
    this.#ledger.load(parts.store.blocks, parts.store.pasts)
    this.#clock = parts.clock()
    const shift = clockShift(parts.store.clock, this.#clock)
    if (shift !== 0) this.#moved(shift)
  }

  get size(): number {
    return this.#ledger.size
  }

  /** What nobody has to be told twice: whether the ledger is on the disk. */
  get isOnDisk(): boolean {
    return !this.#isDiskTrouble
  }

  /** The policy was read anew. */
  set settings(settings: LedgerSettings) {
    this.#ledger.settings = settings
  }

  /**
   * Makes ledger and kernel agree: what the ledger has and the kernel lost is put there again, with the time that is left; what rules have listed meanwhile is
   * taken into the ledger; what was let out, and is still there because a process was killed at the wrong moment, goes.
   */
  agree(): void {
    const now = this.#now()
    this.#apply(this.#ledger.expire(now), [])
    const listed = this.#list()
    if (listed === undefined) return
    const changes: Change[] = []
    const events: EventLine[] = []
    for (const element of listed) {
      const adopted = this.#adopt(element, now)
      changes.push(...adopted)
      for (const change of adopted) if (change.change === "set") events.push(changeEvent(change, now))
    }
    if (changes.length > 0) this.#write(changes, events)
    this.#agreeKernel(listed, now)
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
      else if (decision.wouldBlock) this.#wouldBlock(finding, decision.source)
    }
    const line = findingEvent(finding, decisions)
    if (changes.length > 0) this.#apply(changes, [line], now)
    else this.#later([line])
    return line
  }

  /** By hand. Hosts that are never blocked are refused. */
  block(hosts: readonly Prefix[], seconds: number, why: string): readonly ChangeLine[] {
    const now = this.#now()
    return hosts.map((host): ChangeLine => {
      const source = placed(host)
      const never = this.#parts.neverBlocked(source)
      if (never !== undefined) return { source: sourceText(source), result: "refused", why: never }
      const before = this.#ledger.find(source)
      const counted = before && this.#counted(before)
      const wish: Wish = { source, scope: "everything", by: "hand", kind: "by-hand", why, seconds }
      this.#apply([...(counted ?? []), ...this.#ledger.block(wish, now)], [], now)
      const until = time(now + seconds)
      return { source: sourceText(source), result: before ? "longer" : "blocked", until }
    })
  }

  unblock(hosts: readonly Prefix[] | "all"): readonly ChangeLine[] {
    const now = this.#now()
    // What rules have listed since is let out as well.
    this.agree()
    if (hosts === "all") return this.#letOut(this.#ledger.unblockAll(now), now)
    return hosts.flatMap((host): readonly ChangeLine[] => {
      const source = placed(host)
      const lines = this.#letOut(this.#ledger.unblock(source, now), now)
      if (lines.length > 0) return lines
      const [wide] = this.#ledger.covering(source)
      const why = wide && `it is kept out by ${sourceText(wide.source)}: unblock that`
      return [{ source: sourceText(source), result: "not-listed", ...(why !== undefined && { why }) }]
    })
  }

  /** The latest first. */
  blocked(): readonly BlockedLine[] {
    this.agree()
    const counted = new Map((this.#list() ?? []).map((element) => [keyOf(element), element]))
    return [...this.#ledger.all()]
      .sort((one, other) => other.since - one.since)
      .map((block) => blockedLine(block, counted.get(keyOf(block))))
  }

  /** The latest first; what a full disk has not taken yet is among them. */
  events(filter: EventFilter): readonly EventLine[] {
    this.flush()
    const waiting = this.#unwritten.events.filter(eventsAsked(filter)).reverse()
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
    return [...this.#would.values()]
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

  /** Each second: blocks that are over, a clock that was set, what could not be written before. */
  tick(): void {
    const before = this.#clock
    const now = this.#now()
    const shift = clockShift(before, this.#clock)
    if (shift !== 0) this.#moved(shift)
    this.#write(this.#ledger.expire(now), [], true)
  }

  /** Writes down what waits. */
  flush(): void {
    this.#write([], [], true)
  }

  close(): void {
    this.flush()
    this.#parts.store.close()
  }

  #now(): number {
    this.#clock = this.#parts.clock()
    return this.#clock.wall
  }

  #moved(seconds: number): void {
    this.#write(this.#ledger.shift(seconds), [])
    this.#parts.notice(
      `the clock was set ${seconds > 0 ? "forward" : "back"} by ${Math.round(Math.abs(seconds))} s: blocks last as long as they did`,
    )
  }

  #letOut(changes: readonly Change[], now: number): readonly ChangeLine[] {
    this.#apply(changes, [], now)
    return changes.flatMap((change) =>
      change.change === "end"
        ? [{ source: sourceText(change.block.source), result: "unblocked" as const }]
        : [],
    )
  }

  /** To the disk, then to the kernel. */
  #apply(changes: readonly Change[], events: readonly EventLine[], now = this.#now()): void {
    if (changes.length === 0 && events.length === 0) return
    const told = changes.flatMap((change) =>
      change.change === "set" || change.change === "end" ? [changeEvent(change, now)] : [],
    )
    this.#write(changes, [...events, ...told])
    const { kernel } = this.#parts
    if (kernel === undefined) return
    const puts: Block[] = []
    const removes: Block[] = []
    let hasNetwork = false
    for (const change of changes) {
      if (change.change !== "set" && change.change !== "end") continue
      if (!isSingle(change.block.source)) hasNetwork = true
      else if (change.change === "set") puts.push(change.block)
      else removes.push(change.block)
    }
    if (puts.length > 0) this.#put(kernel, puts, now)
    if (removes.length > 0) kernel.remove(removes)
    // The stronger one takes the place of what a rule had listed a moment ago.
    const weaker = puts.filter(({ scope }) => scope === "everything")
    if (weaker.length > 0)
      kernel.remove(weaker.map(({ source }) => ({ source, scope: "new-connections" as const })))
    // Prefixes must not overlap in the kernel: which of them are there is a question for all of them.
    if (hasNetwork) {
      const listed = this.#list()
      if (listed) this.#agreeKernel(listed, now)
    }
  }

  #put(kernel: KernelBlocks, blocks: readonly Block[], now: number): void {
    const elements = blocks.map((block) => elementOf(block, now))
    const error = kernel.put(elements)
    if (error === 0) return
    // A full set of hosts gives what is too much to the networks.
    const rest =
      error === FULL
        ? kernel.put(elements.filter(isForNetworks).map((each) => ({ ...each, isNetwork: true })))
        : error
    if (rest !== 0)
      this.#parts.notice(`the kernel did not take ${blocks.length} blocked sources (error ${rest})`)
  }

  #agreeKernel(listed: readonly CountedBlock[], now: number): void {
    const { kernel } = this.#parts
    if (kernel === undefined) return
    const { wanted, asNetwork, left } = wantedInKernel(this.#ledger.all())
    const delta = deltaOf(
      wanted,
      listed.map((element) => ({ ...element, left: seconds(element.remaining) })),
      now,
    )
    if (delta.remove.length > 0) kernel.remove(delta.remove)
    const [hosts, networks] = [
      delta.put.filter((block) => !asNetwork.has(block)),
      delta.put.filter((block) => asNetwork.has(block)),
    ]
    if (hosts.length > 0) this.#put(kernel, hosts, now)
    if (networks.length > 0)
      kernel.put(networks.map((block) => ({ ...elementOf(block, now), isNetwork: true })))
    if (left.length > 0)
      this.#parts.notice(`the kernel's sets are full: ${left.length} blocks wait in the ledger`)
  }

  /** What a rule has listed by itself, in the ledger's words; nothing where the ledger knows it, or knows that it was let out. */
  #adopt(element: CountedBlock, now: number): readonly Change[] {
    const { source, scope } = element
    const [left, given] = [seconds(element.remaining), seconds(element.given)]
    const there = this.#ledger.find(source)
    if (there && (there.scope === scope || there.scope === "everything")) {
      const isRefreshed = there.by === "rule" && now + left > there.until + 2
      return isRefreshed ? this.#ledger.block({ ...there, seconds: left }, now) : []
    }
    const created = Number.isFinite(given) ? now - (given - left) : now
    const past = this.#ledger.past(source)
    // Listed before it was let out: whoever let it out was killed before the kernel knew.
    if (past?.unblocked && (created <= past.end + 0.5 || !Number.isFinite(given))) return []
    const never = this.#parts.neverBlocked(source)
    if (never !== undefined) {
      this.#parts.kernel?.remove([{ source, scope }])
      this.#parts.notice(`a rule had listed ${sourceText(source)}: it was let out, ${never}`)
      return []
    }
    const before = this.#ledger.timesBefore(source, created)
    const repeated = repeatedFor(given, before, this.#ledger.settings.repeaters)
    const whole = scope === "everything" ? repeated : Math.min(given, unprovenLongest)
    const until = Number.isFinite(given) ? created + whole : Number.POSITIVE_INFINITY
    return this.#ledger.block(
      {
        source,
        scope,
        by: "rule",
        kind: "rule",
        why: "a rule of the kernel listed it by itself",
        seconds: until - now,
      },
      now,
    )
  }

  #list(): readonly CountedBlock[] | undefined {
    const listed: Outcome<readonly CountedBlock[]> | undefined = this.#parts.kernel?.list()
    return listed === undefined || failed(listed) ? undefined : listed.value
  }

  /** What its element has counted is written down before the element is made anew. */
  #counted(block: Block): readonly Change[] {
    const element = this.#list()?.find((each) => keyOf(each) === keyOf(block))
    if (element === undefined) return []
    return this.#ledger.counted(
      block,
      block.droppedPackets + element.packets,
      block.droppedBytes + element.bytes,
    )
  }

  #wouldBlock(finding: Finding, source: Prefix): void {
    const text = sourceText(source)
    const before = this.#would.get(text)
    if (before === undefined && this.#would.size >= wouldBeMaximum) {
      const [oldest = ""] = this.#would.keys()
      this.#would.delete(oldest)
    }
    // Anew, so that the first key is who was quiet for longest.
    this.#would.delete(text)
    this.#would.set(text, {
      source: text,
      kind: finding.detector,
      times: (before?.times ?? 0) + 1,
      last: time(finding.at) ?? "",
      hadConnections: finding.proven || (before?.hadConnections ?? false),
    })
  }

  #later(events: readonly EventLine[]): void {
    for (const event of events) {
      this.#parts.told?.(event)
      this.#unwritten.events.push(event)
    }
    if (this.#unwritten.events.length > waitingMaximum) this.#unwritten.events.splice(0, waitingMaximum / 2)
  }

  /** What a full disk did not take is tried again once a second (`flush`), and not with each block of an attack. */
  #write(changes: readonly Change[], events: readonly EventLine[], isRetry = false): void {
    for (const event of events) this.#parts.told?.(event)
    const all = {
      changes: [...this.#unwritten.changes, ...changes],
      events: [...this.#unwritten.events, ...events],
    }
    if (all.changes.length === 0 && all.events.length === 0) return
    if (this.#isDiskTrouble && !isRetry) {
      this.#wait(all)
      return
    }
    const trouble = this.#parts.store.write(all.changes, all.events, this.#clock)
    const wasTrouble = this.#isDiskTrouble
    this.#isDiskTrouble = trouble !== undefined
    // What is said is an event itself, and waits for the next write.
    if (trouble === undefined) {
      this.#unwritten = { changes: [], events: [] }
      if (wasTrouble) this.#parts.notice("the ledger is written again")
      return
    }
    this.#wait(all)
    if (!wasTrouble)
      this.#parts.notice(
        `the ledger cannot be written (${trouble}): blocks go on in the kernel, and a restart would forget the latest`,
      )
  }

  /** Of each source the last word counts, so what waits is bounded by the sources. */
  #wait(all: { readonly changes: Change[]; readonly events: EventLine[] }): void {
    const isLong = all.changes.length > waitingMaximum && all.changes.length > 4 * this.#ledger.size
    this.#unwritten = {
      changes: isLong ? lastWords(all.changes) : all.changes,
      events: all.events.length > waitingMaximum ? all.events.slice(-waitingMaximum) : all.events,
    }
  }
}

const waitingMaximum = 10_000

function lastWords(changes: readonly Change[]): Change[] {
  const byName = new Map<string, Change>()
  for (const change of changes) {
    const isPast = change.change === "past" || change.change === "forget"
    const source =
      change.change === "past"
        ? change.past.source
        : change.change === "forget"
          ? change.source
          : change.block.source
    byName.set(`${isPast ? "past" : "block"} ${sourceText(source)}`, change)
  }
  return [...byName.values()]
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

function elementOf({ source, scope, until }: Block, now: number): KernelBlock {
  return { source, scope, remaining: Number.isFinite(until) ? Math.max(1, (until - now) * 1000) : null }
}

function isForNetworks({ scope }: KernelBlock): boolean {
  return scope === "everything"
}

function seconds(milliseconds: number | null): number {
  return milliseconds === null ? Number.POSITIVE_INFINITY : milliseconds / 1000
}
