import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { masked } from "../value-number.js"
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
  compile: devgroupStep,
  assumes: "interfaces are of group 0",
  manual: { title: "iptables: devgroup", text: "The group of the interface.", example: "iifgroup 5" },
}
