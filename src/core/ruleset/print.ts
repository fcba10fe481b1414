import { printDuration } from "../base/duration.js"
import type { StepNode } from "./node.js"
import { stepText } from "./observed.js"
import type { Origin } from "./origin.js"
import type { Chain, Rule, Ruleset, SetDeclaration, Table } from "./ruleset.js"

/**
 * A ruleset for people: what is asked in which order, and where each rule comes from. The matches are nft's, but the whole is not nft text
 * (`renderNft` writes that): sets say how many elements they have, and rules are numbered as traces number them, from 0.
 */
export function printRuleset(ruleset: Ruleset): string {
  return ruleset.tables.map(printTable).join("\n")
}

function printTable(table: Table): string {
  const blocks = [...table.sets.map(printSet), ...table.chains.map(printChain)]
  return `table ${table.family} ${table.name}\n${blocks.join("")}`
}

function printSet(set: SetDeclaration): string {
  const facts = [
    `${set.key.join(" . ")}${set.data === undefined ? "" : ` : ${set.data}`}`,
    ...set.flags,
    ...(set.size === undefined ? [] : [`size ${set.size}`]),
    ...(set.timeout === undefined ? [] : [`timeout ${printDuration(set.timeout)}`]),
    ...(set.statements ? [stepsToText(set.statements)] : []),
    ...(set.elements ? [`${set.elements.length} ${set.elements.length === 1 ? "element" : "elements"}`] : []),
    ...(set.keeps ? [`keeps its elements (${set.keeps})`] : []),
  ]
  return `\n  ${set.data === undefined ? "set" : "map"} ${set.name}: ${facts.join(", ")}${set.origin ? `  # ${printOrigin(set.origin)}` : ""}\n`
}

function printChain(chain: Chain): string {
  const { base } = chain
  const devices = base?.devices ? ` on ${base.devices.join(", ")}` : ""
  const head = base
    ? `: ${base.type} ${base.hook}${devices}, priority ${base.priority}, policy ${base.policy}`
    : ""
  const rules = chain.rules.map(
    (rule, index) =>
      `${printOriginLine(rule, chain.rules[index - 1])}    ${String(index).padStart(3)}  ${stepsToText(rule.steps)}\n`,
  )
  return `\n  chain ${chain.name}${head}\n${rules.join("")}`
}

/** Rules of the same origin stand together below it. */
function printOriginLine(rule: Rule, previous: Rule | undefined): string {
  const text = printOrigin(rule.origin)
  return previous && printOrigin(previous.origin) === text ? "" : `    # ${text}\n`
}

/** `policy.yaml:12 (wan, syn-floods): syn-floods: 200/second burst 1000` */
export function printOrigin(origin: Origin): string {
  const { span, text, zone, protection } = origin
  const who = [zone, protection].filter((part) => part !== undefined).join(", ")
  const place = `${span.file}:${span.line}${who === "" ? "" : ` (${who})`}`
  return text === "" ? place : `${place}: ${text.replaceAll(/\s+/g, " ").trim()}`
}

function stepsToText(steps: readonly StepNode[]): string {
  return steps.map(stepText).join(" ")
}
