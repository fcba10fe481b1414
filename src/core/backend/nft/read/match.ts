import { bitsOf, typesOf } from "../../../ruleset/kinds.js"
import type { CompareNode } from "../../../ruleset/match/compare.js"
import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import { isBitType, prefixLengthOf } from "../../../ruleset/notation.js"
import type { TypeName } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import { asksPacket, elaborateExpression, widthsOf } from "./expression.js"
import { icmpTypesFor } from "./icmp-types.js"
import { normalItems } from "./interval.js"
import { elaborateItem, isAddress } from "./item.js"
import { noteAnswer } from "./match-answer.js"
import { networkOf } from "./protocol.js"
import { keyTypesOf, setNamed } from "./set-use.js"
import type { Syntax } from "./syntax.js"
import { entry, leaf, listOf, object, stringOf } from "./tree.js"
import { numberOfWords, onesOf, wordsOfNumber } from "./wide-number.js"

type Operator = CompareNode["operator"]

const operators: readonly string[] = ["==", "!=", "<", ">", "<=", ">=", "in", "!"]

/**
 * What stands in `{"match": …}`: `op`, `left`, `right`. Without an operator of its own (`in`) bits are asked for one of them, and everything else for being equal. A look-up in a
 * set and the questions that nft puts before a field come as several steps. Undefined: it was reported.
 */
export function elaborateMatch(syntax: Syntax, context: Context): StepNode[] | undefined {
  const left = entry(syntax, "left")
  const right = entry(syntax, "right")
  const operator = stringOf(entry(syntax, "op")) ?? "in"
  if (!left || !right || !operators.includes(operator)) {
    context.report(
      "nft-unknown-expression",
      "a comparison is something asked, an operator and a value",
      syntax,
    )
    return undefined
  }
  if (!asksPacket(left)) {
    context.report(
      "nft-unknown-expression",
      "nft compares something that it asks of the packet, which stands on the left",
      left,
    )
    return undefined
  }
  const asked = elaborateExpression(withFamily(left, right, context), context, keyTypesOf(right, context))
  if (!asked) return undefined
  const word = right.kind === "leaf" ? right.value : undefined
  const isPresence =
    asked.expression === "fib" && (word === "exists" || word === "missing" || typeof word === "boolean")
  // Whether there is a route at all: older versions of nft ask for its interface.
  const node: ExpressionNode = isPresence ? { ...asked, result: "check" } : asked
  const before = questionsBefore(node, left, context)
  if (!before) return undefined
  const step = stepOf(node, operator, right, syntax, context)
  if (!step) return undefined
  noteAnswer(step, context)
  return [...before, step]
}

/** `ct original saddr` has the family of the packets, or of the address beside it: nft reads it so in a comparison only. */
function withFamily(left: Syntax, right: Syntax, context: Context): Syntax {
  const inner = entry(left, "ct")
  const key = stringOf(entry(inner, "key"))
  if (inner?.kind !== "object" || (key !== "saddr" && key !== "daddr") || entry(inner, "family")) return left
  const network = networkOf(context)
  if ((network !== "ip" && network !== "ip6") || right.kind !== "leaf") return left
  const named = object(
    { ...Object.fromEntries(inner.entries), key: leaf(`${network} ${key}`, inner.span) },
    inner.span,
  )
  return object({ ct: named }, left.span)
}

/** Fields that only some ICMP messages have are asked together with the messages' type, as nft asks. */
function questionsBefore(node: ExpressionNode, at: Syntax, context: Context): StepNode[] | undefined {
  const found: StepNode[] = []
  for (const part of node.expression === "concatenation" ? node.parts : [node]) {
    const steps = icmpTypesFor(part, at, context)
    if (!steps) return undefined
    found.push(...steps)
  }
  return found
}

function stepOf(
  left: ExpressionNode,
  operator: string,
  right: Syntax,
  at: Syntax,
  context: Context,
): StepNode | undefined {
  const types = typesOf(left)
  const name = right.kind === "leaf" && right.quoted !== true ? stringOf(right) : undefined
  const reference = name ?? (right.kind === "leaf" ? stringOf(right) : undefined)
  const isSet = entry(right, "set") !== undefined || (reference?.startsWith("@") ?? false)
  if (!isSet) return comparison(left, operator, right, at, context)
  if (operator !== "in" && operator !== "==" && operator !== "!=") {
    context.report("nft-unknown-expression", `nft looks up sets with == and !=, not with ${operator}`, at)
    return undefined
  }
  const negated = operator === "!="
  if (reference !== undefined) {
    const set = setNamed(reference.slice(1), types, right, context)
    return set && { step: "lookup", left, negated, set: set.name }
  }
  const items = elements(right, left, types, context)
  if (!items) return undefined
  // A set of one is a comparison, and nft makes one of it.
  const [only] = items
  if (items.length === 1 && only && !("parts" in only) && !("others" in only))
    return compared(left, negated ? "!=" : "==", only, types[0]!)
  return { step: "lookup", left, negated, set: items }
}

