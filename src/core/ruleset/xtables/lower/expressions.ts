import type { AndNode } from "../../expression/and.js"
import type { ExpressionNode } from "../../node.js"
import { concatenationToXtables } from "./concatenation.js"
import type { XtCondition, XtTest, XtWriter } from "./condition.js"
import { ctToXtables } from "./ct.js"
import { extensionHeaderToXtables } from "./extension-header.js"
import { metaToXtables } from "./meta.js"
import { numgenToXtables } from "./numgen.js"
import { payloadToXtables } from "./payload.js"
import { fibToXtables } from "./routes.js"
import { tcpOptionToXtables } from "./tcp-option.js"

type Lower<Node> = (node: Node, test: XtTest, writer: XtWriter) => XtCondition

/** A second mask is narrowed by the first. */
function andToXtables(node: AndNode, test: XtTest, writer: XtWriter): XtCondition {
  const mask = test.mask?.map((word, index) => (word & node.mask[index]!) >>> 0) ?? node.mask
  return writer.test(node.left, { ...test, mask })
}

/** Each kind of expression that iptables has words for, by its name. */
const expressions: {
  readonly [Name in ExpressionNode["expression"]]?: Lower<Extract<ExpressionNode, { expression: Name }>>
} = {
  meta: metaToXtables,
  payload: payloadToXtables,
  ct: ctToXtables,
  fib: fibToXtables,
  "tcp-option": tcpOptionToXtables,
  "extension-header": extensionHeaderToXtables,
  concatenation: concatenationToXtables,
  numgen: numgenToXtables,
  and: andToXtables,
}

/** What a test of an expression is in iptables' words. */
export function expressionToXtables(node: ExpressionNode, test: XtTest, writer: XtWriter): XtCondition {
  const lower = expressions[node.expression] as Lower<ExpressionNode> | undefined
  return (
    lower?.(node, test, writer) ?? { unsupported: `iptables has no words for ${node.expression} expressions` }
  )
}
