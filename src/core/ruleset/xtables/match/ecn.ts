import { TCP } from "../../../packet/packet.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import { hasBytes, transportStart } from "../bytes.js"
import type { Extension } from "../extension.js"
import { hasOption, isNegated, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"

/** Explicit congestion notification in the IP header and in TCP's (xt_ecn). */
export const ecn: Extension = {
  name: "ecn",
  role: "match",
  families: [4, 6],
  options: [
    { name: "ecn-tcp-ece", invertible: true },
    { name: "ecn-tcp-cwr", invertible: true },
    { name: "ecn-ip-ect", value: number({ maximum: 3 }), invertible: true },
  ],
  check: (options, { protocol, protocolNegated }) => {
    if (options.length === 0) return badOptions("ecn needs --ecn-tcp-ece, --ecn-tcp-cwr or --ecn-ip-ect")
    const asksTcp = hasOption(options, "ecn-tcp-ece") || hasOption(options, "ecn-tcp-cwr")
    return asksTcp && (protocol !== TCP || protocolNegated)
      ? badOptions("bits of TCP's header need -p tcp in the rule")
      : undefined
  },
  toNft: (options, family) =>
    options
      .map(({ name, value, negated }) => {
        if (name !== "ecn-ip-ect")
          return `tcp flags ${negated ? "! " : ""}${name === "ecn-tcp-ece" ? "ecn" : "cwr"}`
        const word = ["not-ect", "ect1", "ect0", "ce"][value as number]
        return `${family === 4 ? "ip" : "ip6"} ecn ${negated ? "!= " : ""}${word}`
      })
      .join(" "),
  compile(options) {
    const ect = hasOption(options, "ecn-ip-ect") ? numberOf(options, "ecn-ip-ect", 0) : -1
    const ectNegated = isNegated(options, "ecn-ip-ect")
    const asksEce = hasOption(options, "ecn-tcp-ece")
    const asksCwr = hasOption(options, "ecn-tcp-cwr")
    const eceNegated = isNegated(options, "ecn-tcp-ece")
    const cwrNegated = isNegated(options, "ecn-tcp-cwr")
    return (packet) => {
      if (ect >= 0 && ((packet.trafficClass & 3) === ect) === ectNegated) return BREAK
      if (!asksEce && !asksCwr) return CONTINUE
      if (packet.protocol !== TCP || packet.fragmentOffset > 0) return BREAK
      const at = transportStart(packet)
      if (!hasBytes(packet, at, 20)) return BREAK
      const flags = packet.view.getUint8(at + 13)
      if (asksEce && ((flags & 64) !== 0) === eceNegated) return BREAK
      if (asksCwr && ((flags & 128) !== 0) === cwrNegated) return BREAK
      return CONTINUE
    }
  },
  manual: {
    title: "iptables: ecn",
    text: "Explicit congestion notification in IP and TCP.",
    example: "ip ecn ce",
  },
}
