import type { StepKind } from "../kind.js"
import { DROP } from "../runtime.js"
import { type Operand, operandToNft, typeOfAddress } from "./operand.js"

/** `fwd to "eth1"`, in netdev tables: the packet leaves by another device at once, past the rest of this host. */
export interface ForwardNode {
  readonly step: "forward"
  readonly device: Operand
  /** The neighbour it goes to. */
  readonly address?: Operand
}

/** It goes no further here: for this host's hooks the same as a drop. */
export const forward: StepKind<ForwardNode> = {
  name: "forward",
  toNft(node, write) {
    const device = operandToNft(node.device, ["ifname"], write)
    if (!node.address) return `fwd to ${device}`
    const type = typeOfAddress(node.address)
    return `fwd ${type === "ipv6_addr" ? "ip6" : "ip"} to ${operandToNft(node.address, [type], write)} device ${device}`
  },
  compile: () => () => DROP,
  manual: {
    title: "Forwarding at ingress",
    text: "Sends the packet out of another device at once. No other hook of this host sees it: in a replay it counts as dropped.",
    example: 'fwd to "eth1"',
  },
}
