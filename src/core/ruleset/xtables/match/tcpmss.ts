import { TCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { numberRange, pairOf } from "../value-number.js"
import { rangeToNft } from "./spi.js"
import { tcpmssStep } from "./tcpmss-step.js"

/** The maximum segment size in the options of TCP. */
export const tcpmss: Extension = {
  name: "tcpmss",
  role: "match",
  families: [4, 6],
  protocols: [TCP],
  options: [{ name: "mss", value: numberRange(65535), required: true, invertible: true }],
  toNft: (options) => rangeToNft("tcp option maxseg size", options, "mss"),
  compile: ([option]) => {
    const [from, to] = pairOf(option?.value)
    return tcpmssStep({ from, to, negated: option?.negated === true })
  },
  manual: {
    title: "iptables: tcpmss",
    text: "The maximum segment size that a SYN announces.",
    example: "tcp option maxseg size 536",
  },
}
