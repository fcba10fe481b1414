import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { choice } from "../value-choice.js"

export const audit: Extension = {
  name: "AUDIT",
  role: "target",
  families: [4, 6],
  options: [
    { name: "type", value: choice(["accept", "drop", "reject"], { ignoreCase: true }), required: true },
  ],
  toNft: () => "log level audit",
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: AUDIT",
    text: "Tells the kernel's audit of the packet, and goes on.",
    example: "log level audit",
  },
}
