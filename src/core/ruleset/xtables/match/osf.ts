import { TCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { unknownMatch } from "../unknown-step.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"

export const osf: Extension = {
  name: "osf",
  role: "match",
  families: [4],
  protocols: [TCP],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: [
    { name: "genre", value: text({ minimum: 1, maximum: 32, bare: true }), required: true, invertible: true },
    { name: "ttl", value: number({ maximum: 2 }) },
    { name: "log", value: number({ maximum: 2 }) },
  ],
  ...unknownMatch,
  manual: {
    title: "iptables: osf",
    text: "The operating system that a SYN looks like.",
    example: 'osf name "Linux"',
  },
}
