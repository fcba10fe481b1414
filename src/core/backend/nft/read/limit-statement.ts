import type { StepNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { elaborateObjectReference } from "./object-statement.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, single, stringOf } from "./tree.js"
import { elaborateBytes, elaborateRate } from "./values.js"

/** What lets so much pass: quotas and limits, in rules, in elements and as objects of a table. */

export function isTrue(syntax: Syntax | undefined): boolean {
  return syntax?.kind === "leaf" && syntax.value === true
}

export function elaborateQuota(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("quota", value, context, at)
  // Named quotas are written in bytes.
  const bytes = elaborateBytes(
    entry(value, "val") ?? entry(value, "bytes"),
    entry(value, "val_unit"),
    at,
    context,
  )
  const used = entry(value, "used")
  const spent = used ? elaborateBytes(used, entry(value, "used_unit"), at, context) : 0
  if (bytes === undefined || spent === undefined) return undefined
  const over = isTrue(entry(value, "inv"))
  return { step: "quota", bytes, over, ...(spent > 0 && { used: spent }) }
}

/** nft's default where no burst is written. */
const defaultBurst = 5

export function elaborateLimit(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("limit", value, context, at)
  const unit = stringOf(entry(value, "rate_unit"))
  const over = isTrue(entry(value, "inv"))
  const rate = entry(value, "rate")
  const isBytes = unit !== undefined && unit !== "packets"
  const count = isBytes ? elaborateBytes(rate, entry(value, "rate_unit"), at, context) : numberOf(rate)
  if (count === undefined) {
    if (!isBytes) context.report("nft-bad-value", "a rate is a number", rate ?? at)
    return undefined
  }
  const found = elaborateRate(count, entry(value, "per"), at, context)
  if (!found) return undefined
  const written = entry(value, "burst")
  const burstUnit = stringOf(entry(value, "burst_unit")) ?? (isBytes ? "bytes" : "packets")
  if ((burstUnit !== "packets") !== isBytes) {
    context.report(
      "nft-bad-value",
      "a rate and its burst are both in packets, or both in bytes",
      written ?? at,
    )
    return undefined
  }
  if (isBytes) {
    const burst = written ? elaborateBytes(written, entry(value, "burst_unit") ?? undefined, at, context) : 0
    return burst === undefined ? undefined : { step: "limit", rate: found, burst, bytes: true, over }
  }
  // The kernel makes 5 of no burst and of 0.
  const burst = (written && numberOf(written)) || defaultBurst
  return { step: "limit", rate: found, burst, over }
}
