import { printDuration } from "../../core/base/duration.js"
import { stepsToText } from "../../core/ruleset/kinds.js"
import { itemToNft } from "../../core/ruleset/notation.js"
import type { Origin } from "../../core/ruleset/origin.js"
import type { Chain, Ruleset, SetDeclaration, Table } from "../../core/ruleset/ruleset.js"

/** Constant sets of up to so many elements are written out. */
const SHOWN = 16

/**
 * A ruleset for people: chains with hook and priority, rules with the index that `replay` and `explain` name them by and the policy line that
 * they come from. Matches are in nft's notation.
 */
export function printRuleset(ruleset: Ruleset): string {
  return ruleset.tables.map(printTable).join("\n")
}

function printTable(table: Table): string {
  const blocks = [...table.chains.map(printChain), ...table.sets.map(printSet)]
  return `table ${table.family} ${table.name}\n\n${blocks.join("\n")}`
}

function printChain({ name, base, rules }: Chain): string {
  const devices = base?.devices?.length ? ` on ${base.devices.join(", ")}` : ""
  const kind = base?.type === "filter" ? "" : `${base?.type} `
  const place = base ? ` at ${kind}${base.hook} ${base.priority}${devices}, otherwise ${base.policy}` : ""
  const width = String(Math.max(0, rules.length - 1)).length
  const lines = rules.map(({ steps, origin }, index) => {
    const margin = `  ${String(index).padStart(width)}  `
    return `${margin}${stepsToText(steps)}\n${" ".repeat(margin.length)}# ${printOrigin(origin)}\n`
  })
  return `chain ${name}${place}\n${lines.join("")}`
}

function printSet(set: SetDeclaration): string {
  const data = set.data === undefined ? "" : ` to ${set.data}`
  const facts = [
    set.flags.join(" "),
    set.size === undefined ? "" : `at most ${set.size}`,
    set.timeout === undefined ? "" : `for ${printDuration(set.timeout)}`,
    set.keeps === undefined ? "" : `kept over an apply as ${set.keeps}`,
    set.statements?.length ? `each with ${stepsToText(set.statements)}` : "",
  ].filter((fact) => fact !== "")
  const elements = set.elements ?? []
  const shown = elements.slice(0, SHOWN).map(({ key }) => itemToNft(key, set.key))
  const more = elements.length > SHOWN ? [`and ${elements.length - SHOWN} more`] : []
  const held = elements.length > 0 ? `  ${[...shown, ...more].join(", ")}\n` : ""
  const origin = set.origin ? `  # ${printOrigin(set.origin)}\n` : ""
  return `set ${set.name} of ${set.key.join(" . ")}${data}${facts.length > 0 ? `: ${facts.join(", ")}` : ""}\n${held}${origin}`
}

/** `floodwall.yaml:7 syn-floods: 200/second burst 1000`. */
export function printOrigin({ span, text }: Origin): string {
  return `${span.file}:${span.line} ${text}`
}
