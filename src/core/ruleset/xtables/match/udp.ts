import { UDP } from "../../../packet/packet.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import type { Extension } from "../extension.js"
import { portRange } from "../value-port.js"
import { portCheck, portsToNft, withoutAnyPort } from "./port-check.js"

/** Ports of a UDP header (xt_tcpudp). A header that is cut short drops the packet. */
export const udp: Extension = {
  name: "udp",
  role: "match",
  families: [4, 6],
  protocols: [UDP],
  options: [
    { name: "sport", aliases: ["source-port"], value: portRange, invertible: true },
    { name: "dport", aliases: ["destination-port"], value: portRange, invertible: true },
  ],
  normal: withoutAnyPort,
  toNft: (options) => portsToNft("udp", options).join(" "),
  compile(options, build) {
    const source = portCheck(options, "sport")
    const destination = portCheck(options, "dport")
    return (packet) => {
      if (packet.fragmentOffset > 0) return BREAK
      const at = transportStart(packet)
      if (!hasBytes(packet, at, 8)) {
        if (!build.iptablesNft || !hasBytes(packet, at, 4))
          return build.iptablesNft ? BREAK : cutShort(packet, at, 8)
      }
      if (source && !source(packet.view.getUint16(at))) return BREAK
      if (destination && !destination(packet.view.getUint16(at + 2))) return BREAK
      return CONTINUE
    }
  },
  manual: { title: "iptables: udp", text: "Ports of a UDP header.", example: "udp dport 53" },
}
