import type { Hook } from "./hook.js"
import type { ExpressionNode, StepNode, VerdictNode } from "./node.js"
import type { FlowtableDeclaration, ObjectDeclaration, ObjectKind } from "./object.js"
import type { Origin } from "./origin.js"
import type { TypeName } from "./type.js"
import type { Item } from "./value.js"

/** The first waist: the only thing a backend or the engine ever sees. Plain data, so that it prints, compares and travels. */
export interface Ruleset {
  readonly tables: readonly Table[]
}

export interface Table {
  readonly family: "inet" | "ip" | "ip6" | "netdev" | "arp" | "bridge"
  readonly name: string
  /** `dormant`: its chains are not hooked in. `owner`: it goes with the process that made it, unless it should `persist`. */
  readonly flags?: readonly ("dormant" | "owner" | "persist")[]
  readonly comment?: string
  readonly objects?: readonly ObjectDeclaration[]
  readonly flowtables?: readonly FlowtableDeclaration[]
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly Chain[]
}

export interface Chain {
  readonly name: string
  /** Absent: a chain that is only jumped to. */
  readonly base?: BaseChain
  readonly comment?: string
  /** Its rules are the administrator's own: an apply makes the chain where it is not there, and otherwise leaves it as it is. */
  readonly keepsRules?: boolean
  readonly rules: readonly Rule[]
}

export interface BaseChain {
  readonly type: "filter" | "nat" | "route"
  readonly hook: Hook
  readonly priority: number
  readonly policy: "accept" | "drop"
  /** Ingress and egress only. */
  readonly devices?: readonly string[]
  /** The device's hardware runs the chain. */
  readonly offload?: boolean
}

/**
 * Steps from left to right, as nft evaluates them: a match that fails ends the rule, a statement does its work and goes on, a verdict ends it.
 * `ssh limit` and `limit ssh` are different rules.
 */
export interface Rule {
  readonly steps: readonly StepNode[]
  readonly origin: Origin
  readonly comment?: string
  /** All rules of the chain that it leads to ask for TCP: so the kernel need not be asked for it here, where every packet pays (backend/nft/raw-flags.ts). */
  readonly isTcpAskedLater?: boolean
}

export interface SetDeclaration {
  readonly name: string
  /** One type, or the parts of a concatenation. */
  readonly key: readonly TypeName[]
  /** The expressions that the types come from, where it was declared with `typeof`. */
  readonly typeof?: { readonly key?: ExpressionNode; readonly data?: ExpressionNode }
  /** A verdict map, or a map to values: one type, or the parts of a concatenation. */
  readonly data?: "verdict" | TypeName | readonly TypeName[]
  /** The values of a map may be networks and ranges. */
  readonly intervalData?: boolean
  /** A map to named objects. */
  readonly objects?: ObjectKind
  /** `dynamic`: rules add to it. `timeout`: its elements may end by themselves. `interval`: prefixes and ranges; not together with dynamic. */
  readonly flags: readonly ("constant" | "interval" | "timeout" | "dynamic")[]
  /** nft merges overlapping prefixes and ranges. */
  readonly autoMerge?: boolean
  /** Default life of an element, in nanoseconds. */
  readonly timeout?: number
  /** How often dead elements are looked for, in nanoseconds. */
  readonly gcInterval?: number
  /** What the kernel's set should save: `performance` is its default. */
  readonly policy?: "performance" | "memory"
  readonly comment?: string
  /** How many elements at most; every dynamic set states it. */
  readonly size?: number
  /** Sets of ipset only (`netmask`): addresses are cut to so many bits, in elements and in what is looked up. */
  readonly keyLength?: number
  /** Statements that each element gets for its own, declared with the set (`counter`, `limit …`). */
  readonly statements?: readonly StepNode[]
  readonly elements?: readonly SetElement[]
  /**
   * What an apply does with the elements in the kernel: `ledger` keeps them whatever the policy says, `limiter` keeps them while the limit stays the same
   * (its name carries a hash of it), absent: the elements are the policy's.
   */
  readonly keeps?: "ledger" | "limiter"
  /**
   * Nearly always without elements, and no rule adds any. In the kernel a rule that accepts what is not in it goes to this chain instead, where the look-up stands only while there are elements
   * (backend/nft/apart.ts): every packet would pay for it.
   */
  readonly askedIn?: string
  readonly origin?: Origin
}

export interface SetElement {
  readonly key: Item
  readonly timeout?: number
  /** What is left of the timeout, in nanoseconds. */
  readonly expires?: number
  /** What a map has for the key: a verdict, or a value's words (of a network or a range: the first). */
  readonly data?: VerdictNode | readonly number[]
  /** The same as it was written, where the words do not say all: names of interfaces, networks, ranges, concatenations. */
  readonly dataItem?: Item
  /** The name of an object, in maps to objects. */
  readonly object?: string
  /** The set's statements, with what this element's have counted. */
  readonly statements?: readonly StepNode[]
  readonly comment?: string
}
