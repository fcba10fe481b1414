import type { Extension } from "../extension.js"
import { text } from "../value-text.js"
import { helperStep } from "./surroundings-step.js"

export const helper: Extension = {
  name: "helper",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [{ name: "helper", value: text({ maximum: 29 }), required: true, invertible: true }],
  toNft: ([option]) => `ct helper ${option?.negated ? "!= " : ""}"${String(option?.value)}"`,
  compile: helperStep,
  assumes: "no helper expected the connection",
  manual: {
    title: "iptables: helper",
    text: "Connections that a helper of conntrack announced.",
    example: 'ct helper "ftp"',
  },
}
