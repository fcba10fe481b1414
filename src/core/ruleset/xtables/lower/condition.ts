import { isProblem } from "../../../base/diagnostic.js"
import type { Unsupported } from "../../kind.js"
import type { ExpressionNode, VerdictNode } from "../../node.js"
import type { TypeName } from "../../type.js"
import { dataTypes } from "../../type.js"
import type { Item } from "../../value.js"
import type { XtChain, XtTable } from "../extension.js"
import { findExtension } from "../extensions.js"
import type { XtHeaderNode, XtMatchNode, XtTargetNode } from "../node.js"
import type { XtOption } from "../option.js"

/**
 * How rules that were not written for iptables are said in its words. An expression says what a test of it becomes; a step says what it adds to its rule. What iptables
 * has no words for is `Unsupported`, and the rule is left out and told.
 */

/** What is asked of an expression: whether it is one of the items (`!=`: none of them), or lies on a side of one. */
export interface XtTest {
  readonly operator: "==" | "!=" | "<" | ">" | "<=" | ">="
  /** `left & mask`, before the comparison. */
  readonly mask?: readonly number[]
  readonly items: readonly Item[]
}

/** What one rule of iptables may ask: all of it must hold. Headers are merged into one when the rule is written. */
export type XtConjunction = readonly (XtHeaderNode | XtMatchNode)[]

/** One of these must hold, and no two can: each becomes a rule. None: it never holds; one that is empty: it always does. */
export type XtAlternatives = readonly XtConjunction[]

/** What a test becomes. `once`: a match that remembers, so that it may be asked once for a packet. */
export type XtCondition = XtAlternatives | { readonly once: XtMatchNode } | Unsupported

export const never: XtAlternatives = []
export const always: XtAlternatives = [[]]

/** What expressions may ask while they are written. */
export interface XtWriter {
  readonly family: 4 | 6
  readonly table: XtTable
  /** The hook of the base chain, as iptables names it. */
  readonly chain: XtChain
  /** False: conntrack is on, which puts fragments together before the first table of iptables sees them. */
  readonly seesFragments: boolean
  /** What a question about fragments comes to where there are none; that it was asked is remembered, and told. */
  settled(holds: boolean): XtCondition
  test(node: ExpressionNode, test: XtTest): XtCondition
  types(node: ExpressionNode): readonly TypeName[]
  /** The name of an ipset that holds these items. */
  anonymousSet(type: TypeName, items: readonly Item[]): string
  /** What can be asked of a set of the ruleset; null: nothing is in it, and no rule adds to it. */
  namedSet(name: string): XtSet | Unsupported | null
}

export interface XtSet {
  /** The ipset's name. */
  readonly name: string
  readonly declared: string
  /** In milliseconds; 0: its elements stay. */
  readonly timeout: number
  readonly size: number
  /** Its elements count packets. */
  readonly isCounted: boolean
}

/** What a step adds to its rule. Steps are done from left to right, each once for a packet. */
export interface XtRuleWriter extends XtWriter {
  /** Asks more of the packet. */
  require(condition: XtCondition): void
  /** The packet goes on only where this does not match. It is asked once. */
  requireNot(match: XtMatchNode): void
  /** Does something, and goes on. */
  act(target: XtTargetNode): void
  /** How the rule ends, for all packets that came so far. */
  finish(ending: XtTargetNode | VerdictNode): void
  /** How it ends for some of them; the others go on. */
  finishWhere(condition: XtCondition, ending: VerdictNode): void
  /** The rule cannot be said. */
  cannot(reason: Unsupported): void
  /** A name of at most `length` letters, digits, `-` and `_` for this one, the same each time. */
  shortName(name: string, length: number): string
}

/** What cannot be said and need not be: leaving it out is told as a warning. */
export interface Needless extends Unsupported {
  readonly needless: true
}

export function isUnsupported(value: unknown): value is Unsupported {
  return typeof value === "object" && value !== null && "unsupported" in value
}

export function header(family: 4 | 6, asked: Omit<XtHeaderNode, "step" | "family">): XtHeaderNode {
  return { step: "xt-header", family, ...asked }
}

