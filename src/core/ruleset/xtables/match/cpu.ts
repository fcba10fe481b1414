import type { Extension } from "../extension.js"
import { unknownMatch } from "../unknown-step.js"
import { number } from "../value-number.js"

export const cpu: Extension = {
  name: "cpu",
  role: "match",
  families: [4, 6],
  options: [{ name: "cpu", value: number({ maximum: 0xffffffff }), required: true, invertible: true }],
  toNft: ([option]) => `meta cpu ${option?.negated ? "!= " : ""}${String(option?.value)}`,
  ...unknownMatch,
  manual: { title: "iptables: cpu", text: "The processor that handles the packet.", example: "meta cpu 0" },
}
