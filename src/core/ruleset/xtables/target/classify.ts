import { CONTINUE } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { pairOf } from "../value-number.js"

/** `1:2f` in hexadecimal. The value is the pair of both numbers. */
const trafficClass: ValueSpec = {
  shape: "class of traffic, in hexadecimal: 1:2",
  parse: (text) => {
    const parts = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text)
    return parts
      ? [Number.parseInt(parts[1]!, 16), Number.parseInt(parts[2]!, 16)]
      : badValue(`"${text}" is not a class of traffic`)
  },
  print: (value) => {
    const [major, minor] = value as readonly [number, number]
    const hex = (number: number) => number.toString(16).padStart(4, "0")
    return `${hex(major)}:${hex(minor)}`
  },
}

export const classify: Extension = {
  name: "CLASSIFY",
  role: "target",
  families: [4, 6],
  hooks: ["FORWARD", "OUTPUT", "POSTROUTING"],
  options: [{ name: "set-class", value: trafficClass, required: true }],
  toNft: ([option]) => {
    const [major, minor] = pairOf(option?.value)
    return `meta priority set ${major.toString(16)}:${minor.toString(16)}`
  },
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: CLASSIFY",
    text: "Sets the class that queues sort the packet by.",
    example: "meta priority set 1:2",
  },
}
