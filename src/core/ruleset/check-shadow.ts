import type { Diagnostic } from "../base/diagnostic.js"
import { typesOf } from "./kinds.js"
import type { StepNode } from "./node.js"
import type { Chain, Rule, Table } from "./ruleset.js"
import { dataTypes, type TypeName } from "./type.js"
import type { Item } from "./value.js"
import { expressionsIn } from "./walk.js"
import type { XtAddress, XtHeaderNode } from "./xtables/node.js"

/** How many rules before it a rule is compared with. Chains of tens of thousands of rules are lists of hosts, which should be sets: there it is fewer. */
const LOOKED_BACK = 500
/** Comparisons in a chain: about a second's. */
const MOST_COMPARED = 2_000_000

/**
 * Rules that no packet comes to, because one rule before decides about all that they mean: a second time the same, wherever it stands in the chain, or a network
 * within one that was let in not far before.
 */
export function checkShadows(chain: Chain, table: Table): readonly Diagnostic[] {
  const back = Math.min(LOOKED_BACK, Math.ceil(MOST_COMPARED / Math.max(1, chain.rules.length)))
  const asked: Asked[] = []
  const same = new Map<string, number>()
  return chain.rules.flatMap((rule, index): Diagnostic[] => {
    const own = askedBy(rule, table)
    asked.push(own)
    const key = own.steps.map((step) => step.key).join("\n")
    const earlier = same.get(key) ?? shadowOf(own, asked, index, back)
    // A rule that asks nothing is told as one that ends its chain (`unreachable-rule`).
    if (own.ends && own.steps.length > 0 && !same.has(key)) same.set(key, index)
    if (earlier === undefined) return []
    return [
      {
        id: "shadowed-rule",
        severity: "lint",
        message: `no packet comes to this rule of chain ${chain.name}: an earlier one decides about all that it means`,
        span: rule.origin.span,
        related: { span: chain.rules[earlier]!.origin.span, message: "this rule" },
      },
    ]
  })
}

/** The first of so many rules before it that takes all of its packets. */
function shadowOf(own: Asked, asked: readonly Asked[], index: number, back: number): number | undefined {
  for (let at = Math.max(0, index - back); at < index; at++) {
    const { ends, steps } = asked[at]!
    if (ends && steps.length > 0 && isWithin(own.steps, steps)) return at
  }
  return undefined
}

interface Asked {
  /** What a packet surely is where the rule does anything: its leading matches that hold for a packet throughout the chain. */
  readonly steps: readonly Match[]
  /** Every packet that is all of it ends in this rule. */
  readonly ends: boolean
}

/** A match, with what is compared of it: made once, because each is compared with hundreds. */
interface Match {
  readonly step: StepNode
  readonly key: string
  /** What is asked, and the values that are allowed, where it is a list of them in an order. */
  readonly left?: string
  readonly ranges?: readonly (readonly [first: bigint, last: bigint])[]
}

function askedBy(rule: Rule, table: Table): Asked {
  const steps: Match[] = []
  for (const step of rule.steps) {
    if (isLasting(step, table)) steps.push(matchOf(step))
    else if (step.step === "verdict")
      return { steps, ends: step.verdict !== "continue" && step.verdict !== "jump" }
    else if (step.step === "reject") return { steps, ends: step.with !== "tcp-reset" }
    // These go on with every packet.
    else if (step.step !== "counter" && step.step !== "log") return { steps, ends: false }
  }
  return { steps, ends: false }
}

/** Expressions that a chain's rules do not change, and that chance has no part in. */
const lasting = new Set(["payload", "extension-header", "tcp-option", "and", "concatenation", "fib"])
const lastingMeta = new Set([
  "nfproto",
  "l4proto",
  "protocol",
  "iifname",
  "oifname",
  "iif",
  "oif",
  "length",
  "pkttype",
])
const lastingMatches = new Set([
  "tcp",
  "udp",
  "sctp",
  "dccp",
  "multiport",
  "icmp",
  "icmp6",
  "state",
  "conntrack",
  "iprange",
  "mac",
  "pkttype",
  "addrtype",
  "length",
  "ttl",
  "hl",
  "frag",
  "comment",
])

