import type { Extension } from "../extension.js"
import { rangeToNft, spiRange, spiStep, withoutAny } from "./spi.js"

export const ah: Extension = {
  name: "ah",
  role: "match",
  families: [4],
  protocols: [51],
  options: [{ name: "ahspi", value: spiRange, invertible: true }],
  normal: withoutAny("ahspi"),
  toNft: (options) => rangeToNft("ah spi", options, "ahspi"),
  compile: (options) => spiStep(options, "ahspi", 12, (packet, at) => packet.view.getUint32(at + 4)),
  manual: {
    title: "iptables: ah",
    text: "The index of an authentication header (RFC 4302).",
    example: "ah spi 100",
  },
}
