import type { ExpressionKind } from "../kind.js"
import { oneWord } from "../runtime.js"
import type { TypeName } from "../type.js"
import { neverKnown, neverMatches } from "./unknown-to-engine.js"

/** What the kernel knows of the socket that a packet is for (nft(8), SOCKET EXPRESSION). */
export interface SocketNode {
  readonly expression: "socket"
  readonly key: "transparent" | "mark" | "wildcard" | "cgroupv2"
  /** For `cgroupv2`: how deep in the hierarchy. */
  readonly level?: number
}

const types: Record<SocketNode["key"], TypeName> = {
  transparent: "integer",
  mark: "mark",
  wildcard: "integer",
  cgroupv2: "cgroupsv2",
}

export const socket: ExpressionKind<SocketNode> = {
  name: "socket",
  types: (node) => [types[node.key]],
  bits: (node) => (node.key === "mark" ? 32 : node.key === "cgroupv2" ? 64 : 1),
  assumes: () => neverMatches,
  toNft: (node) => `socket ${node.key}${node.level === undefined ? "" : ` level ${node.level}`}`,
  read: (node) => (node.key === "cgroupv2" ? undefined : neverKnown),
  load: (node) => (node.key === "cgroupv2" ? () => false : oneWord(neverKnown)),
  manual: {
    title: "Sockets",
    text: "Whether a packet's socket is transparent, its mark, its control group. A replay has no sockets, and nothing matches.",
    example: "socket transparent 1 accept",
  },
}
