import type { Diagnostic } from "../../base/diagnostic.js"
import { printDuration } from "../../base/duration.js"
import { verdictToNft } from "../../ruleset/action/verdict.js"
import { stepToNft } from "../../ruleset/kinds.js"
import { isName } from "../../ruleset/name.js"
import type { StepNode } from "../../ruleset/node.js"
import { itemToNft, literalToNft } from "../../ruleset/notation.js"
import type { Origin } from "../../ruleset/origin.js"
import type {
  BaseChain,
  Chain,
  Rule,
  Ruleset,
  SetDeclaration,
  SetElement,
  Table,
} from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import { commentOf, isQuotable } from "./comment.js"
import { asksPortWithoutProtocol } from "./connection-port.js"

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
  const blocks = [
    ...table.sets.map((set) => renderSet(set, diagnostics)),
    ...table.chains.map((chain) => renderChain(chain, diagnostics)),
  ]
  return `table ${table.family} ${table.name} {\n${blocks.join("\n")}}\n`
}

function renderSet(set: SetDeclaration, diagnostics: Diagnostic[]): string {
  checkName("set", set.name, set.origin, diagnostics)
  // nft gives an integer no type of its own: its width is that of the field it comes from.
  if (set.key.includes("integer") || set.data === "integer") {
    diagnostics.push(cannotSay(`set ${set.name}: nft has no type for plain numbers`, set.origin))
  }
  const lines = [typeLine(set)]
  if (set.size !== undefined) lines.push(`size ${set.size}`)
  const flags = flagOrder.filter((flag) => set.flags.includes(flag))
  if (flags.length > 0) lines.push(`flags ${flags.join(",")}`)
  if (set.timeout !== undefined) lines.push(`timeout ${printDuration(set.timeout)}`)
  if (set.autoMerge) lines.push("auto-merge")
  const statements = (set.statements ?? []).map((step) => writeStep(step, set.origin, diagnostics))
  if (statements.length > 0) lines.push(statements.join(" "))
  const elements = renderElements(set, diagnostics)
  if (elements !== undefined) lines.push(`elements = ${elements}`)
  const word = set.data === undefined && set.objects === undefined ? "set" : "map"
  return `\t${word} ${set.name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`
}

function typeLine(set: SetDeclaration): string {
  const data =
    set.data === undefined
      ? set.objects
      : `${set.intervalData ? "interval " : ""}${typeof set.data === "string" ? set.data : set.data.join(" . ")}`
  return `type ${set.key.join(" . ")}${data === undefined ? "" : ` : ${data}`}`
}

/** As nft lists them. */
const flagOrder = ["constant", "dynamic", "interval", "timeout"] as const

const elementsPerLine = 4

/** `{ a, b, … }`, or undefined where there are none. Hundreds of thousands are one pass and one join. */
export function renderElements(set: SetDeclaration, diagnostics: Diagnostic[]): string | undefined {
  if (!set.elements || set.elements.length === 0) return undefined
  const written = set.elements.map((element) => renderElement(element, set, diagnostics))
  const lines: string[] = []
  for (let at = 0; at < written.length; at += elementsPerLine) {
    lines.push(written.slice(at, at + elementsPerLine).join(", "))
  }
  return `{ ${lines.join(",\n\t\t\t     ")} }`
}

function renderElement(element: SetElement, set: SetDeclaration, diagnostics: Diagnostic[]): string {
  let text = itemToNft(element.key, set.key)
  if (element.timeout !== undefined) text += ` timeout ${printDuration(element.timeout)}`
  if (element.comment !== undefined) {
    if (isQuotable(element.comment)) text += ` comment "${element.comment}"`
    else
      diagnostics.push(
        cannotSay(
          `set ${set.name}: a comment has at most 128 bytes, no quotation mark and no line end`,
          set.origin,
          "warning",
        ),
      )
  }
  const data = dataToNft(element, set)
  return data === undefined ? text : `${text} : ${data}`
}

/** What a map has for the element. */
function dataToNft({ data, dataItem, object }: SetElement, set: SetDeclaration): string | undefined {
  if (object !== undefined) return `"${object}"`
  const types = dataTypesOf(set)
  if (dataItem) return itemToNft(dataItem, types)
  if (data === undefined) return undefined
  return "step" in data ? verdictToNft(data) : literalToNft(data, types[0] ?? "mark")
}

/** The types of a map's values; none for verdicts and objects. */
function dataTypesOf({ data }: SetDeclaration): readonly TypeName[] {
  if (data === undefined || data === "verdict") return []
  return typeof data === "string" ? [data] : data
}

function renderChain(chain: Chain, diagnostics: Diagnostic[]): string {
  checkName("chain", chain.name, chain.rules[0]?.origin, diagnostics)
  const head = chain.base ? `\t\t${renderBase(chain.base)}\n` : ""
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
  return `type ${base.type} hook ${base.hook}${where} priority ${base.priority}; policy ${base.policy};`
}

function renderRule(rule: Rule, previous: Rule | undefined, diagnostics: Diagnostic[]): string {
  const { origin } = rule
  const isSame = previous?.origin.text === origin.text && previous.origin.span.line === origin.span.line
  const above = isSame || origin.written ? "" : originLine(origin)
  if (asksPortWithoutProtocol(rule.steps)) {
    const message = "nft takes a connection's port only where the rule has asked for its protocol before"
    diagnostics.push(cannotSay(message, origin))
  }
  const steps = rule.steps.map((step) => writeStep(step, origin, diagnostics))
  const comment =
    rule.comment !== undefined && isQuotable(rule.comment)
      ? rule.comment
      : origin.written
        ? undefined
        : commentOf(origin)
  return `${above}\t\t${[...steps, ...(comment === undefined ? [] : [`comment "${comment}"`])].join(" ")}\n`
}

/** The origin's own words, where there are any, on a line of their own. */
function originLine(origin: Origin): string {
  if (origin.text === "") return ""
  const { span, text } = origin
  return `\t\t# ${oneLine(`${span.file}:${span.line}: ${text}`)}\n`
}

/** A line end inside would end nft's comment, and the rest would be read as a rule. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
}

function writeStep(step: StepNode, origin: Origin | undefined, diagnostics: Diagnostic[]): string {
  const text = stepToNft(step)
  if (typeof text === "string") return text
  diagnostics.push(cannotSay(text.unsupported, origin))
  return ""
}

function checkName(what: string, name: string, origin: Origin | undefined, diagnostics: Diagnostic[]): void {
  if (isName(name)) return
  diagnostics.push({
    id: "bad-nft-name",
    severity: "error",
    message: `"${oneLine(name)}" cannot be the name of a ${what} in nft`,
    ...(origin && { span: origin.span }),
  })
}

function cannotSay(
  message: string,
  origin: Origin | undefined,
  severity: Diagnostic["severity"] = "error",
): Diagnostic {
  return { id: "nft-cannot-say", severity, message, ...(origin && { span: origin.span }) }
}
