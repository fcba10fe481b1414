import type { ExpressionNode } from "../node.js"

/** `left & mask`, the mask as wide as the value: `ip6 saddr & ffff:ffff:ffff:ffff::`, `tcp flags & (fin|syn|rst|ack)`. */
export interface AndNode {
  readonly expression: "and"
  readonly left: ExpressionNode
  readonly mask: readonly number[]
}
