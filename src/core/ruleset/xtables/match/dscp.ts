import { BREAK, CONTINUE } from "../../runtime.js"
import { codepoint, codepointClass } from "../dscp-classes.js"
import type { Extension } from "../extension.js"
import { isNegated, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { toHex } from "../value-number.js"

/** The upper six bits of the TOS or traffic class byte (xt_dscp). */
export const dscp: Extension = {
  name: "dscp",
  role: "match",
  families: [4, 6],
  options: [
    { name: "dscp", value: codepoint, invertible: true, excludes: ["dscp-class"] },
    { name: "dscp-class", value: codepointClass, invertible: true },
  ],
  normal: (options) => options.map((option) => ({ ...option, name: "dscp" })),
  check: (options) => (options.length === 0 ? badOptions("dscp needs --dscp or --dscp-class") : undefined),
  toNft: (options, family) =>
    `${family === 4 ? "ip" : "ip6"} dscp ${isNegated(options, "dscp") ? "!= " : ""}${toHex(numberOf(options, "dscp", 0), 2)}`,
  compile(options) {
    const wanted = numberOf(options, "dscp", 0) << 2
    const negated = isNegated(options, "dscp")
    return (packet) => (((packet.trafficClass & 0xfc) === wanted) !== negated ? CONTINUE : BREAK)
  },
  manual: { title: "iptables: dscp", text: "The DiffServ codepoint.", example: "ip dscp 0x2e" },
}
