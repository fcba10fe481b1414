import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"

export const idletimer: Extension = {
  name: "IDLETIMER",
  role: "target",
  families: [4, 6],
  options: [
    { name: "timeout", value: number({ minimum: 1, maximum: 0xffffffff }), required: true },
    { name: "label", value: text({ minimum: 1, maximum: 27, bare: true }), required: true },
    { name: "alarm" },
  ],
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: IDLETIMER",
    text: "Tells user space when no packet has come for a while.",
    example: "accept",
  },
}
