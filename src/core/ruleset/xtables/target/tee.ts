import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { oneAddress, printWords } from "../value-address.js"
import { text } from "../value-text.js"

export const tee: Extension = {
  name: "TEE",
  role: "target",
  families: [4, 6],
  options: [
    { name: "gateway", value: oneAddress, required: true },
    { name: "oif", value: text({ minimum: 1, maximum: 15, bare: true }) },
  ],
  toNft: (options) => {
    const device = optionOf(options, "oif")
    return `dup to ${printWords(optionOf(options, "gateway")?.value as readonly number[])}${device ? ` device ${String(device.value)}` : ""}`
  },
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: TEE",
    text: "Sends a copy of the packet to another host, and goes on.",
    example: "dup to 192.0.2.1",
  },
}
