import type { Origin } from "../../ruleset/origin.js"
import type { Ruleset, SetDeclaration } from "../../ruleset/ruleset.js"
import type { XtChain, XtTable } from "../../ruleset/xtables/extension.js"
import { optionOf } from "../../ruleset/xtables/option.js"
import { checkTable } from "./check.js"
import { DEFAULT_SIZE, declarationOf, type IpsetState } from "./ipset-state.js"
import { baseOf, tables } from "./places.js"
import { Report } from "./report.js"
import { type KeptRule, TableState } from "./state.js"
import type { Word } from "./words.js"

/** The rules of one file for one IP version while they are read. */
export class Rules {
  readonly family: 4 | 6
  readonly report: Report
  /** By their names; what ipset lines make. */
  readonly sets = new Map<string, IpsetState>()
  private readonly tables = new Map<XtTable, TableState>()

  constructor(path: string, family: 4 | 6, report = new Report(path)) {
    this.family = family
    this.report = report
  }

  tableOf(name: XtTable): TableState {
    const known = this.tables.get(name)
    if (known) return known
    const made = new TableState(name, this.family)
    this.tables.set(name, made)
    return made
  }

  originOf(line: number, column: number, text: string): Origin {
    return {
      span: { file: this.report.path, line, column, endLine: line, endColumn: column + text.length },
      text,
    }
  }

  /** Checks what only the whole shows, and makes the tables, in the order in which packets meet them. */
  finish(): Ruleset {
    const order = Object.keys(tables) as XtTable[]
    const there = order.flatMap((name) => this.tables.get(name) ?? [])
    for (const table of there) checkTable(table, this.report)
    return {
      tables: there.map((table) => ({
        family: this.family === 4 ? "ip" : "ip6",
        name: table.name,
        sets: this.setsOf(table),
        chains: table.chains.map((chain) => ({
          name: chain.name,
          ...(chain.isBuiltIn && { base: baseOf(table.name, chain.name as XtChain, chain.policy) }),
          rules: chain.rules.map(ruleOf),
        })),
      })),
    }
  }

  /** The sets that the table's rules name; one that no line of ipset made is taken for empty. */
  private setsOf(table: TableState): readonly SetDeclaration[] {
    const found = new Map<string, SetDeclaration>()
    const added = new Set<string>()
    for (const { rules } of table.chains)
      for (const { draft } of rules)
        for (const { options } of [...draft.matches, ...(draft.target ? [draft.target] : [])])
          for (const { option, word } of options) {
            if (!option.name.endsWith("-set") || !Array.isArray(option.value)) continue
            const name = String(option.value[0])
            if (option.name === "add-set") added.add(name)
            if (!found.has(name))
              found.set(name, this.setOf(name, option.value[1] as readonly string[], word))
          }
    return [...found.values()].map((set) =>
      added.has(set.name) && !set.flags.includes("interval")
        ? { ...set, flags: [...set.flags, "dynamic"] }
        : set,
    )
  }

  private setOf(name: string, ends: readonly string[], word: Word): SetDeclaration {
    const known = this.sets.get(name)
    if (known) return declarationOf(known, this.sets)
    const hint = "put what `ipset save` prints before the rules"
    if (this.sets.size > 0) this.report.error("unknown-set", `there is no set ${name}`, word, hint)
    else
      this.report.warning(
        "unknown-set",
        `the set ${name} is not in the file: the engine takes it for empty`,
        word,
        hint,
      )
    const address = this.family === 4 ? "ipv4_addr" : "ipv6_addr"
    return {
      name,
      key: ends.length > 1 ? [address, "inet_proto", "inet_service"] : [address],
      flags: [],
      size: DEFAULT_SIZE,
    }
  }
}

/** A comment that stands alone among the matches is the rule's. */
function ruleOf({ steps, origin }: KeptRule) {
  const comments = steps.flatMap((step) =>
    step.step === "xt-match" && step.name === "comment"
      ? [String(optionOf(step.options, "comment")?.value)]
      : [],
  )
  return { steps, origin, ...(comments.length > 0 && { comment: comments.join(" ") }) }
}
