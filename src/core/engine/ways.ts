import type { Packet } from "../packet/packet.js"
import { PACKET_SORTS, sortOf } from "../ruleset/packet-sort.js"
import type { Run } from "../ruleset/runtime.js"
import type { Path } from "./engine-run.js"
import type { HookRunner } from "./hook-chains.js"

/** What rules say behind conntrack to packets of a class that go one direction of their live connections. */
export interface Answer {
  /** Prerouting (output, of what leaves) has something to ask of each packet. */
  readonly asksFirst: boolean
  /** The hooks behind it have. */
  readonly asksThen: boolean
  /** Who accepts where nothing is asked, or -1: policies alone. At all hooks; up to the first one; and behind it. */
  readonly chain: number
  readonly rule: number
  readonly firstChain: number
  readonly firstRule: number
  readonly thenChain: number
  readonly thenRule: number
}

/** The way of plain packets of one sort that come in and leave on the same interfaces. */
export interface Way {
  /** Before conntrack rules have something to ask of each packet, or do not accept. */
  readonly asks: boolean
  /** Else who accepts them there, or -1. */
  readonly chain: number
  readonly rule: number
  original: Answer | null
  reply: Answer | null
}

/** Pairs of interfaces; with more, all are made anew. */
const MOST_PLACES = 256

/**
 * Remembered verdicts: what all chains on a packet's way say together where they have nothing left to ask of packets of its class (selection.ts). It is known of a chain where the first
 * rule that is left of it is a verdict, or where none is left. Nothing that remembers, and nothing that packets of one class may be asked with different results, is ever skipped: a
 * chain with such a rule has something to ask.
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
  answer(way: Way, packet: Packet, path: Path): Answer {
    const isReply = this.run.ctDirection !== 0
    const known = isReply ? way.reply : way.original
    if (known !== null) return known
    const answer = this.ask(way, packet, path)
    if (isReply) way.reply = answer
    else way.original = answer
    return answer
  }

  private turn(key: number): void {
    const { generation } = this.hooks
    if (generation !== this.generation || this.places.size > MOST_PLACES) this.places.clear()
    this.generation = generation
    this.place = this.places.get(key) ?? new Array(PACKET_SORTS).fill(undefined)
    this.places.set(key, this.place)
    this.placeKey = key
  }

  private open(packet: Packet, path: Path): Way {
    const { hooks, run } = this
    this.begin(packet, path)
    hooks.forgetKnown()
    run.ingress = true
    let asks = path !== "output" && !hooks.knowsDevice("ingress", packet.inputInterface, packet)
    run.ingress = false
    const chains = hooks.chainsOf(path === "output" ? "output" : "prerouting", packet)
    asks ||= !hooks.knows(chains, chains.beforeConntrack, packet)
    const way: Way = { asks, chain: hooks.knownChain, rule: hooks.knownRule, original: null, reply: null }
    this.place[sortOf(packet)] = way
    return way
  }

  private ask(way: Way, packet: Packet, path: Path): Answer {
    const { hooks, run } = this
    const { outputInterface } = run
    hooks.forgetKnown()
    const chains = hooks.chainsOf(path === "output" ? "output" : "prerouting", packet)
    const asksFirst = !hooks.knows(chains, chains.behindConntrack, packet)
    const first = hooks.knownRule < 0 ? way : { chain: hooks.knownChain, rule: hooks.knownRule }
    hooks.forgetKnown()
    if (path === "forward") run.outputInterface = packet.outputInterface
    const asksThen = !this.knowsRest(packet, path)
    run.outputInterface = outputInterface
    const then = { chain: hooks.knownChain, rule: hooks.knownRule }
    const whole = then.rule < 0 ? first : then
    return {
      asksFirst,
      asksThen,
      chain: whole.chain,
      rule: whole.rule,
      firstChain: first.chain,
      firstRule: first.rule,
      thenChain: then.chain,
      thenRule: then.rule,
    }
  }

  private knowsRest(packet: Packet, path: Path): boolean {
    const { hooks } = this
    if (path === "input") return hooks.knowsHook("input", packet)
    if (hooks.hasEgress || (path === "forward" && !hooks.knowsHook("forward", packet))) return false
    return hooks.knowsHook("postrouting", packet)
  }
}
