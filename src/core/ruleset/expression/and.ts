import type { ExpressionKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { maskToNft } from "../notation.js"
import { bracketed } from "./bracketed.js"

/** `left & mask`, the mask as wide as the value: `ip6 saddr & ffff:ffff:ffff:ffff::`, `tcp flags & (fin|syn|rst|ack)`. */
export interface AndNode {
  readonly expression: "and"
  readonly left: ExpressionNode
  readonly mask: readonly number[]
}

export const and: ExpressionKind<AndNode> = {
  name: "and",
  types: (node, typesOf) => typesOf(node.left),
  bits: (node, bitsOf) => bitsOf(node.left),
  toNft: (node, write) =>
    `${bracketed(node.left, "&", write)} & ${maskToNft(node.mask, write.types(node.left)[0]!)}`,
  read(node, build) {
    const left = build.read(node.left)
    if (!left) return undefined
    const mask = node.mask[0]!
    return (packet, run) => {
      const value = left(packet, run)
      return value < 0 ? -1 : (value & mask) >>> 0
    }
  },
  load(node, build) {
    const left = build.load(node.left)
    const { mask } = node
    return (packet, run, at) => {
      if (!left(packet, run, at)) return false
      for (let index = 0; index < mask.length; index++) run.registers[at + index]! &= mask[index]!
      return true
    }
  },
  requires: (node, requirementOf) => requirementOf(node.left),
  isKnown: ({ left, mask }, known) => known.value(left, mask.length === 1 ? mask[0] : undefined),
  hasKnownPresence: ({ left }, known) => known.presence(left),
  manual: {
    title: "Masks",
    text: "The bits of a value that a mask leaves: an address cut to its network, some of the TCP flags.",
    example: "tcp flags & (fin | syn | rst | ack) == syn",
  },
}
