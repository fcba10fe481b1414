import type { Extension } from "../extension.js"
import { eui64Step } from "./ipv6-headers-step.js"

export const eui64: Extension = {
  name: "eui64",
  role: "match",
  families: [6],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: [],
  compile: () => eui64Step(),
  manual: {
    title: "ip6tables: eui64",
    text: "The source address ends in what the sender's hardware address makes.",
    example: "ip6 saddr fe80::/64",
  },
}
