import type { Packet } from "../packet/packet.js"
import type { Rewriter } from "../packet/rewrite.js"
import type { LogNode } from "./action/log.js"
import type { RejectNode } from "./action/reject.js"
import type { SetUpdateNode } from "./action/set-update.js"
import type { ExpressionNode, StepNode } from "./node.js"
import type { ObjectKind } from "./object.js"
import type { SetElement } from "./ruleset.js"
import type { Translator } from "./translator.js"
import type { TypeName } from "./type.js"

/**
 * How the engine runs a ruleset, as the kinds in expression/, match/ and action/ see it: each node is compiled once into a closure, and the closures
 * are called for each packet. They allocate nothing.
 */

/** What a step says. Numbers, because a million packets pass here. */
export const CONTINUE = 0
/** The rule does not match: on to the next one. */
export const BREAK = 1
export const ACCEPT = 2
export const DROP = 3
export const REJECT = 4
export const RETURN = 5
/** `run.target` is the chain. */
export const JUMP = 6
export const GOTO = 7
export type Outcome = number

/** Asks or does one thing. */
export type Step = (packet: Packet, run: Run) => Outcome

/** Writes a value's words into `run.registers` from `at` on. False: it cannot be evaluated for this packet, and the rule does not match. */
export type Load = (packet: Packet, run: Run, at: number) => boolean

/** An expression whose value is one word, from 0 to 2^32 - 1; -1: it cannot be evaluated for this packet, and the rule does not match. */
export type Read = (packet: Packet, run: Run) => number

/** Where in `run.registers` the value stands that a rule adds to a map. */
export const UPDATE_DATA = 32

/** What there is besides the packet while one is judged. One object for the life of an engine. */
export interface Run {
  /** Nanoseconds; the packet's time. */
  now: number
  /** Seconds from 1970 to where `now` counts from, in UTC: what the clock on the wall showed. */
  readonly epoch: number
  /** Sixteen words, like the kernel's registers, and scratch room behind them for nested look-ups. */
  readonly registers: Uint32Array
  /** The chain of a jump or goto. */
  target: number
  /** 4, 6, or 0 where the packet is not IP. */
  family: number
  /** At ingress: the packet still has the padding of its frame. */
  ingress: boolean
  /** False before conntrack has seen the packet: `ct state` is invalid then, and every other `ct …` cannot be evaluated. */
  tracked: boolean
  /** Bits of `ctState`; meaningful once `tracked`. */
  ctState: number
  /** Null before conntrack, and for invalid and untracked packets. */
  connection: RunConnection | null
  /** 0 original, 1 reply. */
  ctDirection: number
  mark: number
  /** Set by notrack. */
  untrack: boolean
  /**
   * Set before conntrack by `ct zone set` and `-j CT --zone`: the zone that the packet's connection is looked up and made in, and for which directions it counts (1 original, 2 reply, 3 both).
   */
  zone: number
  zoneDirections: number
  /** Set before conntrack by `-j CT --helper`: the helper that a new connection gets. */
  helper: string
  /** Interface indices of the present hook; 0 where the hook has none (oif at prerouting). */
  inputInterface: number
  outputInterface: number
  /**
   * What limits and counters remember: `Build.slots` hands out places, and a step finds its own at `state[stateBase + place]`.
   * While a rule's steps run it is the rules' array, with base 0. While the statements of a set's element run it is the set's array, and
   * `stateBase` is where the element's places begin; the set puts back what was there. Places of a new element are zero.
   */
  state: Float64Array
  stateBase: number
  /** The element whose statements run, as the set numbers it; -1 in a rule. */
  element: number
  /** Set by reject, with the outcome REJECT. */
  rejectWith: RejectNode["with"] | null
  /** A log statement was reached. */
  log(node: LogNode, packet: Packet): void
  /** An integer from 0 (inclusive) to `below` (exclusive). Chance is an argument. */
  random(below: number): number
  /** The routing table: what a replay was told of it. */
  readonly routes: Routes
  /** Writes on the packet: what later rules and hooks see. */
  readonly rewriter: Rewriter
  readonly nat: Translator
  /** The synproxy statement: DROP for a SYN and for the ACK that answers the proxy, CONTINUE for the rest of TCP, BREAK for others. */
  synproxy(packet: Packet): Outcome
  /** Set together with DROP, where a word says more than the rule: `why` of the judgement. */
  why: string
}

/** What `ct …` can ask of a connection. Words as in Packet. */
export interface RunConnection {
  readonly family: number
  readonly protocol: number
  /** Four words each, from 0, 4, 8 and 12 on: original source and destination, reply source and destination. */
  readonly tuples: Uint32Array
  readonly originalSourcePort: number
  readonly originalDestinationPort: number
  readonly replySourcePort: number
  readonly replyDestinationPort: number
  /** IPS_* bits of linux/netfilter/nf_conntrack_common.h. */
  readonly status: number
  mark: number
  /** A number that no other connection of its time has; the kernel's own cannot be known. */
  readonly id: number
  /** Nanoseconds that the connection has still to live without a packet. */
  remaining(now: number): number
  /** Per direction (0 original, 1 reply), or both (2), since the connection began; 0 where nothing counts (`Build.accounting`). */
  packets(direction: number): number
  bytes(direction: number): number
  zone(direction: number): number
  /** Labels are bits, 0 to 127. */
  hasLabel(bit: number): boolean
  setLabel(bit: number): void
  /** 32 labels from `32 * word` on; bit 0 is the lowest label. */
  labels(word: number): number
  /** The helper's name, or "". Set on a new connection only: the kernel ignores it on an old one. */
  helper: string
}

