import type { Packet } from "../packet/packet.js"
import { PACKET_SORTS, sortOf } from "../ruleset/packet-sort.js"
import type { Run } from "../ruleset/runtime.js"
import type { Path } from "./engine-run.js"
import type { HookRunner } from "./hook-chains.js"
import type { Questions } from "./walk.js"

/** What is foreseen of some hooks: who accepts, or -1 (policies alone), if a packet answers these questions so. */
export interface Outlook extends Questions {
  readonly chain: number
  readonly rule: number
}

/** Behind conntrack, for packets of a class that go one direction of their live connections. Null: there is more to do than to ask. */
export interface Outlooks {
  /** Prerouting; output, of what leaves. */
  readonly first: Outlook | null
  /** The hooks behind it. */
  readonly then: Outlook | null
  /** Both are foreseen, and nothing is asked. */
  readonly isSettled: boolean
  /** Who accepts in the end, if all is as foreseen. */
  readonly chain: number
  readonly rule: number
}

/** The way of plain packets of one sort that come in and leave on the same interfaces. Null: there is more to do than to ask. */
export interface Way {
  readonly ingress: Outlook | null
  /** Before conntrack. */
  readonly before: Outlook | null
  /** One of them is null. */
  readonly isLong: boolean
  readonly asks: boolean
  /** Who accepts up to conntrack, or -1. */
  readonly chain: number
  readonly rule: number
  original: Outlooks | null
  reply: Outlooks | null
}

/** Pairs of interfaces; with more, all are made anew. */
const MOST_PLACES = 256
/** With more it is as well to walk. */
const MOST_QUESTIONS = 64
const MOST_ATTEMPTS = 256

/**
 * Remembered verdicts: what all chains on a packet's way say together to packets of its class (selection.ts). Of a chain there are left the rules that the class does not settle; where
 * these begin with questions that change nothing, the answers that the first packet gave are remembered with where they led: packets that answer the same are led there, too, and the chain
 * need not be walked. Nothing that remembers is ever skipped: a chain that does more than to ask is walked, and so is one whose questions are answered otherwise.
 *
 * What is kept is right as long as the selections are (`HookRunner.generation`).
 */
export class Ways {
  private readonly hooks: HookRunner
  private readonly run: Run
  private readonly begin: (packet: Packet, path: Path) => void
  /** By path and interfaces, then by sort. */
  private places = new Map<number, (Way | undefined)[]>()
  private generation = 0
  /** A packet that is found in a set may be the only one: so often nothing is kept of those of which nothing could be foreseen. */
  private attempts = MOST_ATTEMPTS
  private place: (Way | undefined)[] = []
  private placeKey = -1

  /** `begin` makes `run` what it is where a packet sets out. */
  constructor(hooks: HookRunner, run: Run, begin: (packet: Packet, path: Path) => void) {
    this.hooks = hooks
    this.run = run
    this.begin = begin
  }

  /** Of a plain packet, whose `run` may be another's yet. */
  of(packet: Packet, path: Path): Way {
    const pair = (packet.inputInterface << 12) + packet.outputInterface
    const key = pair * 3 + (path === "input" ? 0 : path === "forward" ? 1 : 2)
    if (key !== this.placeKey || this.generation !== this.hooks.generation) this.turn(key)
    return this.place[sortOf(packet)] ?? this.open(packet, path)
  }

  /** `run` knows the packet's live connection. */
  outlooks(way: Way, packet: Packet, path: Path): Outlooks {
    const isReply = this.run.ctDirection !== 0
    const known = isReply ? way.reply : way.original
    if (known !== null) return known
    const made = this.look(way, packet, path)
    if ((made.first === null || made.then === null) && this.attempts-- > 0) return made
    if (isReply) way.reply = made
    else way.original = made
    return made
  }

  private turn(key: number): void {
    const { generation } = this.hooks
    if (generation !== this.generation || this.places.size > MOST_PLACES) {
      this.places.clear()
      this.attempts = MOST_ATTEMPTS
    }
    this.generation = generation
    this.place = this.places.get(key) ?? new Array(PACKET_SORTS).fill(undefined)
    this.places.set(key, this.place)
    this.placeKey = key
  }

  private open(packet: Packet, path: Path): Way {
    const { hooks, run } = this
    this.begin(packet, path)
    run.ingress = true
    const ingress =
      path === "output"
        ? nothingAsked
        : this.foresee((into) => hooks.foreseesIngress(packet.inputInterface, packet, into))
    run.ingress = false
    const chains = hooks.chainsOf(path === "output" ? "output" : "prerouting", packet)
    const before = this.foresee((into) => hooks.foresees(chains, chains.beforeConntrack, packet, into))
    const isLong = ingress === null || before === null
    const { chain, rule } = lastOf([ingress, before])
    const asks = asksAny([ingress, before])
    const way: Way = { ingress, before, isLong, asks, chain, rule, original: null, reply: null }
    if (!isLong || this.attempts-- <= 0) this.place[sortOf(packet)] = way
    return way
  }

  private look(way: Way, packet: Packet, path: Path): Outlooks {
    const { hooks, run } = this
    const chains = hooks.chainsOf(path === "output" ? "output" : "prerouting", packet)
    const first = this.foresee((into) => hooks.foresees(chains, chains.behindConntrack, packet, into))
    const { outputInterface } = run
    if (path === "forward") run.outputInterface = packet.outputInterface
    const then = this.foresee((into) => this.foreseesRest(packet, path, into))
    run.outputInterface = outputInterface
    const isSettled = first !== null && then !== null && !asksAny([first, then])
    const { chain, rule } = lastOf([way, first, then])
    return { first, then, isSettled, chain, rule }
  }

  private foreseesRest(packet: Packet, path: Path, into: Questions): boolean {
    const { hooks } = this
    if (path === "input") return hooks.foreseesHook("input", packet, into)
    if (hooks.hasEgress || (path === "forward" && !hooks.foreseesHook("forward", packet, into))) return false
    // Where a packet is passed on it is another one behind each hook: nothing is asked ahead of it.
    return hooks.foreseesHook("postrouting", packet, into) && (path === "output" || into.asks.length === 0)
  }

  private foresee(look: (into: Questions) => boolean): Outlook | null {
    const { hooks } = this
    const into: Questions = { asks: [], answers: [] }
    hooks.forgetKnown()
    if (!look(into) || into.asks.length > MOST_QUESTIONS) return null
    return { asks: into.asks, answers: into.answers, chain: hooks.knownChain, rule: hooks.knownRule }
  }
}

const nothingAsked: Outlook = { asks: [], answers: [], chain: -1, rule: -1 }

/** The last rule that accepts. */
function lastOf(some: readonly (Pick<Outlook, "chain" | "rule"> | null)[]): Pick<Outlook, "chain" | "rule"> {
  return some.findLast((each) => each !== null && each.rule >= 0) ?? nothingAsked
}

function asksAny(some: readonly (Outlook | null)[]): boolean {
  return some.some((each) => each !== null && each.asks.length > 0)
}

/** Does the packet answer as was foreseen? */
export function isAsForeseen({ asks, answers }: Outlook, packet: Packet, run: Run): boolean {
  for (let index = 0; index < asks.length; index++)
    if (asks[index]!(packet, run) !== answers[index]) return false
  return true
}
