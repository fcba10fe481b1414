import type { Hook } from "./hook.js"
import type { StepNode, VerdictNode } from "./node.js"
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
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly Chain[]
}

export interface Chain {
  readonly name: string
  /** Absent: a chain that is only jumped to. */
  readonly base?: BaseChain
  readonly rules: readonly Rule[]
}

export interface BaseChain {
  readonly type: "filter" | "nat" | "route"
  readonly hook: Hook
  readonly priority: number
  readonly policy: "accept" | "drop"
  /** Ingress and egress only. */
  readonly devices?: readonly string[]
}

/**
 * Steps from left to right, as nft evaluates them: a match that fails ends the rule, a statement does its work and goes on, a verdict ends it.
 * `ssh limit` and `limit ssh` are different rules.
 */
export interface Rule {
  readonly steps: readonly StepNode[]
  readonly origin: Origin
  readonly comment?: string
}

export interface SetDeclaration {
  readonly name: string
  /** One type, or the parts of a concatenation. */
  readonly key: readonly TypeName[]
  /** A verdict map, or a map to values. */
  readonly data?: "verdict" | TypeName
  /** `dynamic`: rules add to it. `timeout`: its elements may end by themselves. `interval`: prefixes and ranges; not together with dynamic. */
  readonly flags: readonly ("constant" | "interval" | "timeout" | "dynamic")[]
  /** nft merges overlapping prefixes and ranges. */
  readonly autoMerge?: boolean
  /** Default life of an element, in nanoseconds. */
  readonly timeout?: number
  /** How many elements at most; every dynamic set states it. */
  readonly size?: number
  /** Statements that each element gets for its own, declared with the set (`counter`, `limit …`). */
  readonly statements?: readonly StepNode[]
  readonly elements?: readonly SetElement[]
  /**
   * What an apply does with the elements in the kernel: `ledger` keeps them whatever the policy says, `limiter` keeps them while the limit stays the same
   * (its name carries a hash of it), absent: the elements are the policy's.
   */
  readonly keeps?: "ledger" | "limiter"
  readonly origin?: Origin
}

export interface SetElement {
  readonly key: Item
  readonly timeout?: number
  readonly data?: VerdictNode | readonly number[]
  readonly comment?: string
}