/** What the fib expression asks. Address types are RTN_* numbers (linux/rtnetlink.h): 1 unicast, 2 local, 3 broadcast, 5 multicast. */
export interface Routes {
  /** Type of the packet's source or destination address. */
  addressType(packet: Packet, which: "source" | "destination"): number
  /** The interface that a packet to this address leaves on: its index, or 0. */
  interfaceTo(packet: Packet, which: "source" | "destination"): number
}

/** What the engine gives to the nodes while they are compiled. */
export interface EngineBuild {
  set(name: string): RuntimeSet
  /** An anonymous set or map, made of the node's own elements: the set of the same form as a named one. */
  anonymousSet(declaration: AnonymousSet): RuntimeSet
  /** A named object of the same table: what it does, with what it remembers. Settings of connections do nothing here. */
  object(kind: ObjectKind, name: string): Step
  /** The names of objects that a map of the same table leads to; what `lastData` says is the place in this list. */
  objectNames(map: string): readonly string[]
  /** Index of a chain of the same table. */
  chain(name: string): number
  /** Index of an interface name; all that match where it ends in `*`. */
  interfaces(name: string): readonly number[]
  /** Connections of a source, for ct count: a list with a life of its own for each rule or element that counts (`run.element` tells which). */
  connectionCounter(): ConnectionCounter
  /**
   * What several rules share by name for the life of an engine, as xtables shares its tables of `recent` and `hashlimit`: made when first asked for.
   * `kind` keeps names of different extensions apart.
   */
  shared<State>(kind: string, name: string, make: () => State): State
  /** A rule asks for the packets or bytes of connections: they are counted from the beginning on (nf_conntrack_acct). */
  accounting(): void
  /** A node needs conntrack; `buildFrom` asks the kinds, and no node calls it itself. */
  needsConntrack(): void
  /**
   * Rules of iptables were loaded by its nft variant, which says some of them in nft's own words: their headers, `-m tcp`, `-m udp` and `-m limit`. nft drops nothing that is cut
   * short, and sees no transport behind an authentication header.
   */
  readonly iptablesNft?: boolean
  /** Room for `count` numbers in `run.state`: the rules' array, or while an element's statements are compiled, that of each element of the set. */
  slots(count: number): number
}

/** What a node may ask for while it is compiled: `buildFrom` (kinds.ts) makes it of the engine's part. */
export interface Build extends EngineBuild {
  step(node: StepNode): Step
  load(node: ExpressionNode): Load
  /** The short way for expressions of one word; undefined for the others. */
  read(node: ExpressionNode): Read | undefined
  types(node: ExpressionNode): readonly TypeName[]
}

export interface AnonymousSet {
  readonly key: readonly TypeName[]
  readonly elements: readonly SetElement[]
}

/** The engine's sets (engine/sets/). Keys are words in `run.registers` from `at` on. */
export interface RuntimeSet {
  /** The types of the key's parts. */
  readonly types: readonly TypeName[]
  /** Words a key takes. */
  readonly keyWords: number
  /** True when an element is there, is alive, and the statements it carries did not break. `run.target`/`verdict` of a map: see `lastData`. */
  contains(packet: Packet, run: Run, at: number): boolean
  /** True when an element is there and is alive; its statements are left alone. */
  has(run: Run, at: number): boolean
  /** After a `contains` that was true, in a map: for verdict maps the outcome (JUMP and GOTO have set run.target), for others the first word. */
  lastData(run: Run): number
  /** After a `contains` that was true, in a map to values: all words of the value, to `run.registers` from `at` on. */
  copyData(run: Run, at: number): void
  /**
   * Called once for each statement that updates this set; what it returns runs for each packet. The set compiles `node.statements` with a
   * Build whose `slots` and `connectionCounter` are the elements' own. An element keeps the statements it was made with.
   */
  updater(node: SetUpdateNode): Update
}

/** CONTINUE or BREAK, as SetUpdateNode's contract says. The key stands in `run.registers` from `at` on. */
export type Update = (packet: Packet, run: Run, at: number) => Outcome

/** Counts live connections as nf_conncount does: lazily, dropping the dead ones when asked again. */
export interface ConnectionCounter {
  /**
   * Adds the packet's connection, unless it is there already, and says how many are alive; -1: the packet cannot be counted. `isFirst`: the list is a new one, which
   * takes any connection.
   */
  count(packet: Packet, run: Run, isFirst?: boolean): number
  /** Clears the element's list where none of its connections is alive, and says whether it did. */
  giveUp(element: number, now: number): boolean
}

/** A `Load` made of a `Read`. */
export function oneWord(read: Read): Load {
  return (packet, run, at) => {
    const value = read(packet, run)
    if (value < 0) return false
    run.registers[at] = value
    return true
  }
}
