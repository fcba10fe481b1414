import { isProblem } from "../../../base/diagnostic.js"
import { ACCEPT } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { hasOption, numberOf, optionOf } from "../option.js"
import { badValue } from "../problem.js"
import { number, numberRange, pairOf } from "../value-number.js"

/** The last queue of a range is 65534. The value is the pair of its ends. */
const balance: ValueSpec = {
  shape: "range of queues: 0:3",
  parse: (text, family) => {
    if (!text.includes(":")) return badValue("a range of queues has two ends: 0:3")
    const range = numberRange(65534).parse(text, family)
    if (isProblem(range)) return range
    const [from, to] = pairOf(range)
    return from < to ? range : badValue("the last queue lies behind the first")
  },
  print: (value) => pairOf(value).join(":"),
}

/** A program decides; without one the packet is dropped, unless `--queue-bypass`. */
export const nfqueue: Extension = {
  name: "NFQUEUE",
  role: "target",
  families: [4, 6],
  options: [
    { name: "queue-num", value: number({ maximum: 65535 }), excludes: ["queue-balance"] },
    { name: "queue-balance", value: balance },
    { name: "queue-bypass" },
    { name: "queue-cpu-fanout", needs: ["queue-balance"] },
  ],
  normal: (options) =>
    hasOption(options, "queue-num") || hasOption(options, "queue-balance")
      ? options
      : [{ name: "queue-num", value: 0 }, ...options],
  toNft: (options) => {
    const range = optionOf(options, "queue-balance")
    const flags = [
      ...(hasOption(options, "queue-bypass") ? ["bypass"] : []),
      ...(hasOption(options, "queue-cpu-fanout") ? ["fanout"] : []),
    ]
    const to = range ? pairOf(range.value).join("-") : `${numberOf(options, "queue-num", 0)}`
    return `queue${flags.length > 0 ? ` flags ${flags.join(",")}` : ""} to ${to}`
  },
  compile: () => () => ACCEPT,
  assumes: "the program that listens to the queue accepts",
  manual: {
    title: "iptables: NFQUEUE",
    text: "Hands the packet to a program that decides.",
    example: "queue to 0",
  },
}
