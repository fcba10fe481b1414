import type { Extension } from "../extension.js"
import { number } from "../value-number.js"
import { ahSettings, ahStep6 } from "./ipv6-headers-step.js"
import { spiRange, withoutAny } from "./spi.js"

/** An authentication header among the extension headers. */
export const ah6: Extension = {
  name: "ah",
  role: "match",
  families: [6],
  options: [
    { name: "ahspi", value: spiRange, invertible: true },
    { name: "ahlen", value: number({ maximum: 0xffffffff }), invertible: true },
    { name: "ahres" },
  ],
  normal: withoutAny("ahspi"),
  compile: (options) => ahStep6(ahSettings(options)),
  manual: {
    title: "ip6tables: ah",
    text: "An authentication header among the extension headers of IPv6.",
    example: "ah spi 100",
  },
}
