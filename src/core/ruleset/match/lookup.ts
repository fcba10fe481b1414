import type { ExpressionNode } from "../node.js"
import type { Item } from "../value.js"

/** `left @set` or `left { a, b }`. Finding an element runs the statements it carries, as the kernel does: a spent limit there makes the look-up fail. */
export interface LookupNode {
  readonly step: "lookup"
  readonly left: ExpressionNode
  readonly negated: boolean
  /** A named set, or the elements of an anonymous one. */
  readonly set: string | readonly Item[]
}
