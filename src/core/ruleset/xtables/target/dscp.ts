import { codepoint, codepointClass } from "../dscp-classes.js"
import type { Extension } from "../extension.js"
import { numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { toHex } from "../value-number.js"
import { trafficClassStep } from "./mangle-step.js"

export const dscp: Extension = {
  name: "DSCP",
  role: "target",
  families: [4, 6],
  tables: ["mangle"],
  options: [
    { name: "set-dscp", value: codepoint, excludes: ["set-dscp-class"] },
    { name: "set-dscp-class", value: codepointClass },
  ],
  normal: (options) => options.map((option) => ({ ...option, name: "set-dscp" })),
  check: (options) =>
    options.length === 0 ? badOptions("DSCP needs --set-dscp or --set-dscp-class") : undefined,
  toNft: (options, family) =>
    `${family === 4 ? "ip" : "ip6"} dscp set ${toHex(numberOf(options, "set-dscp", 0), 2)}`,
  compile: (options) => trafficClassStep(numberOf(options, "set-dscp", 0) << 2, 0xfc),
  manual: { title: "iptables: DSCP", text: "Sets the DiffServ codepoint.", example: "ip dscp set 0x2e" },
}
