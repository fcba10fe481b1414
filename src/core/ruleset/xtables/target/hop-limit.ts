import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"
import { timeToLiveStep } from "./mangle-step.js"

/** Time to live and hop limit are set alike. */
export function hopLimitTarget(name: "TTL" | "HL", family: 4 | 6): Extension {
  const word = name.toLowerCase()
  const steps = ["set", "inc", "dec"] as const
  const change = number({ minimum: 1, maximum: 255 })
  return {
    name,
    role: "target",
    families: [family],
    tables: ["mangle"],
    options: [
      { name: `${word}-set`, value: number({ maximum: 255 }), excludes: [`${word}-inc`, `${word}-dec`] },
      { name: `${word}-inc`, value: change, excludes: [`${word}-dec`] },
      { name: `${word}-dec`, value: change },
    ],
    check: (options) =>
      options.length === 0
        ? badOptions(`${name} needs --${word}-set, --${word}-inc or --${word}-dec`)
        : undefined,
    toNft: ([option]) =>
      option?.name.endsWith("set")
        ? `${family === 4 ? "ip ttl" : "ip6 hoplimit"} set ${String(option.value)}`
        : { unsupported: "nft sets the time to live, and does not count with it" },
    compile: ([option]) => {
      const step = steps.find((each) => option?.name.endsWith(each)) ?? "set"
      return timeToLiveStep(step, option?.value as number)
    },
    manual: {
      title: `iptables: ${name}`,
      text: family === 4 ? "Sets the time to live." : "Sets the hop limit.",
      example: family === 4 ? "ip ttl set 64" : "ip6 hoplimit set 64",
    },
  }
}
