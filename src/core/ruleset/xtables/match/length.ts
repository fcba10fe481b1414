import { lengthOf } from "../../expression/meta.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { numberRange } from "../value-number.js"
import { rangeCheck, rangeToNft } from "./spi.js"

/** Bytes from the IP header on (xt_length). */
export const length: Extension = {
  name: "length",
  role: "match",
  families: [4, 6],
  options: [{ name: "length", value: numberRange(65535), required: true, invertible: true }],
  toNft: (options) => rangeToNft("meta length", options, "length"),
  compile(options) {
    const matches = rangeCheck(optionOf(options, "length"))
    return (packet, run) => (matches(lengthOf(packet, run)) ? CONTINUE : BREAK)
  },
  manual: {
    title: "iptables: length",
    text: "The packet's length from the IP header on.",
    example: "meta length 100-200",
  },
}
