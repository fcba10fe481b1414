import type { Diagnostic } from "../../base/diagnostic.js"
import { stepToNft } from "../../ruleset/kinds.js"
import { isName } from "../../ruleset/name.js"
import type { StepNode } from "../../ruleset/node.js"
import type { Origin } from "../../ruleset/origin.js"

/** What all parts of a rendering share. */

/** A line end inside would end nft's comment, and the rest would be read as a rule. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
}

export function writeStep(step: StepNode, origin: Origin | undefined, diagnostics: Diagnostic[]): string {
  const text = stepToNft(step)
  if (typeof text === "string") return text
  diagnostics.push(cannotSay(text.unsupported, origin))
  return ""
}

export function checkName(
  what: string,
  name: string,
  origin: Origin | undefined,
  diagnostics: Diagnostic[],
): void {
  if (isName(name)) return
  diagnostics.push({
    id: "bad-nft-name",
    severity: "error",
    message: `"${oneLine(name)}" cannot be the name of a ${what} in nft`,
    ...(origin && { span: origin.span }),
  })
}

export function cannotSay(
  message: string,
  origin: Origin | undefined,
  severity: Diagnostic["severity"] = "error",
): Diagnostic {
  return { id: "nft-cannot-say", severity, message, ...(origin && { span: origin.span }) }
}
