import { isProblem } from "../../../base/diagnostic.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { choice } from "../value-choice.js"
import { number64 } from "../value-number.js"
import { connbytesSettings, connbytesStep } from "./connbytes-step.js"

/** `FROM`, `FROM:`, `:TO`, `FROM:TO`. The value is the pair of both ends; null: no end. Beyond what a number holds, digits as text. */
const amounts: ValueSpec = {
  shape: "number, or range of numbers: 1000, 1000:, 1000:2000",
  parse: (word, family) => {
    const parts = word.split(":")
    if (parts.length > 2) return badValue(`"${word}" is not a range`)
    const from = parts[0] === "" && parts.length === 2 ? 0 : number64.parse(parts[0]!, family)
    const to = parts[1] === undefined || parts[1] === "" ? null : number64.parse(parts[1], family)
    if (isProblem(from)) return from
    if (isProblem(to)) return to
    if (to !== null && BigInt(String(from)) > BigInt(String(to)))
      return badValue(`the range ${word} runs backwards`)
    return [from, to]
  },
  print: (value) => {
    const [from, to] = value as readonly [number | string, number | string | null]
    return to === null ? `${from}` : `${from}:${to}`
  },
}

/** Packets or bytes that a connection has seen, one way or both; or the mean size of a packet. */
export const connbytes: Extension = {
  name: "connbytes",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [
    { name: "connbytes", value: amounts, required: true, invertible: true },
    { name: "connbytes-mode", value: choice(["packets", "bytes", "avgpkt"]), required: true },
    { name: "connbytes-dir", value: choice(["original", "reply", "both"]), required: true },
  ],
  toNft: (options) => {
    const [amount, mode, direction] = options
    const [from, to] = (amount?.value ?? [0, null]) as readonly [number | string, number | string | null]
    const way = direction?.value === "both" ? "" : `${String(direction?.value)} `
    const key = { packets: "packets", bytes: "bytes", avgpkt: "avgpkt" }[String(mode?.value)]
    if (to === null) return `ct ${way}${key} ${amount?.negated ? "lt" : "ge"} ${from}`
    return `ct ${way}${key} ${amount?.negated ? "!= " : ""}${from}-${to}`
  },
  compile: (options, build) => connbytesStep(connbytesSettings(options), build),
  manual: {
    title: "iptables: connbytes",
    text: "Packets or bytes of a connection so far.",
    example: "ct original packets 0-1000",
  },
}
