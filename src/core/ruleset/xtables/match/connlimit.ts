import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { lengthOfMask, maskOf } from "../value-address.js"
import { number } from "../value-number.js"
import { connlimitSettings, connlimitStep } from "./connlimit-step.js"

const count = number({ maximum: 0xffffffff })

/** A length, or of IPv4 a mask; longer than the address is the whole. The value is a number. */
const length: ValueSpec = {
  shape: "prefix length",
  parse: (word, family) => {
    if (/^\d+$/.test(word)) return Math.min(Number(word), family === 4 ? 32 : 128)
    const mask = maskOf(word, family)
    return "id" in mask ? mask : lengthOfMask(mask)
  },
  print: String,
}

/** How many connections a host or network has. */
export const connlimit: Extension = {
  name: "connlimit",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  // Tried at raw (Linux 6.18): of five connections the third and those behind it are above 2.
  worksBeforeConntrack: true,
  options: [
    { name: "connlimit-upto", value: count, invertible: true, excludes: ["connlimit-above"] },
    { name: "connlimit-above", value: count, invertible: true },
    { name: "connlimit-mask", value: length },
    { name: "connlimit-saddr", excludes: ["connlimit-daddr"] },
    { name: "connlimit-daddr" },
  ],
  normal: (options, family) => [
    ...options
      .filter(({ name }) => name === "connlimit-upto" || name === "connlimit-above")
      .map(withoutNegation),
    { name: "connlimit-mask", value: numberOf(options, "connlimit-mask", family === 4 ? 32 : 128) },
    { name: hasOption(options, "connlimit-daddr") ? "connlimit-daddr" : "connlimit-saddr" },
  ],
  check: (options) =>
    hasOption(options, "connlimit-upto") || hasOption(options, "connlimit-above")
      ? undefined
      : badOptions("connlimit needs --connlimit-upto or --connlimit-above"),
  compile: (options, build, family) => connlimitStep(connlimitSettings(options, family), build, family),
  manual: {
    title: "iptables: connlimit",
    text: "Connections that a host or network has at once.",
    example: "ct count over 10",
  },
}

function withoutNegation(option: XtOptions[number]) {
  const { name, value, negated } = option
  const isAbove = (name === "connlimit-above") !== (negated === true)
  return { name: isAbove ? "connlimit-above" : "connlimit-upto", value: value ?? 0 }
}
