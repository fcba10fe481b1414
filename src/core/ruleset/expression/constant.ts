import type { ExpressionKind } from "../kind.js"
import type { Build, Load, Read } from "../runtime.js"
import { type TypeName, wordsOf } from "../type.js"
import type { Literal } from "../value.js"

/** A value that stands where an expression may: `ct mark set 0x10 | meta mark`. */
export interface ConstantNode {
  readonly expression: "constant"
  readonly value: Literal
  readonly type: TypeName
}

export const constant: ExpressionKind<ConstantNode> = {
  name: "constant",
  types: (node) => [node.type],
  toNft: (node, write) => write.item({ value: node.value }, [node.type]),
  read: (node, build) => (wordsOf(node.type) === 1 ? readOf(node, build) : undefined),
  load: loadOf,
  manual: {
    title: "Constants",
    text: "A value in the place of an expression.",
    example: "ct mark set 0x00000010",
  },
}

function wordsIn({ value }: ConstantNode, build: Build): readonly number[] {
  return typeof value === "string" ? [build.interfaces(value)[0] ?? 0] : value
}

function readOf(node: ConstantNode, build: Build): Read {
  const value = wordsIn(node, build)[0]!
  return () => value
}

function loadOf(node: ConstantNode, build: Build): Load {
  const words = wordsIn(node, build)
  return (_packet, run, at) => {
    for (let index = 0; index < words.length; index++) run.registers[at + index] = words[index]!
    return true
  }
}
