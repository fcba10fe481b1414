import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { unknownMatch } from "../unknown-step.js"
import { masked } from "../value-number.js"

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
  ...unknownMatch,
  manual: { title: "iptables: devgroup", text: "The group of the interface.", example: "iifgroup 5" },
}
