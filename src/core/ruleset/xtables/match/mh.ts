import { isProblem } from "../../../base/diagnostic.js"
import { didYouMean } from "../../../base/nearest.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { numberRange } from "../value-number.js"
import { mhRange, mhStep } from "./ipv6-headers-step.js"
import { withoutAny } from "./spi.js"

/** Types of mobility messages (RFC 6275, 6.1). */
const names: Readonly<Record<string, number>> = {
  "binding-refresh-request": 0,
  brr: 0,
  "home-test-init": 1,
  hoti: 1,
  "careof-test-init": 2,
  coti: 2,
  "home-test": 3,
  hot: 3,
  "careof-test": 4,
  cot: 4,
  "binding-update": 5,
  bu: 5,
  "binding-acknowledgement": 6,
  ba: 6,
  "binding-error": 7,
  be: 7,
}

const numbers = numberRange(255)

/** The value is the pair of its ends. */
const type: ValueSpec = {
  ...numbers,
  shape: "type of a mobility message, or a range of them",
  parse: (text, family) => {
    const word = text.toLowerCase()
    const found = Object.keys(names).filter((name) => name.startsWith(word))
    const number = names[word] ?? (word !== "" && found.length === 1 ? names[found[0]!] : undefined)
    if (number !== undefined) return [number, number]
    const range = numbers.parse(text, family)
    return isProblem(range) && /^[a-z]/.test(word)
      ? badValue(`"${text}" is not a type of mobility messages`, didYouMean(word, Object.keys(names)))
      : range
  },
}

export const mh: Extension = {
  name: "mh",
  aliases: ["ipv6-mh", "mobility-header"],
  role: "match",
  families: [6],
  protocols: [135],
  options: [{ name: "mh-type", value: type, invertible: true }],
  normal: withoutAny("mh-type", 255),
  compile: (options) => mhStep(mhRange(options)),
  manual: { title: "ip6tables: mh", text: "The type of a mobility message.", example: "mh type 1" },
}
