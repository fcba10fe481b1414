import type { Extension, XtChain } from "../extension.js"
import { hasOption, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { bits } from "../value-choice.js"
import { addrtypeSettings, addrtypeStep } from "./addrtype-step.js"

/** XT_ADDRTYPE_* bits of linux/netfilter/xt_addrtype.h: 1 shifted by RTN_*. */
export const addressTypes: Readonly<Record<string, number>> = {
  UNSPEC: 1,
  UNICAST: 2,
  LOCAL: 4,
  BROADCAST: 8,
  ANYCAST: 16,
  MULTICAST: 32,
  BLACKHOLE: 64,
  UNREACHABLE: 128,
  PROHIBIT: 256,
  THROW: 512,
  NAT: 1024,
  XRESOLVE: 2048,
}

const types = bits(addressTypes, { prefix: true })

const beforeRouting: readonly XtChain[] = ["PREROUTING", "INPUT"]
const afterRouting: readonly XtChain[] = ["OUTPUT", "POSTROUTING"]

/** What kind of address the routing table says that the source or the destination is. The value of a type list is a sum of bits. */
export const addrtype: Extension = {
  name: "addrtype",
  role: "match",
  families: [4, 6],
  options: [
    { name: "src-type", value: types, invertible: true },
    { name: "dst-type", value: types, invertible: true },
    { name: "limit-iface-in", excludes: ["limit-iface-out"] },
    { name: "limit-iface-out" },
  ],
  check: (options, { family, chain }) => {
    if (!hasOption(options, "src-type") && !hasOption(options, "dst-type"))
      return badOptions("addrtype needs --src-type or --dst-type")
    if (hasOption(options, "limit-iface-in") && chain && afterRouting.includes(chain))
      return badOptions(`--limit-iface-in cannot be used in ${chain}, where packets leave`)
    if (hasOption(options, "limit-iface-out") && chain && beforeRouting.includes(chain))
      return badOptions(`--limit-iface-out cannot be used in ${chain}, where packets arrive`)
    const asked = numberOf(options, "src-type", 0) | numberOf(options, "dst-type", 0)
    if (family === 6 && (asked >= 256 || (asked & 8) !== 0))
      return badOptions("IPv6 has no addresses of the types BROADCAST, PROHIBIT, THROW, NAT and XRESOLVE")
    return undefined
  },
  toNft: (options) => {
    const limit = hasOption(options, "limit-iface-in")
      ? " . iif"
      : hasOption(options, "limit-iface-out")
        ? " . oif"
        : ""
    const parts = options.flatMap(({ name, value, negated }) => {
      if (typeof value !== "number") return []
      const words = Object.keys(addressTypes).filter((word) => (value & addressTypes[word]!) !== 0)
      const list = words.join(", ").toLowerCase()
      return [
        `fib ${name === "src-type" ? "saddr" : "daddr"}${limit} type ${negated ? "!= " : ""}${words.length === 1 ? list : `{ ${list} }`}`,
      ]
    })
    return parts.join(" ")
  },
  compile: (options, _build, family) => addrtypeStep(addrtypeSettings(options), family),
  manual: {
    title: "iptables: addrtype",
    text: "The type of an address, as the routing table has it.",
    example: "fib daddr type local",
  },
}
