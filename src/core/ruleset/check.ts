import type { Diagnostic } from "../base/diagnostic.js"
import { checkChains } from "./check-chains.js"
import { checkRule } from "./check-rule.js"
import { checkSet } from "./check-set.js"
import type { Ruleset, Table } from "./ruleset.js"

/**
 * What is wrong with a ruleset in itself, whoever wrote it: errors where the kernel would refuse it, lints where it takes it and means something else.
 * A ruleset without errors loads.
 */
export function checkRuleset(ruleset: Ruleset): readonly Diagnostic[] {
  return ruleset.tables.flatMap(checkTable)
}

function checkTable(table: Table): readonly Diagnostic[] {
  return [
    ...duplicates(table),
    ...table.sets.flatMap(checkSet),
    ...table.chains.flatMap((chain) => chain.rules.flatMap((rule) => checkRule(rule, table))),
    ...checkChains(table),
  ]
}

function duplicates({ chains, sets }: Table): readonly Diagnostic[] {
  return [...repeated(chains, "chain"), ...repeated(sets, "set")]
}

function repeated(named: readonly { readonly name: string }[], what: string): readonly Diagnostic[] {
  const seen = new Set<string>()
  return named.flatMap(({ name }): Diagnostic[] => {
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
      ? []
      : [{ id: "duplicate-name", severity: "error", message: `two ${what}s have the name ${name}` }]
  })
}
