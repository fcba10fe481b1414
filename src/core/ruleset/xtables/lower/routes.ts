import type { FibNode } from "../../expression/fib.js"
import { maskedValue, match, type XtCondition, type XtTest, type XtWriter } from "./condition.js"

/** RTN_* of linux/rtnetlink.h, as `-m addrtype` names them. */
const addressTypes: Readonly<Record<number, string>> = {
  0: "UNSPEC",
  1: "UNICAST",
  2: "LOCAL",
  3: "BROADCAST",
  4: "ANYCAST",
  5: "MULTICAST",
  6: "BLACKHOLE",
  7: "UNREACHABLE",
  8: "PROHIBIT",
}

/** The routing table: `-m addrtype`, and of ways back `-m rpfilter`, which only raw and mangle have, at prerouting. */
export function fibToXtables(node: FibNode, test: XtTest, writer: XtWriter): XtCondition {
  const { family, table, chain } = writer
  const asked = maskedValue(test, "fib_addrtype")
  const which = node.selectors.includes("saddr") ? "src" : "dst"
  const others = node.selectors.filter((selector) => selector !== "saddr" && selector !== "daddr")
  if (node.result === "type" && others.length === 0 && asked && !test.mask) {
    const name = addressTypes[asked.value]
    if (name !== undefined)
      return [[match(family, "addrtype", [`${which}-type`, name, test.operator === "!="])]]
  }
  const isExistence = node.result === "check" || asked?.value === 0
  const asksWayBack =
    which === "src" && node.result !== "oifname" && asked !== undefined && isExistence && !test.mask
  const isPlace = chain === "PREROUTING" && (table === "raw" || table === "mangle")
  if (asksWayBack && isPlace && others.every((selector) => selector === "iif")) {
    const loose = others.length === 0 ? [["loose"] as const] : []
    const missing = (asked.value === 0) === (test.operator === "==") ? [["invert"] as const] : []
    return [[match(family, "rpfilter", ...loose, ...missing)]]
  }
  return { unsupported: `iptables has no words for fib ${node.selectors.join(" . ")} ${node.result}` }
}
