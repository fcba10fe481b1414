import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, textOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { unknownMatch } from "../unknown-step.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"

const factors: Readonly<Record<string, number>> = {
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  kibit: 1024,
  mibit: 1024 ** 2,
  gibit: 1024 ** 3,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  kibps: 8 * 1024,
  "": 1,
}

/** Bits a second: printed as bits. The value is a number. */
const bitRate: ValueSpec = {
  shape: "bits a second: 8bit, 5kbit, 1mbit",
  parse: (word) => {
    const parts = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(word)
    const factor = factors[parts?.[2]?.toLowerCase() ?? "?"]
    return parts && factor !== undefined
      ? Math.floor(Number(parts[1]) * factor)
      : badValue(`"${word}" is not a rate of bits`)
  },
  print: (value) => `${String(value)}bit`,
}

const packetRate = number({ maximum: 0xffffffff })
const name = text({ minimum: 1, maximum: 15, bare: true })
const comparisons = ["rateest-lt", "rateest-gt", "rateest-eq"]

/** Compares measured rates with each other or with numbers. Its words stand in the order in which they were written, but the first. */
export const rateest: Extension = {
  name: "rateest",
  role: "match",
  families: [4, 6],
  keepsOrder: true,
  options: [
    { name: "rateest-delta" },
    { name: "rateest", value: name },
    { name: "rateest1", value: name },
    { name: "rateest-bps1", value: bitRate },
    { name: "rateest-pps1", value: packetRate },
    { name: "rateest-lt", invertible: true },
    { name: "rateest-gt", invertible: true },
    { name: "rateest-eq", invertible: true },
    { name: "rateest-bps", value: bitRate, optional: true },
    { name: "rateest-pps", value: packetRate, optional: true },
    { name: "rateest-bps2", value: bitRate },
    { name: "rateest-pps2", value: packetRate },
    { name: "rateest2", value: name },
  ],
  check: (options) => checkRates(options),
  normal: (options) => [
    ...options.filter((option) => option.name === "rateest-delta"),
    ...options.filter((option) => option.name !== "rateest-delta"),
  ],
  ...unknownMatch,
  manual: {
    title: "iptables: rateest",
    text: "Rates that RATEEST measures.",
    example: "limit rate over 5/second",
  },
}

function checkRates(options: XtOptions) {
  if (textOf(options, "rateest", textOf(options, "rateest1", "")) === "")
    return badOptions("rateest needs the name of an estimator: --rateest or --rateest1")
  if (comparisons.filter((word) => hasOption(options, word)).length !== 1)
    return badOptions("rateest needs one of --rateest-lt, --rateest-gt and --rateest-eq")
  return undefined
}
