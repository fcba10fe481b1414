import type { Extension, XtOption } from "../extension.js"
import { optionOf } from "../option.js"
import { badOptions } from "../problem.js"
import { serviceType } from "../tos-names.js"
import { number, pairOf } from "../value-number.js"
import { trafficClassStep } from "./mangle-step.js"

const bits = number({ maximum: 255 })
const words = ["set-tos", "and-tos", "or-tos", "xor-tos"]

/** Bits of the mask are cleared, then the value's are turned over. */
export const tos: Extension = {
  name: "TOS",
  role: "target",
  families: [4, 6],
  tables: ["mangle"],
  options: [
    { name: "set-tos", value: serviceType, excludes: words.slice(1) },
    { name: "and-tos", value: bits, excludes: words.slice(2) },
    { name: "or-tos", value: bits, excludes: words.slice(3) },
    { name: "xor-tos", value: bits },
  ],
  normal: (options) => options.map((option) => ({ name: "set-tos", value: pairFor(option) })),
  check: (options) =>
    options.length === 0
      ? badOptions(`TOS needs one of ${words.map((word) => `--${word}`).join(", ")}`)
      : undefined,
  compile: (options) => trafficClassStep(...pairOf(optionOf(options, "set-tos")?.value)),
  manual: { title: "iptables: TOS", text: "Sets the type of service byte.", example: "ip dscp set 0x04" },
}

function pairFor({ name, value }: XtOption): readonly [number, number] {
  const number_ = value as number
  if (name === "and-tos") return [0, ~number_ & 255]
  if (name === "or-tos") return [number_, number_]
  return name === "xor-tos" ? [number_, 0] : pairOf(value)
}
