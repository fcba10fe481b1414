import type { StepKind } from "../kind.js"
import { BREAK, CONTINUE, DROP } from "../runtime.js"

/** Matches while the number of tracked connections is at most `count` (`over`: above it). Mostly carried by the elements of a set: a count for each source. */
export interface CtCountNode {
  readonly step: "ct-count"
  readonly count: number
  readonly over: boolean
}

/** A set whose elements carry a count has no timeout: the kernel refuses both together ("Operation not supported", Linux 6.18). */
export const ctCount: StepKind<CtCountNode> = {
  name: "ct-count",
  toNft: (node) => `ct count ${node.over ? "over " : ""}${node.count}`,
  needsConntrack: () => true,
  // Tried at raw (Linux 6.18): of five connections the third and those behind it are over 2.
  worksBeforeConntrack: () => true,
  compile(node, build) {
    const counter = build.connectionCounter()
    const { count, over } = node
    return (packet, run) => {
      const alive = counter.count(packet, run)
      // The kernel drops what it cannot count.
      if (alive < 0) return DROP
      return alive > count === over ? CONTINUE : BREAK
    }
  },
  manual: {
    title: "Connection counts",
    text: "How many connections are alive, for all packets that reach the rule or for each element of a set.",
    example: "add @connections { ip saddr ct count over 300 } drop",
  },
}
