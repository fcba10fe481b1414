import type { Writer } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import type { TypeName } from "../type.js"
import type { Item } from "../value.js"

/** What a statement uses: a constant, or what an expression is worth for the packet. */
export type Operand = { readonly item: Item } | { readonly expression: ExpressionNode }

export function operandToNft(operand: Operand, types: readonly TypeName[], write: Writer): string {
  return "item" in operand ? write.item(operand.item, types) : write.expression(operand.expression)
}

/** Four words are an IPv6 address. */
export function typeOfAddress(operand: Operand): "ipv4_addr" | "ipv6_addr" {
  if (!("item" in operand)) return "ipv4_addr"
  const { item } = operand
  const literal =
    "value" in item ? item.value : "from" in item ? item.from : "prefix" in item ? item.prefix : []
  return typeof literal !== "string" && literal.length === 4 ? "ipv6_addr" : "ipv4_addr"
}
