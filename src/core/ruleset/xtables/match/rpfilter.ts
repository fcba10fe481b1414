import type { Extension } from "../extension.js"
import { rpfilterStep } from "./rpfilter-step.js"

/** Whether a reply to the source would leave where the packet arrived. */
export const rpfilter: Extension = {
  name: "rpfilter",
  role: "match",
  families: [4, 6],
  tables: ["raw", "mangle"],
  hooks: ["PREROUTING"],
  options: [{ name: "loose" }, { name: "validmark" }, { name: "accept-local" }, { name: "invert" }],
  toNft: (options) => {
    const names = options.map(({ name }) => name)
    if (names.includes("accept-local"))
      return { unsupported: "nft's reverse path takes local sources as they come" }
    const selectors = [
      "saddr",
      ...(names.includes("validmark") ? ["mark"] : []),
      ...(names.includes("loose") ? [] : ["iif"]),
    ]
    return `fib ${selectors.join(" . ")} oif ${names.includes("invert") ? "0" : "!= 0"}`
  },
  compile: rpfilterStep,
  manual: {
    title: "iptables: rpfilter",
    text: "The reverse path of the source.",
    example: "fib saddr . iif oif exists",
  },
}
