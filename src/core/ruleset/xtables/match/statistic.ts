import type { Extension, ValueSpec } from "../extension.js"
import { hasOption, isNegated, numberOf, optionOf, textOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { choice } from "../value-choice.js"
import { number } from "../value-number.js"
import { statisticSettings, statisticStep } from "./statistic-step.js"

/** What the kernel keeps of a probability: parts of 2^31 (XT_STATISTIC_MASK). The value is that number. */
export const CERTAIN = 0x80000000

const probability: ValueSpec = {
  shape: "number from 0 to 1",
  parse: (text) => {
    const value = Number(text)
    if (!/^[\d.]+(e-?\d+)?$/i.test(text) || Number.isNaN(value))
      return badValue(`"${text}" is not a probability`)
    return value <= 1 ? Math.round(value * CERTAIN) : badValue(`${text} is not from 0 to 1`)
  },
  print: (value) => ((value as number) / CERTAIN).toFixed(11),
}

/** Some packets of all: by chance, or every n-th. */
export const statistic: Extension = {
  name: "statistic",
  role: "match",
  families: [4, 6],
  options: [
    { name: "mode", value: choice(["random", "nth"]), required: true },
    { name: "probability", value: probability, invertible: true },
    {
      name: "every",
      value: number({ minimum: 1, maximum: 0xffffffff }),
      invertible: true,
      needs: ["packet"],
    },
    { name: "packet", value: number({ maximum: 0xffffffff }), needs: ["every"] },
  ],
  check: (options) => {
    const isRandom = textOf(options, "mode", "random") === "random"
    if (isRandom && !hasOption(options, "probability")) return badOptions("--mode random needs --probability")
    if (!isRandom && !hasOption(options, "every")) return badOptions("--mode nth needs --every")
    if (isRandom === hasOption(options, "every") || isRandom !== hasOption(options, "probability"))
      return badOptions("--probability goes with --mode random, --every and --packet with --mode nth")
    return !isRandom && numberOf(options, "packet", 0) >= numberOf(options, "every", 1)
      ? badOptions("--packet counts from 0 to one less than --every")
      : undefined
  },
  toNft: (options) => {
    if (textOf(options, "mode", "random") === "random")
      return { unsupported: "nft's numgen has no parts of 2^31" }
    const every = optionOf(options, "every")
    return `numgen inc mod ${String(every?.value)} ${isNegated(options, "every") ? "!= " : ""}${numberOf(options, "packet", 0)}`
  },
  compile: (options) => statisticStep(statisticSettings(options)),
  manual: {
    title: "iptables: statistic",
    text: "Some packets: by chance, or every n-th.",
    example: "numgen inc mod 5 2",
  },
}
