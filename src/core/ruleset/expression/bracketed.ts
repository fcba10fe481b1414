import type { Writer } from "../kind.js"
import type { ExpressionNode } from "../node.js"

/** How strongly an operator binds in nft's grammar: shifts before `&`, `&` before `^`, `^` before `|`. */
const binding: Readonly<Record<string, number>> = { "|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4 }

/** What stands inside an operator, in brackets where it binds less. */
export function bracketed(node: ExpressionNode, operator: string, write: Writer): string {
  const text = write.expression(node)
  const own = node.expression === "binary" ? node.operator : node.expression === "and" ? "&" : undefined
  return own !== undefined && binding[own]! < binding[operator]! ? `(${text})` : text
}
