import { parseAddress } from "../base/address.js"
import type { PortRange } from "../base/ports.js"
import type { Prefix } from "../base/prefix.js"
import { maskWords } from "../base/prefix.js"
import type { Rate } from "../base/rate.js"
import { ctState } from "./expression/ct.js"
import type { ExtensionHeaderNode } from "./expression/extension-header.js"
import type { FibNode } from "./expression/fib.js"
import type { MetaNode } from "./expression/meta.js"
import type { PayloadNode } from "./expression/payload.js"
import type { TcpOptionNode } from "./expression/tcp-option.js"
import type { CompareNode } from "./match/compare.js"
import type { ExpressionNode, StepNode, VerdictNode } from "./node.js"
import type { Item } from "./value.js"

/**
 * Words to write rules with, in the order in which nft reads them:
 *
 *     [iifname("eth0"), is(l4proto, TCP), maskedIs(tcp("flags"), FIN | SYN, FIN | SYN), counter, drop]
 *     [update("meter", ip("saddr"), { timeout: seconds(60) }, limitOver(rate, 1000)), drop]
 */

// Expressions.

export function meta(key: MetaNode["key"]): MetaNode {
  return { expression: "meta", key }
}

export const nfproto = meta("nfproto")
export const l4proto = meta("l4proto")

export function payload(protocol: PayloadNode["protocol"], field: string): PayloadNode {
  return { expression: "payload", protocol, field }
}

export const ip = (field: string): PayloadNode => payload("ip", field)
export const ip6 = (field: string): PayloadNode => payload("ip6", field)
export const tcp = (field: string): PayloadNode => payload("tcp", field)
export const udp = (field: string): PayloadNode => payload("udp", field)
export const th = (field: "sport" | "dport"): PayloadNode => payload("th", field)
export const icmp = (field: string): PayloadNode => payload("icmp", field)
export const icmpv6 = (field: string): PayloadNode => payload("icmpv6", field)

/** `ip saddr` or `ip6 saddr`: a field that both families have under one name. */
export function ipOf(family: 4 | 6, field: "saddr" | "daddr"): PayloadNode {
  return payload(family === 4 ? "ip" : "ip6", field)
}

export function exthdr(header: ExtensionHeaderNode["header"], field?: string): ExtensionHeaderNode {
  return { expression: "extension-header", header, ...(field !== undefined && { field }) }
}

export function tcpOption(option: TcpOptionNode["option"], field?: string): TcpOptionNode {
  return { expression: "tcp-option", option, ...(field !== undefined && { field }) }
}

export function ct(
  key: Extract<ExpressionNode, { expression: "ct" }>["key"],
  direction?: "original" | "reply",
): Extract<ExpressionNode, { expression: "ct" }> {
  return { expression: "ct", key, ...(direction && { direction }) }
}

export function fib(selectors: FibNode["selectors"], result: FibNode["result"]): FibNode {
  return { expression: "fib", selectors, result }
}

export function numgenRandom(modulus: number): ExpressionNode {
  return { expression: "numgen", mode: "random", modulus }
}

/** `left & mask`: for addresses words, for flags and numbers one number. */
export function and(left: ExpressionNode, mask: number | readonly number[]): ExpressionNode {
  return { expression: "and", left, mask: typeof mask === "number" ? [mask] : mask }
}

/** An address cut to its network: `network(ip6("saddr"), 6, 64)`. The whole length needs no mask. */
export function network(left: ExpressionNode, family: 4 | 6, length: number): ExpressionNode {
  return length === (family === 4 ? 32 : 128) ? left : and(left, maskWords(length, family === 4 ? 1 : 4))
}

/** `a . b . c` */
export function concat(...parts: readonly ExpressionNode[]): ExpressionNode {
  return { expression: "concatenation", parts }
}

// Values.

/** What a value may be given as: a number, words, an interface name, or an item. */
export type Value = number | readonly number[] | string | Item

/** A number is one word, a text an interface name. */
export function item(value: Value): Item {
  if (typeof value === "number") return { value: [value] }
  if (typeof value === "string") return { value }
  return isWords(value) ? { value } : value
}

function isWords(value: readonly number[] | Item): value is readonly number[] {
  return Array.isArray(value)
}

export function range(from: number, to: number): Item {
  return from === to ? { value: [from] } : { from: [from], to: [to] }
}

export function portItem(ports: PortRange): Item {
  return range(ports.from, ports.to)
}

/** A host as a value, a network as a prefix. */
export function prefixItem(prefix: Prefix): Item {
  const { address, length } = prefix
  return length === address.words.length * 32 ? { value: address.words } : { prefix: address.words, length }
}

/** One key of a set with several parts. */
export function parts(...values: readonly Value[]): Item {
  return { parts: values.map(item) }
}

/** A constant address of the program's own text; throws where that is none. */
export function address(text: string): readonly number[] {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`${text} is not an address`)
  return parsed.words
}

// Matches.

function comparison(operator: CompareNode["operator"]): (left: ExpressionNode, right: Value) => CompareNode {
  return (left, right) => ({ step: "compare", left, operator, right: item(right) })
}

