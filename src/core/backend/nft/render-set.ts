import type { Diagnostic } from "../../base/diagnostic.js"
import { printDuration } from "../../base/duration.js"
import { verdictToNft } from "../../ruleset/action/verdict.js"
import { expressionToNft } from "../../ruleset/kinds.js"
import { itemToNft, literalToNft } from "../../ruleset/notation.js"
import type { SetDeclaration, SetElement } from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import { isQuotable } from "./comment.js"
import { cannotSay, checkName, writeStep } from "./render-part.js"

export function renderSet(set: SetDeclaration, diagnostics: Diagnostic[]): string {
  checkName("set", set.name, set.origin, diagnostics)
  // nft gives a number no type of its own: its width is that of the field it comes from.
  const isNameless = !set.typeof?.key && set.key.some((type) => nameless.has(type))
  if (isNameless || (!set.typeof?.data && dataTypesOf(set).some((type) => nameless.has(type)))) {
    diagnostics.push(cannotSay(`set ${set.name}: nft has no type for plain numbers`, set.origin))
  }
  const lines = [typeLine(set)]
  if (set.policy !== undefined) lines.unshift(`policy ${set.policy}`)
  if (set.comment !== undefined) lines.unshift(`comment "${set.comment}"`)
  if (set.size !== undefined) lines.push(`size ${set.size}`)
  const flags = flagOrder.filter((flag) => set.flags.includes(flag))
  if (flags.length > 0) lines.push(`flags ${flags.join(",")}`)
  if (set.timeout !== undefined) lines.push(`timeout ${printDuration(set.timeout)}`)
  if (set.gcInterval !== undefined) lines.push(`gc-interval ${printDuration(set.gcInterval)}`)
  if (set.autoMerge) lines.push("auto-merge")
  const statements = (set.statements ?? []).map((step) => writeStep(step, set.origin, diagnostics))
  if (statements.length > 0) lines.push(statements.join(" "))
  const elements = renderElements(set, diagnostics)
  if (elements !== undefined) lines.push(`elements = ${elements}`)
  const word = set.data === undefined && set.objects === undefined ? "set" : "map"
  return `\t${word} ${set.name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`
}

/** `type ipv4_addr : mark`, or `typeof ip saddr : meta mark` where both halves were declared so: nft takes no mixture. */
function typeLine(set: SetDeclaration): string {
  const interval = set.intervalData ? "interval " : ""
  const hasTypes = set.data !== undefined && set.data !== "verdict"
  if (set.typeof?.key && (!hasTypes || set.typeof.data)) {
    const data = set.typeof.data ? expressionToNft(set.typeof.data) : (set.objects ?? typesToNft(set))
    return `typeof ${expressionToNft(set.typeof.key)}${data === undefined ? "" : ` : ${interval}${data}`}`
  }
  const data = set.objects ?? typesToNft(set)
  return `type ${set.key.join(" . ")}${data === undefined ? "" : ` : ${interval}${data}`}`
}

function typesToNft({ data }: SetDeclaration): string | undefined {
  return data === undefined || typeof data === "string" ? data : data.join(" . ")
}

const nameless = new Set<TypeName>(["integer", "integer64"])

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
  for (const statement of element.statements ?? [])
    text += ` ${writeStep(statement, set.origin, diagnostics)}`
  if (element.timeout !== undefined) text += ` timeout ${printDuration(element.timeout)}`
  if (element.expires !== undefined) text += ` expires ${printDuration(element.expires)}`
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
