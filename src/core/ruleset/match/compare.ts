import type { ExpressionNode } from "../node.js"
import type { Item } from "../value.js"

/** `left == right`. A range or a prefix is equal to what lies inside; `<` and its kin take a value. An expression that cannot be evaluated does not match, whatever the operator. */
export interface CompareNode {
  readonly step: "compare"
  readonly left: ExpressionNode
  readonly operator: "==" | "!=" | "<" | ">" | "<=" | ">="
  readonly right: Item
}
