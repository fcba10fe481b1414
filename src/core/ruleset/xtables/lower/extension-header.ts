import type { ExtensionHeaderNode } from "../../expression/extension-header.js"
import { maskedValue, match, never, type XtCondition, type XtTest, type XtWriter } from "./condition.js"

const headerNames: Partial<Record<ExtensionHeaderNode["header"], string>> = {
  hbh: "hop-by-hop",
  rt: "ipv6-route",
  frag: "ipv6-frag",
  dst: "ipv6-opts",
}

/** Whether an IPv6 extension header is there: `-m ipv6header --soft`. */
export function extensionHeaderToXtables(
  node: ExtensionHeaderNode,
  test: XtTest,
  writer: XtWriter,
): XtCondition {
  const { family, seesFragments } = writer
  if (family === 4) return never
  const asked = maskedValue(test, "boolean")
  const name = headerNames[node.header]
  // A field of a header that is not there cannot be compared.
  if (node.header === "frag" && !seesFragments) {
    if (node.field !== undefined) return writer.settled(false)
    if (asked && !test.mask) return writer.settled((asked.value === 0) === (test.operator === "=="))
  }
  if (node.field !== undefined || name === undefined || !asked || test.mask)
    return { unsupported: `iptables has no words for ${node.header} ${node.field ?? ""}`.trimEnd() }
  const isMissing = (asked.value === 0) === (test.operator === "==")
  return [[match(family, "ipv6header", ["soft"], ["header", name, isMissing])]]
}
