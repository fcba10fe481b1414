import type { Extension, ValueSpec } from "../extension.js"
import { hasOption, isNegated, numberOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { addressWords, printWords } from "../value-address.js"
import { number } from "../value-number.js"
import { rtSettings, rtStep } from "./ipv6-headers-step.js"
import { spiRange, withoutAny } from "./spi.js"

/** The value is a list of lists of words. */
const addresses: ValueSpec = {
  shape: "up to 16 addresses with commas between",
  parse: (text) => {
    const words = text.split(",").map((word) => addressWords(word, 6))
    const problem = words.find((address) => "id" in address)
    if (problem && "id" in problem) return problem
    return words.length <= 16 ? (words as readonly (readonly number[])[]) : badValue("at most 16 addresses")
  },
  print: (value) => (value as readonly (readonly number[])[]).map(printWords).join(","),
}

export const rt: Extension = {
  name: "rt",
  role: "match",
  families: [6],
  options: [
    { name: "rt-type", value: number({ maximum: 0xffffffff }), invertible: true },
    { name: "rt-segsleft", value: spiRange, invertible: true },
    { name: "rt-len", value: number({ maximum: 0xffffffff }), invertible: true },
    { name: "rt-0-res" },
    { name: "rt-0-addrs", value: addresses },
    { name: "rt-0-not-strict", needs: ["rt-0-addrs"] },
  ],
  normal: withoutAny("rt-segsleft"),
  check: (options) => {
    const asksZero = hasOption(options, "rt-0-res") || hasOption(options, "rt-0-addrs")
    const isZero = numberOf(options, "rt-type", -1) === 0 && !isNegated(options, "rt-type")
    return asksZero && !isZero ? badOptions("--rt-0-res and --rt-0-addrs need --rt-type 0") : undefined
  },
  compile: (options) => rtStep(rtSettings(options)),
  manual: { title: "ip6tables: rt", text: "The routing header of IPv6.", example: "rt type 0" },
}
