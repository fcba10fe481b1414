import type { Hook } from "../../ruleset/hook.js"
import { priority } from "../../ruleset/hook.js"
import type { BaseChain } from "../../ruleset/ruleset.js"
import type { XtChain, XtTable } from "../../ruleset/xtables/extension.js"

/** The tables in the order in which packets meet them, and the built-in chains of each (iptables(8), TABLES). */
export const tables: Readonly<Record<XtTable, readonly XtChain[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
}

export const tableNames: readonly string[] = Object.keys(tables)

export function isTable(name: string): name is XtTable {
  return Object.hasOwn(tables, name)
}

export function isBuiltIn(table: XtTable, chain: string): chain is XtChain {
  return (tables[table] as readonly string[]).includes(chain)
}

/** Where a built-in chain stands among the kernel's hooks (enum nf_ip_hook_priorities). */
export function baseOf(table: XtTable, chain: XtChain, policy: BaseChain["policy"]): BaseChain {
  const hook = chain.toLowerCase() as Hook
  return { type: typeOf(table, chain), hook, priority: priorityOf(table, chain), policy }
}

function typeOf(table: XtTable, chain: XtChain): BaseChain["type"] {
  if (table === "nat") return "nat"
  return table === "mangle" && chain === "OUTPUT" ? "route" : "filter"
}

function priorityOf(table: XtTable, chain: XtChain): number {
  if (table !== "nat") return priority[table]
  return chain === "PREROUTING" || chain === "OUTPUT" ? priority.destinationNat : priority.sourceNat
}
