import type { ValueSpec } from "./extension.js"
import { badValue } from "./problem.js"
import { numberIn, pairOf, toHex } from "./value-number.js"

/** Names of RFC 1349, which mean the bits 0x3f only. */
const names: Readonly<Record<string, number>> = {
  "minimize-delay": 0x10,
  "maximize-throughput": 0x08,
  "maximize-reliability": 0x04,
  "minimize-cost": 0x02,
  "normal-service": 0x00,
}

/** `0x10`, `0x10/0x3f`, `Minimize-Delay`. The value is the pair of number and mask. */
export const serviceType: ValueSpec = {
  shape: "number, number/mask, or a name such as Minimize-Delay",
  parse: (text) => {
    const named = names[text.toLowerCase()]
    if (named !== undefined) return [named, 0x3f]
    const slash = text.indexOf("/")
    const value = numberIn(slash < 0 ? text : text.slice(0, slash), 0, 255)
    const mask = slash < 0 ? 255 : numberIn(text.slice(slash + 1), 0, 255)
    if (typeof value !== "number" || typeof mask !== "number")
      return badValue(`"${text}" is not a type of service`)
    return [value, mask]
  },
  print: (value) =>
    pairOf(value)
      .map((number) => toHex(number, 2))
      .join("/"),
}
