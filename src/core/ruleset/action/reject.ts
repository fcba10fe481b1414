import type { StepKind } from "../kind.js"
import { BREAK, REJECT } from "../runtime.js"

/** Drops, and answers: an ICMP error, or a TCP reset. */
export interface RejectNode {
  readonly step: "reject"
  readonly with: "tcp-reset" | "port-unreachable" | "admin-prohibited" | "host-unreachable" | "no-route"
}

/** A reset is for TCP: nft asks for it before, so other packets go on. */
export const reject: StepKind<RejectNode> = {
  name: "reject",
  toNft: (node) => (node.with === "tcp-reset" ? "reject with tcp reset" : `reject with icmpx ${node.with}`),
  compile(node) {
    const answer = node.with
    return (packet, run) => {
      if (answer === "tcp-reset" && packet.protocol !== 6) return BREAK
      run.rejectWith = answer
      return REJECT
    }
  },
  manual: {
    title: "Reject",
    text: "Drops the packet and tells its sender, with an ICMP error of either family or a TCP reset.",
    example: "reject with icmpx admin-prohibited",
  },
}
