import type { Extension } from "../extension.js"
import { number } from "../value-number.js"
import { fragSettings, fragStep } from "./ipv6-headers-step.js"
import { spiRange, withoutAny } from "./spi.js"

/** The fragment header of IPv6. */
export const frag: Extension = {
  name: "frag",
  role: "match",
  families: [6],
  options: [
    { name: "fragid", value: spiRange, invertible: true },
    { name: "fraglen", value: number({ maximum: 0xffffffff }), invertible: true },
    { name: "fragres" },
    { name: "fragfirst" },
    { name: "fragmore", excludes: ["fraglast"] },
    { name: "fraglast" },
  ],
  normal: withoutAny("fragid"),
  compile: (options) => fragStep(fragSettings(options)),
  manual: { title: "ip6tables: frag", text: "The fragment header of IPv6.", example: "frag id 42" },
}