/** `-m NAME` with options as they are written: `["dport", "80"]`, `["tcp-flags", "SYN,ACK SYN", true]` where `!` stands before. */
export type WrittenOption = readonly [name: string, text?: string | undefined, negated?: boolean]

export function match(family: 4 | 6, name: string, ...options: readonly WrittenOption[]): XtMatchNode {
  return { step: "xt-match", family, name, options: readOptions("match", family, name, options) }
}

export function target(family: 4 | 6, name: string, ...options: readonly WrittenOption[]): XtTargetNode {
  return { step: "xt-target", family, name, options: readOptions("target", family, name, options) }
}

/** The words are the program's own; that they are right is for the tests of what is written with them. */
function readOptions(
  role: "match" | "target",
  family: 4 | 6,
  name: string,
  options: readonly WrittenOption[],
): XtOption[] {
  const extension = findExtension(role, name, family)
  const read = options.map(([option, text, negated]): XtOption => {
    const spec = extension?.options.find((each) => each.name === option)
    const value = text === undefined ? undefined : spec?.value?.parse(text, family)
    if (!spec || isProblem(value)) throw new Error(`-m ${name} --${option} ${text ?? ""} is not iptables`)
    return { name: option, ...(negated && { negated }), ...(value !== undefined && { value }) }
  })
  return [...(extension?.normal?.(read, family) ?? read)]
}

/** Both must hold. */
export function both(left: XtAlternatives, right: XtAlternatives): XtConjunction[] {
  return left.flatMap((one) => right.map((other) => [...one, ...other]))
}

/**
 * The values of one word that a test without mask lets through, as ranges in order: `!=` and the relations are turned into ranges too. Undefined where they are
 * no numbers.
 */
export function rangesOf(test: XtTest, bits: number): (readonly [number, number])[] | undefined {
  const maximum = 2 ** bits - 1
  const ranges: [number, number][] = []
  for (const item of test.items) {
    const range = rangeOf(item, bits)
    if (!range) return undefined
    ranges.push(range)
  }
  const [[from, to] = [0, maximum]] = ranges
  switch (test.operator) {
    case "==":
      return merged(ranges)
    case "!=":
      return complement(merged(ranges), maximum)
    case "<":
      return from === 0 ? [] : [[0, from - 1]]
    case "<=":
      return [[0, to]]
    case ">":
      return to >= maximum ? [] : [[to + 1, maximum]]
    case ">=":
      return [[from, maximum]]
  }
}

function rangeOf(item: Item, bits: number): [number, number] | undefined {
  if ("value" in item) return typeof item.value === "string" ? undefined : [item.value[0]!, item.value[0]!]
  if ("from" in item) {
    if (typeof item.from === "string" || typeof item.to === "string") return undefined
    return [item.from[0]!, item.to[0]!]
  }
  if ("prefix" in item) return [item.prefix[0]!, item.prefix[0]! + 2 ** (bits - item.length) - 1]
  return undefined
}

function merged(ranges: readonly [number, number][]): [number, number][] {
  const sorted = [...ranges].sort(([left], [right]) => left - right)
  const result: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

function complement(ranges: readonly (readonly [number, number])[], maximum: number): [number, number][] {
  const result: [number, number][] = []
  let from = 0
  for (const [start, end] of ranges) {
    if (start > from) result.push([from, start - 1])
    from = end + 1
  }
  if (from <= maximum) result.push([from, maximum])
  return result
}

/** `80` or `1024:65535`. */
export function colonRange([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}:${to}`
}

/** The one value and mask of a test for equality; undefined where it asks something else. */
export function maskedValue(test: XtTest, type: TypeName): { mask: number; value: number } | undefined {
  const [item] = test.items
  if (test.items.length !== 1 || (test.operator !== "==" && test.operator !== "!=")) return undefined
  if (!item || !("value" in item) || typeof item.value === "string") return undefined
  const all = 2 ** dataTypes[type] - 1
  return { mask: test.mask ? test.mask[0]! : all, value: item.value[0]! }
}
