import type { Diagnostic } from "../../base/diagnostic.js"
import type { Chain, Ruleset, SetDeclaration, Table } from "../../ruleset/ruleset.js"
import { lowerToXtables } from "./lower.js"
import { isBuiltIn, isTable, tables } from "./places.js"
import { renderIpset } from "./render-ipset.js"
import { ruleText } from "./rule-text.js"

export interface RenderedIptables {
  /** What iptables-restore (or ip6tables-restore) loads. */
  readonly text: string
  /** What `ipset restore` loads before; empty where no rule asks for a set. */
  readonly ipsets: string
  /** What iptables cannot say: the text lacks it, so it must not be loaded where there is an error. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * A ruleset as iptables-save prints it, for one IP version. Tables of iptables' own are printed as they are; where others are among them, all are said in iptables' words first.
 * Reading what was printed gives the same tables again.
 */
export function renderIptables(ruleset: Ruleset, family: 4 | 6): RenderedIptables {
  const ours = ruleset.tables.filter((table) => concerns(table, family))
  const isOwn = ours.every((table) => isXtables(table, family))
  const lowered = isOwn
    ? { ruleset: { tables: ours }, diagnostics: [] }
    : lowerToXtables({ tables: ours }, family)
  const diagnostics: Diagnostic[] = [...lowered.diagnostics]
  const order = Object.keys(tables)
  const sorted = [...lowered.ruleset.tables].sort(
    (left, right) => order.indexOf(left.name) - order.indexOf(right.name),
  )
  const sets = new Map<string, SetDeclaration>()
  for (const table of sorted) for (const set of table.sets) sets.set(set.name, set)
  const ipsets = [...sets.values()].flatMap((set) => {
    const lines = renderIpset(set, family)
    if (!("unsupported" in lines)) return lines
    diagnostics.push({
      id: "iptables-cannot-say",
      severity: "error",
      message: lines.unsupported,
      ...(set.origin && { span: set.origin.span }),
    })
    return []
  })
  return {
    text: sorted.map((table) => renderTable(table, diagnostics)).join(""),
    ipsets: ipsets.map((line) => `${line}\n`).join(""),
    diagnostics,
  }
}

/** Tables that see packets of the IP version. */
function concerns({ family }: Table, version: 4 | 6): boolean {
  return family === "inet" || family === "netdev" || family === (version === 4 ? "ip" : "ip6")
}

/** A table of iptables' own: its name, its chains at their places, and nothing in its rules that iptables has no words for. */
function isXtables(table: Table, family: 4 | 6): boolean {
  if (table.family !== (family === 4 ? "ip" : "ip6") || !isTable(table.name)) return false
  const { name } = table
  return table.chains.every(
    (chain) =>
      (chain.base === undefined || isBuiltIn(name, chain.name)) &&
      chain.rules.every(({ steps }) => ruleText(steps) !== undefined),
  )
}

function renderTable(table: Table, diagnostics: Diagnostic[]): string {
  const heads = table.chains.map(
    ({ name, base }) => `:${name} ${base ? base.policy.toUpperCase() : "-"} [0:0]`,
  )
  const rules = table.chains.flatMap((chain) => rulesOf(chain, diagnostics))
  return [`*${table.name}`, ...heads, ...rules, "COMMIT", ""].join("\n")
}

function rulesOf(chain: Chain, diagnostics: Diagnostic[]): readonly string[] {
  return chain.rules.flatMap(({ steps, origin }) => {
    const text = ruleText(steps)
    if (text !== undefined) return [text === "" ? `-A ${chain.name}` : `-A ${chain.name} ${text}`]
    diagnostics.push({
      id: "iptables-cannot-say",
      severity: "error",
      message: "iptables has no words for a part of the rule",
      span: origin.span,
    })
    return []
  })
}