function isLasting(step: StepNode, table: Table): boolean {
  if (step.step === "xt-header") return true
  if (step.step === "xt-match") return lastingMatches.has(step.name)
  if (step.step !== "compare" && step.step !== "lookup") return false
  if (step.step === "lookup" && typeof step.set === "string") {
    const set = table.sets.find(({ name }) => name === step.set)
    if (!set || set.flags.includes("dynamic") || set.flags.includes("timeout") || set.statements) return false
  }
  return [...expressionsIn(step)].every(
    (node) =>
      lasting.has(node.expression) ||
      (node.expression === "meta" && lastingMeta.has(node.key)) ||
      (node.expression === "ct" && (node.key === "state" || node.key === "direction")),
  )
}

function matchOf(step: StepNode): Match {
  const key = JSON.stringify(step)
  const list = itemsOf(step)
  const [type, ...more] = list ? typesOf(list.of) : []
  if (!list || type === undefined || more.length > 0) return { step, key }
  const ranges = list.items.map((item) => rangeOf(item, type))
  return { step, key, left: JSON.stringify(list.of), ranges: ranges.filter((range) => range !== undefined) }
}

/** What a step allows, where it is a list of it. */
function itemsOf(step: StepNode) {
  if (step.step === "compare" && step.operator === "==") return { of: step.left, items: [step.right] }
  if (step.step === "lookup" && !step.negated && typeof step.set !== "string")
    return { of: step.left, items: step.set }
  return undefined
}

/** First and last of an item, as one number each; undefined where it has no order. */
function rangeOf(item: Item, type: TypeName): readonly [bigint, bigint] | undefined {
  if ("value" in item && typeof item.value !== "string") return [big(item.value), big(item.value)]
  if ("from" in item && typeof item.from !== "string" && typeof item.to !== "string")
    return [big(item.from), big(item.to)]
  if (!("prefix" in item) || dataTypes[type] < item.length) return undefined
  const first = big(item.prefix)
  return [first, first + (1n << BigInt(dataTypes[type] - item.length)) - 1n]
}

/** Whether what the inner matches mean is among what the outer ones mean. */
function isWithin(inner: readonly Match[], outer: readonly Match[]): boolean {
  return outer.every((wide) => inner.some((narrow) => isNarrower(narrow, wide)))
}

function isNarrower(narrow: Match, wide: Match): boolean {
  if (narrow.key === wide.key) return true
  if (narrow.step.step === "xt-header" && wide.step.step === "xt-header")
    return isNarrowerHeader(narrow.step, wide.step)
  if (narrow.left === undefined || narrow.left !== wide.left) return false
  const [ranges = [], around = []] = [narrow.ranges, wide.ranges]
  const isAll = narrow.step.step === "compare" ? 1 : (itemsOf(narrow.step)?.items.length ?? -1)
  // An item without an order is not among them.
  if (ranges.length !== isAll) return false
  return ranges.every(([first, last]) => around.some((outer) => outer[0] <= first && last <= outer[1]))
}

function big(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n)
}

function isNarrowerHeader(narrow: XtHeaderNode, wide: XtHeaderNode): boolean {
  return (
    (!wide.source || isNarrowerAddress(narrow.source, wide.source)) &&
    (!wide.destination || isNarrowerAddress(narrow.destination, wide.destination)) &&
    (!wide.input || same(narrow.input, wide.input)) &&
    (!wide.output || same(narrow.output, wide.output)) &&
    (!wide.protocol || same(narrow.protocol, wide.protocol)) &&
    (!wide.fragment || same(narrow.fragment, wide.fragment))
  )
}

function isNarrowerAddress(narrow: XtAddress | undefined, wide: XtAddress): boolean {
  if (narrow === undefined) return false
  if (narrow.negated || wide.negated) return same(narrow, wide)
  return wide.mask.every(
    (mask, index) =>
      (narrow.mask[index]! & mask) >>> 0 === mask >>> 0 &&
      (narrow.words[index]! & mask) >>> 0 === (wide.words[index]! & mask) >>> 0,
  )
}

function same(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}
