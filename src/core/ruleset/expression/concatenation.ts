import type { ExpressionKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { both, type Requirement } from "../requirement.js"
import { wordsOf } from "../type.js"

/** `a . b . c`: the key of a set with several parts. */
export interface ConcatenationNode {
  readonly expression: "concatenation"
  readonly parts: readonly ExpressionNode[]
}

export const concatenation: ExpressionKind<ConcatenationNode> = {
  name: "concatenation",
  types: (node, typesOf) => node.parts.flatMap(typesOf),
  toNft: (node, write) => node.parts.map(write.expression).join(" . "),
  load(node, build) {
    const loads = node.parts.map(build.load)
    let words = 0
    const offsets = node.parts.map((part) => {
      const offset = words
      for (const type of build.types(part)) words += wordsOf(type)
      return offset
    })
    const [first, second] = loads
    const behind = offsets[1]
    // Most have two parts: an address and a port.
    if (loads.length === 2 && first !== undefined && second !== undefined && behind !== undefined)
      return (packet, run, at) => first(packet, run, at) && second(packet, run, at + behind)
    return (packet, run, at) => {
      for (let index = 0; index < loads.length; index++) {
        if (!loads[index]!(packet, run, at + offsets[index]!)) return false
      }
      return true
    }
  },
  requires(node, requirementOf) {
    let all: Requirement | null = {}
    for (const part of node.parts) {
      const one = requirementOf(part)
      if (one === undefined) return undefined
      all = both(all, one)
      // Parts of two families: it never has a value, which nobody asks for.
      if (all === null) return undefined
    }
    return all
  },
  manual: {
    title: "Concatenations",
    text: "Several values side by side, as one key of a set. All of them must be there.",
    example: "ip saddr . tcp dport @admitted",
  },
}
