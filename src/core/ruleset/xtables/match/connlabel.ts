import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { parseNumber } from "../value-number.js"
import { connlabelStep } from "./surroundings-step.js"

/** A label's bit, 0 to 127. */
export const label: ValueSpec = {
  shape: "label: a number from 0 to 127",
  parse: (word) => {
    const bit = parseNumber(word)
    return bit !== undefined && bit <= 127
      ? bit
      : badValue(
          `"${word}" is not a label`,
          "names of labels stand in connlabel.conf, which is not read: write the number",
        )
  },
  print: (value) => `"${String(value)}"`,
}

/** `--set` sets the label, and asks then. */
export const connlabel: Extension = {
  name: "connlabel",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [{ name: "label", value: label, required: true, invertible: true }, { name: "set" }],
  toNft: (options) => {
    const [{ value, negated } = { value: 0 }, set] = options as readonly { value?: number; negated?: true }[]
    if (set) return `ct label set ${value} ct label and ${value} ${negated ? "!=" : "=="} ${value}`
    return `ct label ${negated ? "!= " : ""}${value}`
  },
  compile: connlabelStep,
  manual: {
    title: "iptables: connlabel",
    text: "A label of the packet's connection.",
    example: "ct label 40",
  },
}
