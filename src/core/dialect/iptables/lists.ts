import type { SetDeclaration, Table } from "../../ruleset/ruleset.js"
import { hasOption, numberOf } from "../../ruleset/xtables/option.js"
import { type Asked, askedBy, listName } from "./asked.js"
import { networksOfItem } from "./networks.js"
import type { Placed, RuleGraph } from "./rule-graph.js"

/** A rule that writes to a list of `recent`, or asks it. */
export interface ListUse {
  readonly placed: Placed
  readonly asked: Asked
}

/** What rules remember from one to another: lists of `recent`, and sets of ipset. */
export class Lists {
  readonly #writers = new Map<string, ListUse[]>()
  readonly #askers = new Map<string, ListUse[]>()
  readonly #sets = new Map<string, SetDeclaration>()

  constructor(tables: readonly Table[], graph: RuleGraph) {
    for (const table of tables) {
      for (const set of table.sets) this.#sets.set(set.name, set)
      for (const placed of graph.rulesOf(table)) {
        if (!placed.rule.steps.some((step) => step.step === "xt-match" && step.name === "recent")) continue
        const asked = askedBy([placed.rule])
        for (const name of asked.writes) push(this.#writers, name, { placed, asked })
        if (asked.match?.name === "recent")
          push(this.#askers, listName(asked.match.options), { placed, asked })
      }
    }
  }

  writersOf(name: string): readonly ListUse[] {
    return this.#writers.get(name) ?? []
  }

  askersOf(name: string): readonly ListUse[] {
    return this.#askers.get(name) ?? []
  }

  /** Sources that an ipset holds, or why it is not known who they are. */
  membersOf(name: string): readonly string[] | string {
    const set = this.#sets.get(name)
    const elements = set?.elements ?? []
    if (set?.key.length !== 1 || elements.length === 0)
      return `Who is in ${name} the rules do not say: with what ipset save prints before them they do.`
    if (set.flags.includes("timeout")) return `Who is in ${name} changes: another program writes to it.`
    return elements.flatMap(({ key }) => networksOfItem(key))
  }
}

function push(map: Map<string, ListUse[]>, name: string, use: ListUse): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, [use])
  else known.push(use)
}

/** Asks whether a source was seen lately at all, and not how often. */
export function asksForOne({ asked }: ListUse): boolean {
  const { match, ports } = asked
  if (match === undefined || ports.length > 0) return false
  const isNegated = match.options.some(({ negated }) => negated === true)
  return !isNegated && numberOf(match.options, "hitcount", 1) === 1 && hasOption(match.options, "seconds")
}
