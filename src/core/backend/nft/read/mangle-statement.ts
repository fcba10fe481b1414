import { tcpOptionKind } from "../../../ruleset/expression/tcp-option.js"
import { bitsOf, expressionToNft, typesOf } from "../../../ruleset/kinds.js"
import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateObjectReference } from "./object-statement.js"
import type { Syntax } from "./syntax.js"
import { entry, single, stringOf } from "./tree.js"
import { elaborateValue } from "./values.js"

/** Statements that write on the packet, or on what is noted beside it. */

/** `{"mangle": {"key": …, "value": …}}`. */
export function elaborateMangle(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const key = entry(value, "key")
  const written = entry(value, "value")
  if (!key || !written) {
    context.report("nft-bad-value", "a statement that sets something has a key and a value", at)
    return undefined
  }
  const mark = entry(entry(key, "meta") ?? entry(key, "ct"), "key")
  if (stringOf(mark) === "secmark") return elaborateSecurityMark(key, written, context, at)
  const target = elaborateExpression(key, { ...context, assume: () => {} })
  if (!target) return undefined
  if (target.expression === "payload" && target.tunnel !== undefined) {
    context.report("nft-not-here", "nft writes on no packet inside a tunnel", at)
    return undefined
  }
  if (!isWritable(target)) {
    context.report("nft-not-here", `${expressionToNft(target)} cannot be set`, key)
    return undefined
  }
  const node = elaborateValue(written, typesOf(target), context, bitsOf(target))
  if (!node) return undefined
  const isMark = (target.expression === "meta" || target.expression === "ct") && target.key === "mark"
  if (isMark && node.expression === "constant" && typeof node.value !== "string")
    return { step: "mark", on: target.expression as "meta" | "ct", value: node.value[0] ?? 0 }
  return { step: "mangle", target, value: node }
}

const writableMeta: ReadonlySet<string> = new Set(["mark", "priority", "pkttype", "nftrace", "broute"])
const writableCt: ReadonlySet<string> = new Set(["mark", "label", "zone", "event"])

/** What the kernel takes (Linux 6.18: "Operation not supported" for the rest of meta and ct), and nft's grammar. */
function isWritable(target: ExpressionNode): boolean {
  if (target.expression === "meta") return writableMeta.has(target.key)
  if (target.expression === "ct") return writableCt.has(target.key)
  return ["payload", "raw-payload", "tcp-option"].includes(target.expression)
}

/** `meta secmark set "ssh"` names an object; `ct secmark set meta secmark` keeps it. Neither decides what becomes of a packet. */
function elaborateSecurityMark(
  key: Syntax,
  value: Syntax,
  context: Context,
  at: Syntax,
): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("secmark", value, context, at)
  const [left, right] = entry(key, "meta") ? ["meta", "ct"] : ["ct", "meta"]
  context.assume("there are no security marks: the rule goes on", at)
  return { step: "opaque", text: `${left} secmark set ${right} secmark`, assumes: "continue" }
}

/** `reset tcp option sack-perm`. */
export function elaborateReset(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const target = elaborateExpression(value, context)
  if (!target) return undefined
  if (target.expression !== "tcp-option" || target.field !== undefined) {
    context.report("nft-bad-value", "only a whole TCP option can be reset", at)
    return undefined
  }
  return { step: "strip-option", kind: tcpOptionKind(target.option), name: String(target.option) }
}
