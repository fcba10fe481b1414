import type { Diagnostic } from "../../base/diagnostic.js"
import type { Origin } from "../../ruleset/origin.js"
import type { BaseChain, Chain, Rule, Ruleset, Table } from "../../ruleset/ruleset.js"
import { commentOf, isQuotable } from "./comment.js"
import { asksPortWithoutProtocol } from "./connection-port.js"
import { renderFlowtable, renderObject } from "./render-object.js"
import { cannotSay, checkName, oneLine, writeStep } from "./render-part.js"
import { renderSet } from "./render-set.js"

export interface Rendered {
  /** What `nft -f -` loads; it adds, and deletes nothing. */
  readonly text: string
  /** What nft cannot say: the text lacks it, so it must not be loaded where there is an error. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * A ruleset as nft text, in the order and the notation in which `nft list ruleset` prints: one that reads it again gets the same. Each rule carries where it comes from
 * as its comment, and where the origin's text says more, a line above it.
 */
export function renderNft(ruleset: Ruleset): Rendered {
  const diagnostics: Diagnostic[] = []
  const text = ruleset.tables.map((table) => renderTable(table, diagnostics)).join("\n")
  return { text, diagnostics }
}

function renderTable(table: Table, diagnostics: Diagnostic[]): string {
  checkName("table", table.name, undefined, diagnostics)
  const head = [
    ...(table.comment === undefined ? [] : [`comment "${table.comment}"`]),
    ...(table.flags && table.flags.length > 0 ? [`flags ${table.flags.join(",")}`] : []),
  ]
  const blocks = [
    ...(head.length > 0 ? [head.map((line) => `\t${line}\n`).join("")] : []),
    ...(table.objects ?? []).map((object) => renderObject(object, diagnostics)),
    ...(table.flowtables ?? []).map(renderFlowtable),
    ...table.sets.map((set) => renderSet(set, diagnostics)),
    ...table.chains.map((chain) => renderChain(chain, diagnostics)),
  ]
  return `table ${table.family} ${table.name} {\n${blocks.join("\n")}}\n`
}

function renderChain(chain: Chain, diagnostics: Diagnostic[]): string {
  checkName("chain", chain.name, chain.rules[0]?.origin, diagnostics)
  const comment = chain.comment === undefined ? "" : `\t\tcomment "${chain.comment}"\n`
  const head = `${comment}${chain.base ? `\t\t${renderBase(chain.base)}\n` : ""}`
  const rules = chain.rules.map((rule, index) => renderRule(rule, chain.rules[index - 1], diagnostics))
  return `\tchain ${chain.name} {\n${head}${rules.join("")}\t}\n`
}

function renderBase(base: BaseChain): string {
  const devices = (base.devices ?? []).map((device) => `"${device}"`)
  const where =
    devices.length === 0
      ? ""
      : devices.length === 1
        ? ` device ${devices[0]}`
        : ` devices = { ${devices.join(", ")} }`
  return `type ${base.type} hook ${base.hook}${where} priority ${base.priority}; policy ${base.policy};${base.offload ? " flags offload;" : ""}`
}

function renderRule(rule: Rule, previous: Rule | undefined, diagnostics: Diagnostic[]): string {
  const { origin } = rule
  const isSame = previous?.origin.text === origin.text && previous.origin.span.line === origin.span.line
  const above = isSame || origin.written ? "" : originLine(origin)
  if (asksPortWithoutProtocol(rule.steps)) {
    const message = "nft takes a connection's port only where the rule has asked for its protocol before"
    diagnostics.push(cannotSay(message, origin))
  }
  const before = diagnostics.length
  const steps = rule.steps.map((step) => writeStep(step, origin, diagnostics))
  // Without a match that cannot be said the rest would mean every packet: who loads the text all the same shall not lock everybody out.
  if (diagnostics.length > before) return `${above}\t\t# left out, because nft cannot say all of it\n`
  const comment =
    rule.comment !== undefined && isQuotable(rule.comment)
      ? rule.comment
      : origin.written
        ? undefined
        : commentOf(origin)
  return `${above}\t\t${[...steps.filter((step) => step !== ""), ...(comment === undefined ? [] : [`comment "${comment}"`])].join(" ")}\n`
}

/** The origin's own words, where there are any, on a line of their own. */
function originLine(origin: Origin): string {
  if (origin.text === "") return ""
  const { span, text } = origin
  return `\t\t# ${oneLine(`${span.file}:${span.line}: ${text}`)}\n`
}
