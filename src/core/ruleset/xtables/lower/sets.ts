import { intervalNanoseconds } from "../../../base/rate.js"
import type { SetUpdateNode } from "../../action/set-update.js"
import type { CtCountNode } from "../../match/ct-count.js"
import type { LimitNode } from "../../match/limit.js"
import type { LookupNode } from "../../match/lookup.js"
import type { ExpressionNode } from "../../node.js"
import { prefixLengthOf } from "../../notation.js"
import {
  always,
  isUnsupported,
  match,
  never,
  target,
  type WrittenOption,
  type XtRuleWriter,
  type XtSet,
} from "./condition.js"

/** `left @set`: the set is an ipset. `left { … }` is a test like a comparison's. */
export function lookupToXtables(node: LookupNode, rule: XtRuleWriter): void {
  if (typeof node.set !== "string") {
    rule.require(rule.test(node.left, { operator: node.negated ? "!=" : "==", items: node.set }))
    return
  }
  const key = keyOf(node.left, rule)
  if (key === null) {
    rule.require(never)
    return
  }
  const set = rule.namedSet(node.set)
  if (set === null) {
    rule.require(node.negated ? always : never)
    return
  }
  if (isUnsupported(set)) {
    rule.cannot(set)
    return
  }
  if (isUnsupported(key)) {
    rule.cannot(key)
    return
  }
  const asked: WrittenOption[] = [["match-set", `${set.name} ${key.end}`, node.negated]]
  // Only the rule that counts counts: `!` finds the element too, and would count it.
  if (set.isCounted) asked.push(["update-counters", undefined, true])
  rule.require([[match(rule.family, "set", ...asked)]])
}

/**
 * A set that rules fill. Without statements, `-j SET`. A limit for each element is `-m hashlimit`, asked of those that the set has room for; a limit so slow that no token comes
 * back before the element ends is a count, which the set keeps itself.
 */
export function setUpdateToXtables(node: SetUpdateNode, rule: XtRuleWriter): void {
  const { family } = rule
  const key = keyOf(node.key, rule)
  if (key === null) {
    rule.require(never)
    return
  }
  if (isUnsupported(key)) {
    rule.cannot(key)
    return
  }
  const [statement, ...more] = (node.statements ?? []).filter(({ step }) => step !== "counter")
  if (more.length > 0) {
    rule.cannot({ unsupported: "a set of iptables carries one limit" })
    return
  }
  if (statement?.step === "ct-count") {
    rule.require({ once: connectionLimit(statement, key, rule) })
    return
  }
  const set = rule.namedSet(node.set)
  if (set === null) {
    rule.cannot({ unsupported: `there is no set ${node.set}` })
    return
  }
  if (isUnsupported(set)) {
    rule.cannot(set)
    return
  }
  const where = `${set.name} ${key.end}`
  if (node.operation === "delete") {
    rule.act(target(family, "SET", ["del-set", where]))
    return
  }
  const options: WrittenOption[] = [["add-set", where]]
  if (node.operation === "update") options.push(["exist"])
  if (node.timeout !== undefined) options.push(["timeout", String(Math.ceil(node.timeout / 1e9))])
  rule.act(target(family, "SET", ...options))
  // A full set: the rule does not match.
  if (!statement) {
    rule.require([[match(family, "set", ["match-set", where])]])
    return
  }
  if (statement.step !== "limit") {
    rule.cannot({ unsupported: `iptables has no ${statement.step} for each element of a set` })
    return
  }
  const timeout = node.timeout === undefined ? set.timeout : node.timeout / 1e6
  const isWindow = isWindowOf(node, timeout * 1e6)
  if (isWindow) {
    // A new element counts the packet that made it, and the match counts it again (measured on Linux 6.18 with ipset 7.17).
    const over = match(family, "set", ["match-set", where], ["packets-gt", String(statement.burst + 1)])
    if (statement.over) rule.require({ once: over })
    else rule.requireNot(over)
    return
  }
  rule.require([[match(family, "set", ["match-set", where])]])
  const limit = hashLimit(statement, set, key, timeout, rule)
  if (isUnsupported(limit)) {
    rule.cannot(limit)
    return
  }
  rule.require({ once: limit })
}

/** Whether an element ends before a token comes back to it, so that a count does what the limit does. `timeout`: an element's life in nanoseconds. */
export function isWindowOf({ operation, statements }: SetUpdateNode, timeout: number): boolean {
  const limit = statements?.find((statement) => statement.step === "limit")
  return (
    operation === "add" && timeout > 0 && limit !== undefined && intervalNanoseconds(limit.rate) >= timeout
  )
}

interface Key {
  readonly end: "src" | "dst"
  /** How many bits of the address count. */
  readonly length: number
}

/** An address under a mask; null: of the other family. */
function keyOf(node: ExpressionNode, { family, types }: XtRuleWriter): Key | null | { unsupported: string } {
  const cannot = { unsupported: "a set of iptables is asked for a source or a destination" }
  const inner = node.expression === "and" ? node.left : node
  if (inner.expression !== "payload") return cannot
  const isFour = inner.protocol === "ip"
  if (!isFour && inner.protocol !== "ip6") return cannot
  if (inner.field !== "saddr" && inner.field !== "daddr") return cannot
  if (isFour !== (family === 4)) return null
  const whole = isFour ? 32 : 128
  const length = node.expression === "and" ? prefixLengthOf(node.mask, types(inner)[0]!) : whole
  if (length < 1) return { unsupported: "a set of iptables cuts addresses to a length, not under a mask" }
  return { end: inner.field === "saddr" ? "src" : "dst", length }
}

function connectionLimit({ count, over }: CtCountNode, key: Key, { family }: XtRuleWriter) {
  return match(
    family,
    "connlimit",
    [over ? "connlimit-above" : "connlimit-upto", String(count)],
    ["connlimit-mask", String(key.length)],
    [key.end === "src" ? "connlimit-saddr" : "connlimit-daddr"],
  )
}

/** xt_hashlimit takes bursts up to this (measured: `--hashlimit-burst 1000001` is refused). */
const BURST_MAXIMUM = 1_000_000

function hashLimit(statement: LimitNode, set: XtSet, key: Key, timeout: number, rule: XtRuleWriter) {
  const { rate, burst, over } = statement
  const rateText = `${rate.count}/${rate.unit}`
  if (rate.unit === "week")
    return { unsupported: `hashlimit's rates are a day's at the slowest, not ${rateText}` }
  if (burst > BURST_MAXIMUM || burst < 1) return { unsupported: `hashlimit has no burst of ${burst}` }
  const source = key.end === "src"
  const whole = rule.family === 4 ? 32 : 128
  const mask: WrittenOption[] =
    key.length === whole ? [] : [[source ? "hashlimit-srcmask" : "hashlimit-dstmask", String(key.length)]]
  return match(
    rule.family,
    "hashlimit",
    [over ? "hashlimit-above" : "hashlimit-upto", rateText],
    ["hashlimit-burst", String(burst)],
    ["hashlimit-mode", source ? "srcip" : "dstip"],
    ...mask,
    ["hashlimit-name", rule.shortName(`${set.declared} ${rateText} ${burst}`, 15)],
    ["hashlimit-htable-max", String(set.size)],
    ...(timeout > 0 ? [["hashlimit-htable-expire", String(timeout)] as const] : []),
  )
}
