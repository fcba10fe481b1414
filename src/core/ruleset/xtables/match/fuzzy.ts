import type { Extension } from "../extension.js"
import { numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"
import { fuzzyStep } from "./fuzzy-step.js"

const rate = number({ minimum: 1, maximum: 10_000_000 })

/** Lets a growing part of the packets match while the rate climbs from the lower limit to the upper (xtables-addons). */
export const fuzzy: Extension = {
  name: "fuzzy",
  role: "match",
  families: [4, 6],
  options: [
    { name: "lower-limit", value: rate },
    { name: "upper-limit", value: rate },
  ],
  check: (options) =>
    numberOf(options, "lower-limit", 1000) < numberOf(options, "upper-limit", 2000)
      ? undefined
      : badOptions("the lower limit lies below the upper one"),
  compile: (options) =>
    fuzzyStep({
      lower: numberOf(options, "lower-limit", 1000),
      upper: numberOf(options, "upper-limit", 2000),
    }),
  manual: {
    title: "iptables: fuzzy",
    text: "A part of the packets that grows with the rate.",
    example: "limit rate over 100/second",
  },
}
