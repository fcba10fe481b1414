import type { ImportItem } from "../imported.js"
import { problem } from "../problem.js"
import type { Resolved } from "./resolve.js"

/** An item of the report until all rules are read. */
export type ItemDraft = { -readonly [Key in keyof ImportItem]: ImportItem[Key] }

/** What all rules together come to, for one of them. */
export function settle(item: ItemDraft, own: readonly Resolved[]): void {
  const taken = own.find((each) => each.taken !== undefined)?.taken
  if (taken !== undefined) {
    lose(item, `${taken} has another setting already, from a rule above.`)
    return
  }
  const becomes = [...new Set(own.flatMap((each) => each.becomes))]
  const reasons = [...new Set(own.flatMap((each) => each.reasons))]
  item.becomes = becomes.length === 0 ? null : becomes.join("; ")
  const relations = own.map(({ relation }) => relation)
  item.relation = relations.includes("looser")
    ? "looser"
    : relations.includes("stricter")
      ? "stricter"
      : "same"
  const why = [...(item.why === undefined ? [] : [item.why]), ...reasons].join(" ")
  if (why !== "") item.why = why
}

/** A protection that the policy has nothing for. */
export function lose(item: ItemDraft, why: string): void {
  Object.assign(item, { relation: "lost", becomes: null, why, protects: true })
  item.diagnostics = [
    problem(
      "import-not-carried",
      "warning",
      "the rule has no counterpart in a policy",
      item.span,
      "it can stay where it is, beside the policy",
    ),
  ]
}
