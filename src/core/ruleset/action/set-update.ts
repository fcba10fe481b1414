import type { ExpressionNode, StepNode } from "../node.js"

/**
 * `add @set { key timeout 60s limit rate … }` and its kin. `add` leaves an element that is there as it is, `update` refreshes its time.
 * Where the element carries statements they run, and the rule goes on only if they match. A full set: the rule does not match.
 */
export interface SetUpdateNode {
  readonly step: "set-update"
  readonly operation: "add" | "update" | "delete"
  readonly set: string
  readonly key: ExpressionNode
  /** In nanoseconds; absent: the set's. */
  readonly timeout?: number
  readonly statements?: readonly StepNode[]
}
