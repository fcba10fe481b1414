import type { Extension } from "../extension.js"
import { unknownTarget } from "../unknown-step.js"
import { maskedAddress } from "../value-address.js"

/** Changes the network of an address and keeps its host. */
export const netmap: Extension = {
  name: "NETMAP",
  role: "target",
  families: [4, 6],
  tables: ["nat"],
  hooks: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  needsConntrack: true,
  options: [{ name: "to", value: maskedAddress(), required: true }],
  ...unknownTarget,
  manual: {
    title: "iptables: NETMAP",
    text: "Changes the network of addresses and keeps their hosts.",
    example: "snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.0.2.0/24 }",
  },
}
