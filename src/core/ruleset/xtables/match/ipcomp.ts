import type { Extension } from "../extension.js"
import { rangeToNft, spiRange, spiStep, withoutAny } from "./spi.js"

export const ipcomp: Extension = {
  name: "ipcomp",
  role: "match",
  families: [4, 6],
  protocols: [108],
  options: [{ name: "ipcompspi", value: spiRange, invertible: true }, { name: "compres" }],
  normal: withoutAny("ipcompspi"),
  toNft: (options) => rangeToNft("comp cpi", options, "ipcompspi"),
  compile: (options) => spiStep(options, "ipcompspi", 4, (packet, at) => packet.view.getUint16(at + 2)),
  manual: {
    title: "iptables: ipcomp",
    text: "The index of a compressed packet (RFC 3173).",
    example: "comp cpi 18",
  },
}
