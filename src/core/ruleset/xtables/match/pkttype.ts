import { meta as metaOf } from "../../build.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { isNegated, textOf } from "../option.js"
import { choice } from "../value-choice.js"

/** PACKET_* of linux/if_packet.h. */
const numbers: Readonly<Record<string, number>> = { unicast: 0, broadcast: 1, multicast: 2, otherhost: 3 }
const nftNames = ["unicast", "broadcast", "multicast", "other"]

/** How the link layer delivered the packet (xt_pkttype). */
export const pkttype: Extension = {
  name: "pkttype",
  role: "match",
  families: [4, 6],
  options: [
    {
      name: "pkt-type",
      value: choice(Object.keys(numbers), {
        ignoreCase: true,
        prefix: true,
        aliases: { bcast: "broadcast", mcast: "multicast", host: "unicast" },
      }),
      required: true,
      invertible: true,
    },
  ],
  toNft: (options) =>
    `meta pkttype ${isNegated(options, "pkt-type") ? "!= " : ""}${nftNames[numbers[textOf(options, "pkt-type", "unicast")] ?? 0]}`,
  compile(options, build) {
    const wanted = numbers[textOf(options, "pkt-type", "unicast")]
    const negated = isNegated(options, "pkt-type")
    const read = build.read(metaOf("pkttype"))
    return (packet, run) => ((read?.(packet, run) === wanted) !== negated ? CONTINUE : BREAK)
  },
  manual: {
    title: "iptables: pkttype",
    text: "To one host, to all, or to many.",
    example: "meta pkttype broadcast",
  },
}
