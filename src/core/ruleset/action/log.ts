import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Reports the packet to user space through NFLOG, or to the kernel's log; always goes on. */
export interface LogNode {
  readonly step: "log"
  readonly prefix: string
  /** Absent: the kernel's own log. */
  readonly group?: number
  /** Bytes of the packet to send along; absent: all. */
  readonly snapshotLength?: number
  /** How many packets are sent to user space together. */
  readonly queueThreshold?: number
  /** Of the kernel's own log: `warn` is nft's default; `audit` goes to the audit system. */
  readonly level?: string
  /** What else the kernel's own log tells. */
  readonly flags?: readonly string[]
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
    const group = node.group === undefined ? "" : ` group ${node.group}`
    const threshold = node.queueThreshold === undefined ? "" : ` queue-threshold ${node.queueThreshold}`
    const level = node.level === undefined ? "" : ` level ${node.level}`
    return `log${prefix}${group}${length}${threshold}${level}${flagsToNft(node.flags ?? [])}`
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

/** `flags tcp sequence,options flags ip options`: TCP's two share a word. */
function flagsToNft(flags: readonly string[]): string {
  const tcp = flags.filter((flag) => flag.startsWith("tcp ")).map((flag) => flag.slice(4))
  const groups = [
    ...(tcp.length > 0 ? [`tcp ${tcp.join(",")}`] : []),
    ...flags.filter((flag) => !flag.startsWith("tcp ")),
  ]
  return groups.map((group) => ` flags ${group}`).join("")
}
