import { ICMP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { icmpStep, icmpToNft } from "./icmp-step.js"
import { icmpNames, icmpType } from "./icmp-types.js"

export const icmp: Extension = {
  name: "icmp",
  role: "match",
  families: [4],
  protocols: [ICMP],
  options: [{ name: "icmp-type", value: icmpType(icmpNames, "ICMP"), invertible: true, required: true }],
  toNft: (options) => {
    const option = optionOf(options, "icmp-type")
    const [type] = (option?.value ?? []) as readonly number[]
    return type === 255 ? "meta l4proto icmp" : icmpToNft("icmp", option)
  },
  compile: (options) => icmpStep(optionOf(options, "icmp-type"), 255),
  manual: { title: "iptables: icmp", text: "Type and code of ICMP.", example: "icmp type 8" },
}
