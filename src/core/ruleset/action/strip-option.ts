import type { StepKind } from "../kind.js"
import { BREAK, CONTINUE } from "../runtime.js"

/** `reset tcp option sack-perm`: writes no-operations over a TCP option. */
export interface StripOptionNode {
  readonly step: "strip-option"
  /** The option's kind, by number; `name` is what nft calls it. */
  readonly kind: number
  readonly name: string
}

export const stripOption: StepKind<StripOptionNode> = {
  name: "strip-option",
  toNft: (node) => `reset tcp option ${node.name}`,
  compile: (node) => (packet, run) => {
    if (packet.protocol !== 6) return BREAK
    run.rewriter.stripTcpOption(packet, node.kind)
    return CONTINUE
  },
  manual: {
    title: "Taking TCP options out",
    text: "Overwrites a TCP option with no-operations, so that the other side does not see it.",
    example: "tcp flags syn reset tcp option sack-perm",
  },
}
