import type { NumgenNode } from "../../expression/numgen.js"
import { match, rangesOf, type XtCondition, type XtTest, type XtWriter } from "./condition.js"

/** One number out of several, counting or by chance: `-m statistic`. */
export function numgenToXtables(node: NumgenNode, test: XtTest, { family }: XtWriter): XtCondition {
  const { mode, modulus, offset = 0 } = node
  const ranges = test.mask || offset !== 0 ? undefined : rangesOf(test, 32)
  const [range] = ranges ?? []
  if (ranges?.length === 1 && range) {
    const [from, to] = [range[0], Math.min(range[1], modulus - 1)]
    if (mode === "inc" && from === to)
      return {
        once: match(
          family,
          "statistic",
          ["mode", "nth"],
          ["every", String(modulus)],
          ["packet", String(from)],
        ),
      }
    if (mode === "random" && from <= to) {
      const probability = ((to - from + 1) / modulus).toFixed(11)
      return { once: match(family, "statistic", ["mode", "random"], ["probability", probability]) }
    }
  }
  return { unsupported: "iptables counts to one number, or draws one of several" }
}
