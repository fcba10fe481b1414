import type { StepKind } from "../kind.js"
import { BREAK } from "../runtime.js"
import { type Operand, operandToNft, typeOfAddress } from "./operand.js"

/** `tproxy ip to 127.0.0.1:50080`: hands the packet to a local socket that listens for others' connections. */
export interface TransparentProxyNode {
  readonly step: "transparent-proxy"
  readonly family?: "ip" | "ip6"
  readonly address?: Operand
  readonly port?: Operand
}

/** A replay has no sockets; where the kernel finds none, the rule does not match (nft_tproxy_eval). */
export const transparentProxy: StepKind<TransparentProxyNode> = {
  name: "transparent-proxy",
  toNft(node, write) {
    const family = node.family ? ` ${node.family}` : ""
    let address = node.address ? operandToNft(node.address, [typeOfAddress(node.address)], write) : ""
    if (node.address && node.port && typeOfAddress(node.address) === "ipv6_addr") address = `[${address}]`
    const port = node.port ? `:${operandToNft(node.port, ["inet_service"], write)}` : ""
    return `tproxy${family} to ${address}${port}`
  },
  compile: () => () => BREAK,
  manual: {
    title: "Transparent proxies",
    text: "Hands the packet to a local socket without changing it. The engine has no sockets: the rule does not match, as in the kernel where nothing listens.",
    example: "tproxy to :50080",
  },
}
