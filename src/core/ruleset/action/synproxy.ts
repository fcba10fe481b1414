import type { StepKind } from "../kind.js"

/** `synproxy mss 1460 wscale 7 timestamp sack-perm`: answers for the server until the client has proved its address. */
export interface SynproxyNode {
  readonly step: "synproxy"
  readonly mss?: number
  readonly windowScale?: number
  readonly timestamp?: boolean
  readonly sackPermitted?: boolean
}

/** A SYN and the ACK that answers the proxy's own SYN end here; other packets go on. */
export const synproxy: StepKind<SynproxyNode> = {
  name: "synproxy",
  toNft(node) {
    const parts = ["synproxy"]
    if (node.mss !== undefined) parts.push(`mss ${node.mss}`)
    if (node.windowScale !== undefined) parts.push(`wscale ${node.windowScale}`)
    if (node.timestamp) parts.push("timestamp")
    if (node.sackPermitted) parts.push("sack-perm")
    return parts.join(" ")
  },
  needsConntrack: () => true,
  compile: () => (packet, run) => run.synproxy(packet),
  manual: {
    title: "SYN proxies",
    text: "Answers a SYN with a cookie instead of the server, and opens the real connection once the client has answered.",
    example: "tcp flags syn synproxy mss 1460 wscale 7 timestamp sack-perm",
  },
}
