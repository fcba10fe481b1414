import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Reports the packet to user space through NFLOG; always goes on. */
export interface LogNode {
  readonly step: "log"
  readonly prefix: string
  readonly group: number
  /** Bytes of the packet to send along; absent: all. */
  readonly snapshotLength?: number
}

/** NF_LOG_PREFIXLEN of linux/netfilter/nf_log.h, its ending zero included. */
export const logPrefixMaximum = 127

export const log: StepKind<LogNode> = {
  name: "log",
  toNft(node) {
    // nft's strings know no escape.
    if (node.prefix.includes('"')) return { unsupported: "a log prefix in nft cannot hold a quotation mark" }
    if (node.prefix.length > logPrefixMaximum)
      return { unsupported: `a log prefix has at most ${logPrefixMaximum} characters` }
    const prefix = node.prefix === "" ? "" : ` prefix "${node.prefix}"`
    const length = node.snapshotLength === undefined ? "" : ` snaplen ${node.snapshotLength}`
    return `log${prefix} group ${node.group}${length}`
  },
  compile: (node) => (packet, run) => {
    run.log(node, packet)
    return CONTINUE
  },
  manual: {
    title: "Logging",
    text: "Sends the packet to the programs that listen to an NFLOG group, with a prefix that says why.",
    example: 'log prefix "syn-floods" group 7',
  },
}
