import type { Extension } from "../extension.js"
import { hasOption } from "../option.js"
import { badOptions } from "../problem.js"
import { setReference } from "../set-reference.js"
import { masked, number } from "../value-number.js"
import { setStep } from "./set-step.js"

/** Adds to a set of ipset, takes out of it, or maps the packet by it. */
export const set: Extension = {
  name: "SET",
  role: "target",
  families: [4, 6],
  options: [
    { name: "add-set", value: setReference },
    { name: "exist" },
    { name: "timeout", value: number({ maximum: 0xffffffff }) },
    { name: "del-set", value: setReference },
    { name: "map-set", value: setReference, excludes: ["add-set", "del-set"] },
    { name: "map-mark" },
    { name: "map-prio" },
    { name: "map-queue" },
    { name: "map-mark-mask", value: masked() },
  ],
  check: (options) => {
    const adds = hasOption(options, "add-set")
    if (!adds && !hasOption(options, "del-set") && !hasOption(options, "map-set"))
      return badOptions("SET needs --add-set, --del-set or --map-set")
    if ((hasOption(options, "timeout") || hasOption(options, "exist")) && !adds)
      return badOptions("--timeout and --exist go with --add-set")
    return undefined
  },
  compile: setStep,
  assumes: (options) => (hasOption(options, "map-set") ? "nothing is mapped" : undefined),
  manual: {
    title: "iptables: SET",
    text: "Adds the packet's addresses to a set of ipset, or takes them out.",
    example: "add @blocked { ip saddr }",
  },
}
