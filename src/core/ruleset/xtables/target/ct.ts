import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, optionOf, textOf } from "../option.js"
import { badOptions } from "../problem.js"
import { bits } from "../value-choice.js"
import { numberIn } from "../value-number.js"
import { text } from "../value-text.js"
import { ctStep } from "./ct-step.js"

/** IPCT_* and IPEXP_* events of linux/netfilter/nf_conntrack_common.h, as bits, in the order in which iptables-save prints them. */
const events: Readonly<Record<string, number>> = {
  new: 1,
  related: 2,
  destroy: 4,
  reply: 8,
  assured: 16,
  protoinfo: 32,
  helper: 64,
  mark: 128,
  natseqinfo: 256,
  secmark: 512,
}

const name = text({ minimum: 1, maximum: 31 })

/** A number from 0 to 65535, or `mark`. */
const zone: ValueSpec = {
  shape: "number from 0 to 65535, or mark",
  parse: (word) => (word === "mark" ? "mark" : numberIn(word, 0, 65535)),
  print: String,
}

const zones = ["zone", "zone-orig", "zone-reply"]

/** What conntrack will do with the packet; before conntrack only. */
export const ct: Extension = {
  name: "CT",
  role: "target",
  families: [4, 6],
  tables: ["raw"],
  hooks: ["PREROUTING", "OUTPUT"],
  needsConntrack: true,
  worksBeforeConntrack: true,
  options: [
    { name: "notrack" },
    { name: "helper", value: name },
    { name: "timeout", value: name },
    { name: "ctevents", value: bits(events) },
    { name: "expevents", value: bits({ new: 1 }) },
    { name: "zone-orig", value: zone, excludes: zones },
    { name: "zone-reply", value: zone, excludes: zones },
    { name: "zone", value: zone, excludes: zones },
  ],
  check: (options, { protocol, protocolNegated }) => {
    const asked = hasOption(options, "helper")
      ? "helper"
      : hasOption(options, "timeout")
        ? "timeout"
        : undefined
    return asked && (protocol === 0 || protocolNegated)
      ? badOptions(`--${asked} needs -p in the rule`)
      : undefined
  },
  toNft: (options) =>
    options.length === 1 && hasOption(options, "notrack")
      ? "notrack"
      : { unsupported: "helpers, timeouts, zones and events are objects of their own in nft" },
  compile: (options) => {
    const zoneOption = options.find((option) => zones.includes(option.name))
    return ctStep({
      notrack: hasOption(options, "notrack"),
      helper: textOf(options, "helper", ""),
      zone: typeof zoneOption?.value === "number" ? zoneOption.value : 0,
      zoneDirections: zoneOption?.name === "zone-orig" ? 1 : zoneOption?.name === "zone-reply" ? 2 : 3,
    })
  },
  assumes: (options: XtOptions) =>
    options.some((option) => zones.includes(option.name) && optionOf(options, option.name)?.value === "mark")
      ? "the zone is the common one"
      : undefined,
  manual: { title: "iptables: CT", text: "Whether and how conntrack sees the packet.", example: "notrack" },
}