function elements(
  right: Syntax,
  left: ExpressionNode,
  types: readonly TypeName[],
  context: Context,
): Item[] | undefined {
  const written = listOf(entry(right, "set"))
  const found = written.map((element) => {
    if (element.kind !== "array" || isBitType(types[0]!))
      return elaborateItem(element, types, context, widthsOf(left))
    context.report(
      "nft-unknown-expression",
      "an element of a set has no value of its own: nft knows that in maps",
      element,
    )
    return undefined
  })
  if (written.length === 0) context.report("nft-unknown-expression", "a set here has elements", right)
  if (written.length === 0 || found.includes(undefined)) return undefined
  return normalItems(found as Item[], types)
}

function comparison(
  left: ExpressionNode,
  operator: string,
  right: Syntax,
  at: Syntax,
  context: Context,
): StepNode | undefined {
  if (asksPacket(right)) {
    context.report("nft-unknown-expression", "nft compares with constants only", right)
    return undefined
  }
  const types = typesOf(left)
  const type = types[0]!
  if (types.length !== 1) {
    context.report("nft-unknown-expression", "nft compares values joined by dots with a set only", right)
    return undefined
  }
  const item = elaborateItem(right, types, context, widthsOf(left))
  if (!item) return undefined
  const isOrder = operator !== "in" && operator !== "==" && operator !== "!=" && operator !== "!"
  if (isOrder && !("value" in item && typeof item.value !== "string")) {
    context.report("nft-unknown-expression", `${operator} compares with a single number`, right)
    return undefined
  }
  const isMasked = left.expression === "and" || left.expression === "binary"
  if (operator === "!" || (operator === "in" && isBitType(type) && !isMasked)) {
    if (!isBitType(type) || isMasked || !("value" in item) || typeof item.value === "string") {
      context.report(
        "nft-unknown-expression",
        '"!" asks for none of some bits: the left side is bits without a mask',
        at,
      )
      return undefined
    }
    const none = item.value.map(() => 0)
    return {
      step: "compare",
      left: { expression: "and", left, mask: item.value },
      operator: operator === "!" ? "==" : "!=",
      right: { value: none },
    }
  }
  return compared(left, operator === "in" ? "==" : (operator as Operator), item, type)
}

/** A comparison in its normal form: masks that are networks become networks, and those of other types the other way round. */
function compared(left: ExpressionNode, operator: Operator, right: Item, type: TypeName): CompareNode {
  const isEquality = operator === "==" || operator === "!="
  if (isEquality && "prefix" in right && !isAddress(type)) {
    const width = bitsOf(left)
    const mask = wordsOfNumber(onesOf(type, width) & ~onesOf(type, width - right.length), type)
    return {
      step: "compare",
      left: { expression: "and", left, mask },
      operator,
      right: { value: right.prefix },
    }
  }
  if (isEquality && "value" in right && typeof right.value !== "string") {
    if (left.expression === "and") {
      const value = numberOfWords(right.value, type)
      const mask = numberOfWords(left.mask, type)
      if (isBitType(type) && mask === onesOf(type))
        return { step: "compare", left: left.left, operator, right }
      const length = isAddress(type) ? prefixLengthOf(left.mask, type) : -1
      if (length > 0 && (value & ~mask) === 0n)
        return { step: "compare", left: left.left, operator, right: { prefix: right.value, length } }
    }
    // `meta mark ^ 3 == 1` is `meta mark == 2`.
    if (left.expression === "binary" && left.operator === "^" && "constant" in left.right) {
      const value = numberOfWords(right.value, type) ^ numberOfWords(left.right.constant, type)
      return { step: "compare", left: left.left, operator, right: { value: wordsOfNumber(value, type) } }
    }
  }
  return { step: "compare", left, operator, right }
}
