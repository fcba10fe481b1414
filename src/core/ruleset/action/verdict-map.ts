import type { ExpressionNode, VerdictNode } from "../node.js"
import type { Item } from "../value.js"

/** `left vmap { a : drop, b : jump x }` or `left vmap @map`. No element: the rule ends without a verdict. */
export interface VerdictMapNode {
  readonly step: "verdict-map"
  readonly left: ExpressionNode
  readonly map: string | readonly { readonly key: Item; readonly verdict: VerdictNode }[]
}
