import { printDuration } from "../../base/duration.js"
import type { StepKind } from "../kind.js"
import type { ExpressionNode, StepNode } from "../node.js"
import { BREAK, UPDATE_DATA } from "../runtime.js"

/**
 * `add @set { key timeout 60s limit rate … }` and its kin. `add` leaves an element that is there as it is, `update` refreshes its time.
 * Where the element carries statements they run, and the rule goes on only if they match. A full set: the rule does not match.
 */
export interface SetUpdateNode {
  readonly step: "set-update"
  readonly operation: "add" | "update" | "delete"
  readonly set: string
  readonly key: ExpressionNode
  /** What a map gets for the key. */
  readonly data?: ExpressionNode
  /** In nanoseconds; absent: the set's. */
  readonly timeout?: number
  readonly statements?: readonly StepNode[]
}

export const setUpdate: StepKind<SetUpdateNode> = {
  name: "set-update",
  toNft(node, write) {
    const parts = [write.expression(node.key)]
    if (node.timeout !== undefined) parts.push(`timeout ${printDuration(node.timeout)}`)
    for (const statement of node.statements ?? []) {
      const text = write.step(statement)
      if (typeof text !== "string") return text
      parts.push(text)
    }
    if (node.data) parts.push(":", write.expression(node.data))
    return `${node.operation} @${node.set} { ${parts.join(" ")} }`
  },
  compile(node, build) {
    const update = build.set(node.set).updater(node)
    const load = build.load(node.key)
    if (node.data === undefined)
      return (packet, run) => (load(packet, run, 0) ? update(packet, run, 0) : BREAK)
    const data = build.load(node.data)
    return (packet, run) =>
      load(packet, run, 0) && data(packet, run, UPDATE_DATA) ? update(packet, run, 0) : BREAK
  },
  requires: (node, requirementOf) => requirementOf(node.key),
  manual: {
    title: "Sets that rules fill",
    text: "Adds an element to a set, refreshes or deletes it. Limits and counts inside the braces belong to the element: each source has its own.",
    example: "update @meter { ip saddr timeout 1m limit rate over 200/second burst 1000 packets } drop",
  },
}
