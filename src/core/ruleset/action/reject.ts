import { nftProtocol } from "../expression/nft-protocol.js"
import type { StepKind } from "../kind.js"
import { BREAK, REJECT } from "../runtime.js"

/** Drops, and answers: an ICMP error, or a TCP reset. */
export interface RejectNode {
  readonly step: "reject"
  readonly with: RejectAnswer
  /** One family's ICMP; absent: `icmpx`, that of the packet. */
  readonly protocol?: "icmp" | "icmpv6"
}

export type RejectAnswer =
  | "tcp-reset"
  | "port-unreachable"
  | "admin-prohibited"
  | "host-unreachable"
  | "no-route"
  // Of ICMP alone.
  | "net-unreachable"
  | "prot-unreachable"
  | "net-prohibited"
  | "host-prohibited"
  // Of ICMPv6 alone.
  | "addr-unreachable"
  | "policy-fail"
  | "reject-route"

/** A reset is for TCP: nft asks for it before, so other packets go on. */
export const reject: StepKind<RejectNode> = {
  name: "reject",
  toNft: (node) =>
    node.with === "tcp-reset"
      ? "reject with tcp reset"
      : `reject with ${node.protocol ?? "icmpx"} ${node.with}`,
  compile(node) {
    const answer = node.with
    // One family's answer: nft asks for the family before.
    const family = node.protocol === "icmp" ? 4 : node.protocol === "icmpv6" ? 6 : 0
    return (packet, run) => {
      if (family !== 0 && packet.family !== family) return BREAK
      if (answer === "tcp-reset" && nftProtocol(packet) !== 6) return BREAK
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
