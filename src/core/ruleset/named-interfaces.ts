import { typesOf } from "./kinds.js"
import type { ExpressionNode, StepNode } from "./node.js"
import type { Ruleset, Table } from "./ruleset.js"
import type { Item, Literal } from "./value.js"
import type { XtHeaderNode, XtName } from "./xtables/node.js"

/** Names of interfaces that rules ask for, in the order in which they come; `*` at the end: all that begin so. */
export interface NamedInterfaces {
  /** Where packets are asked to have arrived. What a rule only excludes (`iifname != "eth0"`) is not among them. */
  readonly input: readonly string[]
  readonly output: readonly string[]
  /** All that are named at all. */
  readonly all: readonly string[]
}

/** Which interfaces somebody's rules are about. */
export function namedInterfaces(ruleset: Ruleset): NamedInterfaces {
  const found = { input: new Set<string>(), output: new Set<string>(), all: new Set<string>() }
  for (const table of ruleset.tables) {
    for (const { base, rules } of table.chains) {
      for (const device of base?.devices ?? []) {
        found[base?.hook === "egress" ? "output" : "input"].add(device)
        found.all.add(device)
      }
      for (const { steps } of rules) for (const step of steps) visit(step, table, found)
    }
  }
  return { input: [...found.input], output: [...found.output], all: [...found.all] }
}

interface Found {
  readonly input: Set<string>
  readonly output: Set<string>
  readonly all: Set<string>
}

function visit(step: StepNode | XtHeaderNode, table: Table, found: Found): void {
  if (step.step === "xt-header") {
    noteName(step.input, "input", found)
    noteName(step.output, "output", found)
  } else if (step.step === "compare") note(step.left, [step.right], step.operator === "!=", found)
  else if (step.step === "lookup")
    note(
      step.left,
      itemsOf(step.set, table, (item) => item),
      step.negated,
      found,
    )
  else if (step.step === "verdict-map")
    note(
      step.left,
      itemsOf(step.map, table, ({ key }) => key),
      false,
      found,
    )
}

function itemsOf<Entry>(
  of: string | readonly Entry[],
  table: Table,
  itemOf: (entry: Entry) => Item,
): readonly Item[] {
  if (typeof of !== "string") return of.map(itemOf)
  return (table.sets.find(({ name }) => name === of)?.elements ?? []).map(({ key }) => key)
}

function note(left: ExpressionNode, items: readonly Item[], negated: boolean, found: Found): void {
  if (!typesOf(left).includes("ifname")) return
  const parts = left.expression === "concatenation" ? left.parts : [left]
  parts.forEach((part, index) => {
    if (!typesOf(part).includes("ifname")) return
    const side = part.expression === "meta" && /^o/.test(part.key) ? "output" : "input"
    for (const item of items)
      for (const name of namesIn("parts" in item ? item.parts[index] : item)) {
        found.all.add(name)
        if (!negated) found[side].add(name)
      }
  })
}

function namesIn(item: Item | undefined): readonly string[] {
  if (item === undefined) return []
  const literals: readonly Literal[] =
    "value" in item ? [item.value] : "from" in item ? [item.from, item.to] : []
  return literals.filter((literal): literal is string => typeof literal === "string")
}

/** `-i` and `-o` of iptables, whose wildcard is a plus. */
function noteName(asked: XtName | undefined, side: "input" | "output", found: Found): void {
  if (asked === undefined) return
  const name = asked.name.replace(/\+$/, "*")
  found.all.add(name)
  if (!asked.negated) found[side].add(name)
}
