import type { DiagnosticId } from "../../../base/diagnostic-ids.js"
import type { Hook } from "../../../ruleset/hook.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import type { SetDeclaration, Table } from "../../../ruleset/ruleset.js"
import type { Item } from "../../../ruleset/value.js"
import type { Syntax } from "./syntax.js"

/**
 * What the elaboration of a rule (or of a set's elements) knows around it. Who cannot make a node of a piece of syntax says so to `report` and
 * returns undefined; the caller then leaves the piece out, and says nothing of its own.
 *
 * The functions that take it:
 * - expression.ts `elaborateExpression(syntax, context, expected?): ExpressionNode | undefined`; `expected`: the types of a map's data, or of what a
 *   statement writes, where only the place tells
 * - match.ts `elaborateMatch(syntax, context): StepNode[] | undefined`, of the object inside `{"match": …}`: op, left, right. The text reader writes `op` as nft's
 *   JSON does: `"=="`, `"!="`, `"<"`, … where an operator stands, and `"in"` where none does (`tcp flags syn`, `ct state new`, but `tcp dport 22` and `ip saddr @s` too)
 * - item.ts `elaborateItem(syntax, types, context): Item | undefined`: a constant of these types (also `syn | ack`, prefix, range, concat, `"*"`)
 * - types.ts `elaborateTypes(syntax, context): TypeName[] | undefined`: of `"ipv4_addr"`, of an array of names, of an expression behind `typeof`
 *
 * Leaves of the text: decimal and hexadecimal numbers up to 2^53 are numbers, longer ones and all other words strings (`"0x…"`, `"10.0.0.1"`, `"1d2h"`, `"eth*"`); a set is
 * `"@name"`, raw payload `{"payload": {"base", "offset", "len"}}`. Variables are put in before elaboration.
 */
export interface Context {
  readonly family: Table["family"]
  /** Where the rule's chain stands, when it is a base chain. */
  readonly hook?: Hook
  readonly chainType?: "filter" | "nat" | "route"
  /** A set or a map of the table by its name, without `@`. */
  set(name: string): SetDeclaration | undefined
  /** The names of all of them, for hints. */
  setNames(): readonly string[]
  /** Something nft refuses. */
  report(id: DiagnosticId, message: string, at: Syntax, hint?: string): void
  /** Something nft takes and the engine cannot know or do; the message says what it assumes. A warning. */
  assume(message: string, at: Syntax, hint?: string): void
  /** Behind `typeof`: what is named there is asked of no packet, and needs nothing before it. */
  readonly isTypeof?: boolean
  /** What the rule has asked so far. A fresh one for each rule; who elaborates matches keeps it. */
  readonly protocol: ProtocolContext
}

/** Which protocols the matches before have pinned; absent: any. */
export interface ProtocolContext {
  /** `"ip"` and `"ip6"` are pinned by the family of the table too. */
  network?: "ip" | "ip6" | "arp" | "vlan" | "other"
  /** IP protocol number. */
  transport?: number
  /** Several of them, where a set was asked. */
  transports?: readonly number[]
  /** A set of the table was asked for it: it is one of those, whichever they are. */
  inSet?: boolean
  /** Types of ICMP or ICMPv6 messages. */
  icmpTypes?: readonly number[]
  /** EtherType, where a rule of a netdev, bridge or arp table asked for it. */
  etherType?: number
}

/** What a statement writes or uses: a constant, or what an expression is worth for the packet. */
export type Operand = { readonly item: Item } | { readonly expression: ExpressionNode }
