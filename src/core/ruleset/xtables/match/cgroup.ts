import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { unknownMatch } from "../unknown-step.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"

export const cgroup: Extension = {
  name: "cgroup",
  role: "match",
  families: [4, 6],
  hooks: ["INPUT", "OUTPUT", "POSTROUTING"],
  options: [
    { name: "path", value: text({ minimum: 1, maximum: 511 }), invertible: true, excludes: ["cgroup"] },
    { name: "cgroup", value: number({ maximum: 0xffffffff }), invertible: true },
  ],
  check: (options) => (options.length === 0 ? badOptions("cgroup needs --path or --cgroup") : undefined),
  toNft: ([option]) =>
    option?.name === "cgroup"
      ? `meta cgroup ${option.negated ? "!= " : ""}${String(option.value)}`
      : { unsupported: "nft asks for a control group by its level, too" },
  ...unknownMatch,
  manual: {
    title: "iptables: cgroup",
    text: "The control group of the process that owns the packet.",
    example: "meta cgroup 1",
  },
}
