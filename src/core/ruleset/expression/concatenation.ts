import type { ExpressionNode } from "../node.js"

/** `a . b . c`: the key of a set with several parts. */
export interface ConcatenationNode {
  readonly expression: "concatenation"
  readonly parts: readonly ExpressionNode[]
}
