import { DCCP, SCTP, TCP, UDP, UDPLITE } from "../../../packet/packet.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import type { Extension, XtValue } from "../extension.js"
import { badOptions } from "../problem.js"
import { pairOf } from "../value-number.js"
import { portList, printPortRange } from "../value-port.js"

const names = ["sports", "dports", "ports"] as const

/** Up to 15 ports of one end, or of either (xt_multiport). A header that is cut short drops the packet. */
export const multiport: Extension = {
  name: "multiport",
  role: "match",
  families: [4, 6],
  protocols: [TCP, UDP, UDPLITE, SCTP, DCCP],
  protocolFirst: true,
  options: [
    {
      name: "sports",
      aliases: ["source-ports"],
      value: portList,
      invertible: true,
      excludes: ["dports", "ports"],
    },
    {
      name: "dports",
      aliases: ["destination-ports"],
      value: portList,
      invertible: true,
      excludes: ["ports"],
    },
    { name: "ports", value: portList, invertible: true },
  ],
  check: (options) =>
    options.length === 1 ? undefined : badOptions("multiport takes one of --sports, --dports and --ports"),
  toNft: (options) => {
    const [option] = options
    if (!option || option.name === "ports")
      return { unsupported: "nft asks for the port of one end, not of either" }
    const ranges = (option.value as readonly XtValue[]).map((range) => printPortRange(range, "-"))
    const list = ranges.length === 1 ? ranges[0] : `{ ${ranges.join(", ")} }`
    return `th ${option.name.slice(0, -1)} ${option.negated ? "!= " : ""}${list}`
  },
  compile(options) {
    const option = options[0]
    const which = names.indexOf(option?.name as (typeof names)[number])
    const negated = option?.negated === true
    const ranges = ((option?.value ?? []) as readonly XtValue[]).map((range) => pairOf(range))
    const lows = ranges.map(([from]) => from)
    const highs = ranges.map(([, to]) => to)
    const isListed = (port: number) => {
      for (let index = 0; index < lows.length; index++)
        if (port >= lows[index]! && port <= highs[index]!) return true
      return false
    }
    return (packet) => {
      if (packet.fragmentOffset > 0) return BREAK
      const at = transportStart(packet)
      if (!hasBytes(packet, at, 4)) return cutShort(packet, at, 4)
      const found =
        (which !== 1 && isListed(packet.view.getUint16(at))) ||
        (which !== 0 && isListed(packet.view.getUint16(at + 2)))
      return found !== negated ? CONTINUE : BREAK
    }
  },
  manual: {
    title: "iptables: multiport",
    text: "Up to 15 ports, or ranges that count twice, of the source, the destination or either.",
    example: "th dport { 22, 80, 1024-2048 }",
  },
}
