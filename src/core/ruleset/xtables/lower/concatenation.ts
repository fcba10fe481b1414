import type { ConcatenationNode } from "../../expression/concatenation.js"
import {
  both,
  isUnsupported,
  type XtAlternatives,
  type XtCondition,
  type XtConjunction,
  type XtTest,
  type XtWriter,
} from "./condition.js"

/** `meta l4proto . th dport { tcp . 22, udp . 53 }`: each key is a rule that asks for all its parts. */
export function concatenationToXtables(node: ConcatenationNode, test: XtTest, writer: XtWriter): XtCondition {
  if (test.operator !== "==" || test.mask)
    return { unsupported: "iptables asks for all parts of a key, not for anything but them" }
  const alternatives: XtConjunction[] = []
  for (const item of test.items) {
    if (!("parts" in item)) return { unsupported: "iptables has no words for this key" }
    let all: XtAlternatives = [[]]
    for (const [index, part] of node.parts.entries()) {
      const condition = writer.test(part, { operator: "==", items: [item.parts[index]!] })
      if (isUnsupported(condition)) return condition
      if ("once" in condition)
        return { unsupported: "iptables asks such a part once for a packet, not in a key" }
      all = both(all, condition)
    }
    alternatives.push(...all)
  }
  return alternatives
}
