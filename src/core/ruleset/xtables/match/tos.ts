import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { isNegated, optionOf } from "../option.js"
import { serviceType } from "../tos-names.js"
import { pairOf } from "../value-number.js"

/** The TOS or traffic class byte under a mask (xt_dscp, tos). */
export const tos: Extension = {
  name: "tos",
  role: "match",
  families: [4, 6],
  options: [{ name: "tos", value: serviceType, required: true, invertible: true }],
  compile(options) {
    const [value, mask] = pairOf(optionOf(options, "tos")?.value)
    const negated = isNegated(options, "tos")
    return (packet) => (((packet.trafficClass & mask) === value) !== negated ? CONTINUE : BREAK)
  },
  manual: { title: "iptables: tos", text: "The type of service byte.", example: "ip dscp 0x04" },
}
