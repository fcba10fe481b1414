import type { Extension } from "../extension.js"
import { rangeToNft, spiRange, spiStep, withoutAny } from "./spi.js"

export const esp: Extension = {
  name: "esp",
  role: "match",
  families: [4, 6],
  protocols: [50],
  options: [{ name: "espspi", value: spiRange, invertible: true }],
  normal: withoutAny("espspi"),
  toNft: (options) => rangeToNft("esp spi", options, "espspi"),
  compile: (options) => spiStep(options, "espspi", 8, (packet, at) => packet.view.getUint32(at)),
  manual: { title: "iptables: esp", text: "The index of an ESP packet (RFC 4303).", example: "esp spi 100" },
}
