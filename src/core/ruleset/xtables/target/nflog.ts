import type { LogNode } from "../../action/log.js"
import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { numberOf, optionOf, textOf } from "../option.js"
import { badValue } from "../problem.js"
import { quoteWord } from "../quote.js"
import { number } from "../value-number.js"

/** What the kernel keeps of a prefix: 64 bytes with its end; what is longer is cut off. */
const PREFIX_LENGTH = 63
const DEFAULT_THRESHOLD = 0

/** Sends the packet to programs that listen to a group, and goes on. */
export const nflog: Extension = {
  name: "NFLOG",
  role: "target",
  families: [4, 6],
  options: [
    {
      name: "nflog-prefix",
      value: {
        shape: `text of at most ${PREFIX_LENGTH} characters`,
        parse: (text) =>
          text === "" || text.includes("\n")
            ? badValue("the prefix is empty or has a line break")
            : text.slice(0, PREFIX_LENGTH),
        print: (value) => quoteWord(String(value)),
      },
    },
    { name: "nflog-group", value: number({ maximum: 65535 }) },
    { name: "nflog-range", value: number({ maximum: 0xffffffff }), excludes: ["nflog-size"] },
    { name: "nflog-size", value: number({ maximum: 0xffffffff }) },
    { name: "nflog-threshold", value: number({ maximum: 65535 }) },
  ],
  normal: (options) =>
    options.filter(
      ({ name, value }) =>
        (name !== "nflog-group" || value !== 0) &&
        (name !== "nflog-threshold" || value !== DEFAULT_THRESHOLD),
    ),
  toNft: (options) => {
    const node = nodeOf(options)
    const threshold = numberOf(options, "nflog-threshold", 0)
    const size = node.snapshotLength === undefined ? "" : ` snaplen ${node.snapshotLength}`
    if (node.prefix.includes('"')) return { unsupported: "a log prefix in nft cannot hold a quotation mark" }
    return `log${node.prefix === "" ? "" : ` prefix "${node.prefix}"`} group ${node.group}${size}${threshold === 0 ? "" : ` queue-threshold ${threshold}`}`
  },
  compile: (options) => {
    const node = nodeOf(options)
    return (packet, run) => {
      run.log(node, packet)
      return CONTINUE
    }
  },
  manual: {
    title: "iptables: NFLOG",
    text: "Sends the packet to the programs that listen to a group.",
    example: 'log prefix "new" group 7',
  },
}

function nodeOf(options: Parameters<NonNullable<Extension["toNft"]>>[0]): LogNode {
  const size = optionOf(options, "nflog-size")?.value
  return {
    step: "log",
    prefix: textOf(options, "nflog-prefix", ""),
    group: numberOf(options, "nflog-group", 0),
    ...(typeof size === "number" && { snapshotLength: size }),
  }
}
