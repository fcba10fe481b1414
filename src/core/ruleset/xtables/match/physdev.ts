import type { Extension } from "../extension.js"
import { hasOption } from "../option.js"
import { badOptions } from "../problem.js"
import { text } from "../value-text.js"
import { physdevStep } from "./surroundings-step.js"

const device = text({ minimum: 1, maximum: 15, bare: true })

export const physdev: Extension = {
  name: "physdev",
  role: "match",
  families: [4, 6],
  options: [
    { name: "physdev-is-in", invertible: true },
    { name: "physdev-in", value: device, invertible: true },
    { name: "physdev-is-out", invertible: true },
    { name: "physdev-out", value: device, invertible: true },
    { name: "physdev-is-bridged", invertible: true },
  ],
  check: (options, { chain }) => {
    if (options.length === 0) return badOptions("physdev must be asked something: --physdev-in eth0")
    const asksOut = hasOption(options, "physdev-out") || hasOption(options, "physdev-is-out")
    return asksOut && !hasOption(options, "physdev-is-bridged") && chain === "OUTPUT"
      ? badOptions("a bridge's port is not known in OUTPUT, before the bridge has chosen it")
      : undefined
  },
  compile: physdevStep,
  assumes: "the packet came over no bridge",
  manual: { title: "iptables: physdev", text: "The port of a bridge.", example: 'meta ibrname "br0"' },
}
