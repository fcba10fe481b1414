import { ICMPV6 } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { icmpStep, icmpToNft } from "./icmp-step.js"
import { icmpType, icmpv6Names } from "./icmp-types.js"

export const icmp6: Extension = {
  name: "icmp6",
  aliases: ["icmpv6", "ipv6-icmp"],
  role: "match",
  families: [6],
  protocols: [ICMPV6],
  options: [
    { name: "icmpv6-type", value: icmpType(icmpv6Names, "ICMPv6"), invertible: true, required: true },
  ],
  toNft: (options) => icmpToNft("icmpv6", optionOf(options, "icmpv6-type")),
  compile: (options) => icmpStep(optionOf(options, "icmpv6-type"), -1),
  manual: { title: "iptables: icmp6", text: "Type and code of ICMPv6.", example: "icmpv6 type 128" },
}
