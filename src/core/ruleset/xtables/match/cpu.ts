import type { Extension } from "../extension.js"
import { number } from "../value-number.js"
import { cpuStep } from "./surroundings-step.js"

export const cpu: Extension = {
  name: "cpu",
  role: "match",
  families: [4, 6],
  options: [{ name: "cpu", value: number({ maximum: 0xffffffff }), required: true, invertible: true }],
  toNft: ([option]) => `meta cpu ${option?.negated ? "!= " : ""}${String(option?.value)}`,
  compile: cpuStep,
  assumes: "the first processor handles all packets",
  manual: { title: "iptables: cpu", text: "The processor that handles the packet.", example: "meta cpu 0" },
}
