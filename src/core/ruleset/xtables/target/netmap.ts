import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { maskedAddress, maskedOf } from "../value-address.js"
import { netmapStep } from "./nat-step.js"

/** Changes the network of an address and keeps its host. */
export const netmap: Extension = {
  name: "NETMAP",
  role: "target",
  families: [4, 6],
  tables: ["nat"],
  hooks: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  needsConntrack: true,
  options: [{ name: "to", value: maskedAddress(), required: true }],
  compile: (options) => {
    const { words, mask } = maskedOf(optionOf(options, "to")?.value)
    return netmapStep(words, mask)
  },
  manual: {
    title: "iptables: NETMAP",
    text: "Changes the network of addresses and keeps their hosts.",
    example: "snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.0.2.0/24 }",
  },
}
