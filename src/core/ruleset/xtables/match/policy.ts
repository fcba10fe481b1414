import type { Extension, ValueSpec, XtOption, XtOptions } from "../extension.js"
import { hasOption, textOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { parseProtocol, protocolName } from "../protocols.js"
import { maskedAddress } from "../value-address.js"
import { choice } from "../value-choice.js"
import { number } from "../value-number.js"
import { policyStep } from "./surroundings-step.js"

const protocol: ValueSpec = {
  shape: "ah, esp or ipcomp",
  parse: (text) => {
    const found = parseProtocol(text)
    return found === 50 || found === 51 || found === 108
      ? found
      : badValue(`"${text}" is none of ah, esp, ipcomp`)
  },
  print: (value) => protocolName(value as number),
}

const tunnelEnd = {
  value: maskedAddress({ bareHost: true, keepsHost: true }),
  invertible: true,
  many: true,
} as const

/** In the order in which iptables-save prints an element of the policy. */
const elementOrder = ["reqid", "spi", "proto", "mode", "tunnel-dst", "tunnel-src"]

/** The IPsec policy of a packet: elements with `--next` between. */
export const policy: Extension = {
  name: "policy",
  role: "match",
  families: [4, 6],
  keepsOrder: true,
  options: [
    { name: "dir", value: choice(["in", "out"]), required: true },
    { name: "pol", value: choice(["none", "ipsec"]), required: true },
    { name: "strict" },
    { name: "reqid", value: number({ maximum: 0xffffffff }), invertible: true, many: true },
    { name: "spi", value: number({ maximum: 0xffffffff, hex: 1 }), invertible: true, many: true },
    { name: "proto", value: protocol, invertible: true, many: true },
    { name: "mode", value: choice(["transport", "tunnel"]), invertible: true, many: true },
    { name: "tunnel-dst", ...tunnelEnd },
    { name: "tunnel-src", ...tunnelEnd },
    { name: "next", many: true },
  ],
  normal: (options) => [
    ...["dir", "pol", "strict"].flatMap((name) => options.filter((option) => option.name === name)),
    ...elementsOf(options).flatMap((element, index) => [
      ...(index > 0 ? [{ name: "next" }] : []),
      ...element,
    ]),
  ],
  check: (options, { chain }) => {
    const elements = elementsOf(options)
    const isStrict = hasOption(options, "strict")
    const hasAny = elements.some((element) => element.length > 0)
    if (textOf(options, "pol", "ipsec") === "none" && (isStrict || hasAny))
      return badOptions("--pol none has no elements to ask for")
    if (!isStrict && elements.length > 1) return badOptions("several elements need --strict")
    for (const element of elements) {
      if (isStrict && element.length === 0)
        return badOptions("an element of a strict policy asks for nothing")
      const repeated = element.find(
        ({ name }, index) => element.findIndex((other) => other.name === name) !== index,
      )
      if (repeated) return badOptions(`--${repeated.name} stands twice in one element`)
      const isTunnel = element.some(({ name, value }) => name === "mode" && value === "tunnel")
      if (!isTunnel && element.some(({ name }) => name.startsWith("tunnel-")))
        return badOptions("--tunnel-src and --tunnel-dst need --mode tunnel")
    }
    const direction = textOf(options, "dir", "in")
    if (direction === "out" && (chain === "PREROUTING" || chain === "INPUT"))
      return badOptions(`--dir out cannot be used in ${chain}, where packets arrive`)
    if (direction === "in" && (chain === "POSTROUTING" || chain === "OUTPUT"))
      return badOptions(`--dir in cannot be used in ${chain}, where packets leave`)
    return undefined
  },
  compile: policyStep,
  assumes: "the packet has nothing to do with IPsec",
  manual: {
    title: "iptables: policy",
    text: "The IPsec policy that the packet came or will go by.",
    example: "meta secpath exists",
  },
}

function elementsOf(options: XtOptions): readonly (readonly XtOption[])[] {
  const elements: XtOption[][] = [[]]
  for (const option of options) {
    if (option.name === "next") elements.push([])
    else if (elementOrder.includes(option.name)) elements.at(-1)!.push(option)
  }
  return elements.map((element) =>
    element.sort((left, right) => elementOrder.indexOf(left.name) - elementOrder.indexOf(right.name)),
  )
}
