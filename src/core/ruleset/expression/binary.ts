import type { ExpressionKind, Writer } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { maskToNft } from "../notation.js"
import { type Build, type Load, oneWord, type Read } from "../runtime.js"
import { dataTypes, type TypeName } from "../type.js"
import { bracketed } from "./bracketed.js"

/**
 * `left | right`, `left ^ right`, `left << 2`, and `&` with something else than a constant (which is `and`). A shift's right side is a plain number. The value
 * has the type of the left side, and of fewer than 32 bits that are shifted is a plain number.
 */
export interface BinaryNode {
  readonly expression: "binary"
  readonly operator: "&" | "|" | "^" | "<<" | ">>"
  readonly left: ExpressionNode
  readonly right: ExpressionNode | { readonly constant: readonly number[] } | { readonly shift: number }
}

export const binary: ExpressionKind<BinaryNode> = {
  name: "binary",
  types: (node, typesOf) =>
    isShifted(node) && bitsOfTypes(typesOf(node.left)) < 32 ? ["xinteger"] : typesOf(node.left),
  bits: (node, bitsOf) => (isShifted(node) ? Math.max(32, bitsOf(node.left)) : bitsOf(node.left)),
  toNft: (node, write) => `${inner(node, write)} ${node.operator} ${rightToNft(node, write)}`,
  read: readOf,
  load(node, build) {
    const read = readOf(node, build)
    return read ? oneWord(read) : loadOf(node, build)
  },
  manual: {
    title: "Arithmetic with bits",
    text: "Two values, or a value and a constant, combined bit by bit, and shifts.",
    example: "meta mark set ct mark | 0x00000010",
  },
}

/** What a shift makes of a few bits is a plain number. */
function isShifted(node: BinaryNode): boolean {
  return node.operator === "<<" || node.operator === ">>"
}

function bitsOfTypes(types: readonly TypeName[]): number {
  return types.reduce((sum, type) => sum + dataTypes[type], 0)
}

function inner(node: BinaryNode, write: Writer): string {
  return bracketed(node.left, node.operator, write)
}

function rightToNft({ left, right, operator }: BinaryNode, write: Writer): string {
  if ("shift" in right) return String(right.shift)
  if ("constant" in right) return maskToNft(right.constant, write.types(left)[0]!)
  return bracketed(right, operator, write)
}

type Combine = (left: number, right: number) => number

const combiners: Record<BinaryNode["operator"], Combine> = {
  "&": (left, right) => (left & right) >>> 0,
  "|": (left, right) => (left | right) >>> 0,
  "^": (left, right) => (left ^ right) >>> 0,
  "<<": (left, right) => (right > 31 ? 0 : (left << right) >>> 0),
  ">>": (left, right) => (right > 31 ? 0 : left >>> right),
}

function readOf(node: BinaryNode, build: Build): Read | undefined {
  const left = build.read(node.left)
  if (!left) return undefined
  const combine = combiners[node.operator]
  const { right } = node
  if ("shift" in right || "constant" in right) {
    const constant = "shift" in right ? right.shift : right.constant[0]!
    return (packet, run) => {
      const value = left(packet, run)
      return value < 0 ? -1 : combine(value, constant)
    }
  }
  const other = build.read(right)
  if (!other) return undefined
  return (packet, run) => {
    const value = left(packet, run)
    const second = value < 0 ? -1 : other(packet, run)
    return second < 0 ? -1 : combine(value, second)
  }
}

/** Addresses and the like, word by word; nothing wide is shifted. */
function loadOf(node: BinaryNode, build: Build): Load {
  const { right } = node
  if (!("constant" in right)) return () => false
  const left = build.load(node.left)
  const combine = combiners[node.operator]
  const { constant: mask } = right
  return (packet, run, at) => {
    if (!left(packet, run, at)) return false
    for (let index = 0; index < mask.length; index++)
      run.registers[at + index] = combine(run.registers[at + index]!, mask[index]!)
    return true
  }
}
