import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { masked, pairOf } from "../value-number.js"
import { maskedToNft } from "./mark.js"
import { devgroupStep } from "./surroundings-step.js"

export const devgroup: Extension = {
  name: "devgroup",
  role: "match",
  families: [4, 6],
  options: [
    { name: "src-group", value: masked(), invertible: true },
    { name: "dst-group", value: masked(), invertible: true },
  ],
  check: (options) =>
    options.length === 0 ? badOptions("devgroup needs --src-group or --dst-group") : undefined,
  toNft: (options) =>
    options
      .map(({ name, value, negated }) => {
        const key = name === "src-group" ? "iifgroup" : "oifgroup"
        return maskedToNft(key, ...pairOf(value), negated === true)
      })
      .join(" "),
  compile: devgroupStep,
  assumes: "interfaces are of group 0",
  manual: { title: "iptables: devgroup", text: "The group of the interface.", example: "iifgroup 5" },
}
