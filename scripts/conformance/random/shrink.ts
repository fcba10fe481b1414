import { renderNft } from "../../../src/core/backend/nft/render.js"
import type { Ruleset, Table } from "../../../src/core/ruleset/ruleset.js"
import type { Case } from "./case.js"

/**
 * Makes a failing case small: first frames go, in halves and quarters and at last one by one, then rules, chains and tables. `fails` runs a case; at most `patience`
 * times. What is left fails still; it may not be the smallest.
 */
export function shrink(one: Case, fails: (candidate: Case) => boolean, patience = 120): Case {
  let left = patience
  const tries = (candidate: Case): boolean => left-- > 0 && fails(candidate)
  const smallest = lessOf(one.frames, (frames) => tries({ ...one, frames }))
  let found: Case = { ...one, frames: smallest }
  // Rules of other languages are kept as they are: their text is not ours to cut.
  if (found.loads.some(({ command }) => command !== "nft")) return found
  for (const candidate of tablesLess(found.ruleset)) {
    const smaller = withRuleset(found, candidate(found.ruleset))
    if (tries(smaller)) found = smaller
  }
  return found
}

/** The usual search for a small failing list: leaves out ever smaller pieces as long as what remains fails. */
function lessOf<Item>(items: readonly Item[], fails: (items: readonly Item[]) => boolean): readonly Item[] {
  let found = items
  for (let size = Math.ceil(found.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < found.length; ) {
      const without = [...found.slice(0, from), ...found.slice(from + size)]
      if (without.length > 0 && fails(without)) found = without
      else from += size
    }
  }
  return found
}

export function withRuleset(one: Case, ruleset: Ruleset): Case {
  return { ...one, ruleset, loads: [{ command: "nft", text: renderNft(ruleset).text }] }
}

type Cut = (ruleset: Ruleset) => Ruleset

/** Cuts to try, from the last to the first: a whole table, a chain's rules, one rule, a set that nobody uses. */
function tablesLess(ruleset: Ruleset): readonly Cut[] {
  const cuts: Cut[] = []
  for (const table of ruleset.tables)
    cuts.push((from) => ({ tables: from.tables.filter(({ name }) => name !== table.name) }))
  const inTable =
    (name: string, change: (table: Table) => Table): Cut =>
    (from) => ({
      tables: from.tables.map((table) => (table.name === name ? change(table) : table)),
    })
  for (const table of ruleset.tables) {
    for (const chain of table.chains)
      for (const rule of [...chain.rules].reverse())
        cuts.push(
          inTable(table.name, (from) => ({
            ...from,
            chains: from.chains.map((each) =>
              each.name === chain.name
                ? {
                    ...each,
                    rules: each.rules.filter(({ origin }) => origin.span.line !== rule.origin.span.line),
                  }
                : each,
            ),
          })),
        )
    for (const chain of table.chains)
      cuts.push(
        inTable(table.name, (from) => ({
          ...from,
          chains: from.chains.filter(({ name }) => name !== chain.name),
        })),
      )
    for (const set of table.sets)
      cuts.push(
        inTable(table.name, (from) => ({ ...from, sets: from.sets.filter(({ name }) => name !== set.name) })),
      )
  }
  return cuts
}