export const equal = comparison("==")
/** Short for `equal`, where it reads better: `is(l4proto, TCP)`. */
export const is = equal
export const notEqual = comparison("!=")
export const below = comparison("<")
export const above = comparison(">")
export const atMost = comparison("<=")
export const atLeast = comparison(">=")

/** `left & mask == value`: `maskedIs(tcp("flags"), FIN | SYN | RST | ACK, SYN)`. */
export function maskedIs(left: ExpressionNode, mask: number, value: number): CompareNode {
  return equal(and(left, mask), value)
}

/** `left & mask != 0`: one of these bits at least. */
export function hasAny(left: ExpressionNode, mask: number): CompareNode {
  return notEqual(and(left, mask), 0)
}

/** `left & mask == 0` */
export function hasNone(left: ExpressionNode, mask: number): CompareNode {
  return equal(and(left, mask), 0)
}

/** For `exthdr` and `tcpOption` without a field, and for the interface of a `fib` look-up. */
export const exists = (left: ExpressionNode): CompareNode => equal(presence(left), 1)
export const missing = (left: ExpressionNode): CompareNode => equal(presence(left), 0)

function presence(left: ExpressionNode): ExpressionNode {
  return left.expression === "fib" ? { ...left, result: "check" } : left
}

export const isIpv4 = equal(nfproto, 2)
export const isIpv6 = equal(nfproto, 10)

/** `iifname "eth0"`, `iifname { "eth0", "ppp*" }` */
export function iifname(...names: readonly string[]): StepNode {
  return names.length === 1 ? equal(meta("iifname"), names[0]!) : inSet(meta("iifname"), names)
}

export function oifname(...names: readonly string[]): StepNode {
  return names.length === 1 ? equal(meta("oifname"), names[0]!) : inSet(meta("oifname"), names)
}

/** `ct state established,related` */
export function ctStateIn(...states: readonly (keyof typeof ctState)[]): CompareNode {
  const bits = states.reduce((sum, state) => sum | ctState[state], 0)
  return hasAny(ct("state"), bits)
}

/** `left @set`, or `left { a, b }`. */
export function inSet(left: ExpressionNode, set: string | readonly Value[]): StepNode {
  return { step: "lookup", left, negated: false, set: typeof set === "string" ? set : set.map(item) }
}

export function notInSet(left: ExpressionNode, set: string | readonly Value[]): StepNode {
  return { step: "lookup", left, negated: true, set: typeof set === "string" ? set : set.map(item) }
}

/** Matches up to the rate. */
export function limit(rate: Rate, burst: number): StepNode {
  return { step: "limit", rate, burst, over: false }
}

/** Matches beyond the rate. */
export function limitOver(rate: Rate, burst: number): StepNode {
  return { step: "limit", rate, burst, over: true }
}

export function ctCountOver(count: number): StepNode {
  return { step: "ct-count", count, over: true }
}

// Statements.

export const counter: StepNode = { step: "counter" }
export const notrack: StepNode = { step: "notrack" }

export function logTo(group: number, prefix: string, snapshotLength?: number): StepNode {
  return { step: "log", prefix, group, ...(snapshotLength !== undefined && { snapshotLength }) }
}

export function setMark(value: number): StepNode {
  return { step: "mark", on: "meta", value }
}

export function setCtMark(value: number): StepNode {
  return { step: "mark", on: "ct", value }
}

interface UpdateOptions {
  /** In nanoseconds. */
  readonly timeout?: number
}

function setUpdate(operation: "add" | "update" | "delete") {
  return (
    set: string,
    key: ExpressionNode,
    options: UpdateOptions = {},
    ...statements: readonly StepNode[]
  ): StepNode => ({
    step: "set-update",
    operation,
    set,
    key,
    ...(options.timeout !== undefined && { timeout: options.timeout }),
    ...(statements.length > 0 && { statements }),
  })
}

/** `add @set { key timeout … statements }`: an element that is there stays as it is. */
export const add = setUpdate("add")
/** `update @set { … }`: its time begins anew. */
export const update = setUpdate("update")
export const remove = setUpdate("delete")

// Verdicts.

export const accept: VerdictNode = { step: "verdict", verdict: "accept" }
export const drop: VerdictNode = { step: "verdict", verdict: "drop" }
export const returnVerdict: VerdictNode = { step: "verdict", verdict: "return" }
export const continueVerdict: VerdictNode = { step: "verdict", verdict: "continue" }

export function jump(chain: string): VerdictNode {
  return { step: "verdict", verdict: "jump", chain }
}

export function goto(chain: string): VerdictNode {
  return { step: "verdict", verdict: "goto", chain }
}

export function reject(answer: Extract<StepNode, { step: "reject" }>["with"]): StepNode {
  return { step: "reject", with: answer }
}

/** `left vmap @map`, or `left vmap { a : drop, b : jump x }` from pairs. */
export function vmap(
  left: ExpressionNode,
  map: string | readonly (readonly [key: Value, verdict: VerdictNode])[],
): StepNode {
  if (typeof map === "string") return { step: "verdict-map", left, map }
  return { step: "verdict-map", left, map: map.map(([key, verdict]) => ({ key: item(key), verdict })) }
}
