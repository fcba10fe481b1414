import { didYouMean } from "../../../base/nearest.js"
import { stepsToText } from "../../../ruleset/kinds.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { Rule } from "../../../ruleset/ruleset.js"
import { canonicalSteps } from "../canonical.js"
import type { Context } from "./context.js"
import type { Elaboration } from "./elaboration.js"
import type { ChainModel, RuleModel, TableModel } from "./model.js"
import { elaborateStatement } from "./statement.js"
import { checkStatement } from "./statement-check.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, wordOf } from "./tree.js"
import { quotedWord } from "./values.js"

/** Commands that add, insert, replace and delete rules. */

export function ruleCommand(elaboration: Elaboration, verb: string, table: TableModel, value: Syntax): void {
  const chainSyntax = entry(value, "chain")
  const name = wordOf(chainSyntax)
  const chain = name === undefined ? undefined : table.chains.get(name)
  if (!chain) {
    elaboration.report(
      "nft-not-there",
      name === undefined ? "the name of a chain is missing" : `there is no chain ${name}`,
      chainSyntax ?? value,
      didYouMean(name ?? "", [...table.chains.keys()]),
    )
    return
  }
  const { rules } = chain
  const handle = numberOf(entry(value, "handle"))
  if (verb === "delete" || verb === "destroy") {
    const index = placeOf(rules, value)
    if (index >= 0) rules.splice(index, 1)
    else elaboration.assume("there is no such rule in what was read: nothing is deleted", value)
    return
  }
  const made = ruleOf(elaboration, table, chain, value)
  if (verb === "replace") {
    const index = placeOf(rules, value)
    if (index >= 0) rules[index] = { rule: made, handle }
    else elaboration.report("nft-not-there", "there is no such rule to replace", value)
    return
  }
  const isListed =
    elaboration.isListing && entry(value, "position") === undefined && entry(value, "index") === undefined
  const at = isListed ? undefined : neighbour(elaboration, rules, value)
  const model: RuleModel = { rule: made, handle: isListed ? handle : undefined }
  if (verb === "insert") rules.splice(at ?? 0, 0, model)
  else rules.splice(at === undefined ? rules.length : at + 1, 0, model)
}

/** The place of the rule that a handle or an index names; -1: it is not there. */
function placeOf(rules: readonly RuleModel[], value: Syntax): number {
  const index = numberOf(entry(value, "index"))
  if (index !== undefined) return index < rules.length ? index : -1
  const handle = numberOf(entry(value, "handle") ?? entry(value, "position"))
  return rules.findIndex((each) => each.handle !== undefined && each.handle === handle)
}

/** The rule that `index`, `position` or `handle` names, to stand beside; undefined: none is named. */
function neighbour(elaboration: Elaboration, rules: readonly RuleModel[], value: Syntax): number | undefined {
  const written = entry(value, "index") ?? entry(value, "position") ?? entry(value, "handle")
  if (!written) return undefined
  const place = placeOf(rules, value)
  if (place >= 0) return place
  if (entry(value, "index"))
    elaboration.report("nft-not-there", `there is no rule ${quotedWord(written)} in the chain`, written)
  else
    elaboration.assume(
      "the handles of rules are the kernel's: the rule is put at the end, or with insert at the beginning",
      written,
    )
  return undefined
}

function ruleOf(elaboration: Elaboration, table: TableModel, chain: ChainModel, value: Syntax): Rule {
  const context: Context = elaboration.contextOf(table, chain)
  const written: StepNode[] = []
  for (const statement of listOf(entry(value, "expr"))) {
    const steps = elaborateStatement(statement, context)
    checkStatement(steps, written, statement, context)
    written.push(...steps)
  }
  const steps = canonicalSteps(written, context)
  const comment = wordOf(entry(value, "comment"))
  const text = wordOf(entry(value, "text")) ?? stepsToText(steps)
  const { file, line, column } = value.span
  return {
    steps,
    origin: { span: { file, line, column }, text, written: true },
    ...(comment !== undefined && { comment }),
  }
}
