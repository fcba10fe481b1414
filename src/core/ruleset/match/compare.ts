import type { StepKind, Writer } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { bitListToNft, hex, isBitType, literalToNft, prefixLengthOf } from "../notation.js"
import { BREAK, type Build, CONTINUE, type Step } from "../runtime.js"
import type { Item } from "../value.js"
import { matcherOf, wordMatcherOf } from "./matcher.js"

/** `left == right`. A range or a prefix is equal to what lies inside; `<` and its kin take a value. An expression that cannot be evaluated does not match, whatever the operator. */
export interface CompareNode {
  readonly step: "compare"
  readonly left: ExpressionNode
  readonly operator: "==" | "!=" | "<" | ">" | "<=" | ">="
  readonly right: Item
}

export const compare: StepKind<CompareNode> = {
  name: "compare",
  toNft: (node, write) =>
    bitTest(node, write) ?? presence(node, write) ?? network(node, write) ?? plain(node, write),
  compile(node, build) {
    const read = build.read(node.left)
    const negated = node.operator === "!="
    const isEquality = negated || node.operator === "=="
    const masked = isEquality ? compareMasked(node, build) : undefined
    if (masked) return masked
    if (read && "value" in node.right && typeof node.right.value !== "string") {
      return compareNumber(read, node.operator, node.right.value[0]!)
    }
    const types = build.types(node.left)
    if (read) {
      const matches = wordMatcherOf(node.right, types[0]!, build)
      return (packet, run) => {
        const value = read(packet, run)
        return value >= 0 && matches(value) !== negated ? CONTINUE : BREAK
      }
    }
    if (!isEquality) return compareWide(node, build)
    const load = build.load(node.left)
    const matches = matcherOf(node.right, types, build)
    return (packet, run) => (load(packet, run, 0) && matches(run.registers, 0) !== negated ? CONTINUE : BREAK)
  },
  requires({ left, operator, right }, requirementOf) {
    const isNumber = operator === "==" && "value" in right && typeof right.value !== "string"
    return isNumber && right.value.length === 1 ? requirementOf(left, right.value[0]) : requirementOf(left)
  },
  isKnown: ({ left }, known) => known.value(left),
  isQuestion: () => true,
  manual: {
    title: "Comparisons",
    text: "Compares a value with a constant, a range or a network. Where the packet does not have the value, the rule does not match.",
    example: "ip ttl < 5",
  },
}

function compareNumber(
  read: (...args: Parameters<Step>) => number,
  operator: CompareNode["operator"],
  right: number,
): Step {
  switch (operator) {
    case "==":
      return (packet, run) => (read(packet, run) === right ? CONTINUE : BREAK)
    case "!=":
      return (packet, run) => {
        const value = read(packet, run)
        return value >= 0 && value !== right ? CONTINUE : BREAK
      }
    case "<":
      return (packet, run) => {
        const value = read(packet, run)
        return value >= 0 && value < right ? CONTINUE : BREAK
      }
    case ">":
      return (packet, run) => (read(packet, run) > right ? CONTINUE : BREAK)
    case "<=":
      return (packet, run) => {
        const value = read(packet, run)
        return value >= 0 && value <= right ? CONTINUE : BREAK
      }
    case ">=":
      return (packet, run) => {
        const value = read(packet, run)
        return value >= 0 && value >= right ? CONTINUE : BREAK
      }
  }
}

/** `left & mask == value` in one go: flags, states and fragment offsets are asked of every packet. */
function compareMasked({ left, operator, right }: CompareNode, build: Build): Step | undefined {
  if (left.expression !== "and" || !("value" in right) || typeof right.value === "string") return undefined
  const read = build.read(left.left)
  if (!read) return undefined
  // Both as signed 32-bit numbers, which is what `&` makes.
  const mask = left.mask[0]! | 0
  const wanted = right.value[0]! | 0
  if (operator === "==") {
    return (packet, run) => {
      const value = read(packet, run)
      return value >= 0 && (value & mask) === wanted ? CONTINUE : BREAK
    }
  }
  return (packet, run) => {
    const value = read(packet, run)
    return value >= 0 && (value & mask) !== wanted ? CONTINUE : BREAK
  }
}

/** Addresses of several words, most significant first. */
function compareWide(node: CompareNode, build: Build): Step {
  const load = build.load(node.left)
  const right = "value" in node.right && typeof node.right.value !== "string" ? node.right.value : []
  const wantsLess = node.operator === "<" || node.operator === "<="
  const wantsEqual = node.operator === "<=" || node.operator === ">="
  return (packet, run) => {
    if (!load(packet, run, 0)) return BREAK
    for (let index = 0; index < right.length; index++) {
      const value = run.registers[index]!
      if (value !== right[index]) return value < right[index]! === wantsLess ? CONTINUE : BREAK
    }
    return wantsEqual ? CONTINUE : BREAK
  }
}

/** `ct state established,new`, `ct state ! invalid`: nft's short form for "one of these bits" and "none of them". */
function bitTest(node: CompareNode, write: Writer): string | undefined {
  const { left, operator, right } = node
  if (left.expression !== "and" || !("value" in right) || typeof right.value === "string") return undefined
  const type = write.types(left)[0]!
  if (!isBitType(type) || (operator !== "==" && operator !== "!=")) return undefined
  const inner = write.expression(left.left)
  if (right.value.every((word) => word === 0))
    return `${inner} ${operator === "!=" ? "" : "! "}${bitListToNft(left.mask, type)}`
  return `${write.expression(left)} ${operator} ${write.item(right, [type])}`
}

/** `exthdr frag exists`, `fib saddr . iif oif missing`. */
function presence(node: CompareNode, write: Writer): string | undefined {
  const { left, operator, right } = node
  if (!("value" in right) || typeof right.value === "string" || (operator !== "==" && operator !== "!="))
    return undefined
  const value = right.value[0]!
  if (write.types(left)[0] !== "boolean" || value > 1) return undefined
  return `${write.expression(left)} ${operator === "!=" ? "!= " : ""}${value === 1 ? "exists" : "missing"}`
}

/** `ip saddr & 255.255.255.0 == 192.0.2.0` is a network, and nft lists it as one. */
function network(node: CompareNode, write: Writer): string | undefined {
  const { left, operator, right } = node
  if (left.expression !== "and" || !("value" in right) || typeof right.value === "string") return undefined
  const type = write.types(left)[0]!
  if ((type !== "ipv4_addr" && type !== "ipv6_addr") || (operator !== "==" && operator !== "!="))
    return undefined
  const length = prefixLengthOf(left.mask, type)
  if (length < 1) return undefined
  return `${write.expression(left.left)} ${operator === "!=" ? "!= " : ""}${literalToNft(right.value, type)}/${length}`
}

function plain(node: CompareNode, write: Writer): string {
  const types = write.types(node.left)
  const type = types[0]!
  const { left, operator } = node
  const written = write.item(node.right, types)
  const isBits = isBitType(type)
  const right =
    "parts" in node.right
      ? `{ ${written} }`
      : isBits && written.includes(" ") && "value" in node.right && typeof node.right.value !== "string"
        ? hex(node.right.value)
        : written
  // Behind bits and operators nft reads a missing `==` as "one of these".
  const isExplicit = operator !== "==" || isBits || left.expression === "and" || left.expression === "binary"
  return `${write.expression(left)} ${isExplicit ? `${operator} ` : ""}${right}`
}
