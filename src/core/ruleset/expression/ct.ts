import type { ExpressionKind } from "../kind.js"
import { type Load, oneWord, type Read } from "../runtime.js"
import type { TypeName } from "../type.js"

/**
 * What conntrack knows of a packet (nft(8), CONNTRACK EXPRESSIONS). Before conntrack ran, and for packets without a connection, only `ct state` can be
 * evaluated. Ports need their protocol asked earlier in the rule (`meta l4proto tcp ct original proto-dst 80`), or nft does not take them.
 */
export interface CtNode {
  readonly expression: "ct"
  readonly key:
    | "state"
    | "direction"
    | "status"
    | "mark"
    | "ip saddr"
    | "ip daddr"
    | "ip6 saddr"
    | "ip6 daddr"
    | "protocol"
    | "proto-src"
    | "proto-dst"
  /** Which tuple, for the addresses, the protocol and the ports. */
  readonly direction?: "original" | "reply"
}

/** `ct state` is a set of bits; the kernel's values (nft describe ct_state). */
export const ctState = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const

/** Before conntrack every packet is `invalid` (Linux 6.18, measured at ingress, -450 and -300): `ct state invalid drop` there drops everything. */
export const ct: ExpressionKind<CtNode> = {
  name: "ct",
  types: (node) => [types[node.key]],
  toNft: (node) =>
    node.direction && node.key !== "protocol" ? `ct ${node.direction} ${node.key}` : `ct ${node.key}`,
  read: (node) => readOf(node),
  load: (node) => (wide.has(node.key) ? loadAddress6(node) : oneWord(readOf(node)!)),
  manual: {
    title: "Connection tracking",
    text: "The state, direction, status, mark, addresses and ports of the packet's connection. The original direction's port is what the client dialled, before NAT.",
    example: "ct state established,related",
  },
}

const types: Record<CtNode["key"], TypeName> = {
  state: "ct_state",
  direction: "ct_dir",
  status: "ct_status",
  mark: "mark",
  "ip saddr": "ipv4_addr",
  "ip daddr": "ipv4_addr",
  "ip6 saddr": "ipv6_addr",
  "ip6 daddr": "ipv6_addr",
  protocol: "inet_proto",
  "proto-src": "inet_service",
  "proto-dst": "inet_service",
}

const wide = new Set<CtNode["key"]>(["ip6 saddr", "ip6 daddr"])

function readOf(node: CtNode): Read | undefined {
  const isReply = node.direction === "reply"
  switch (node.key) {
    case "state":
      return (_packet, run) => (run.tracked ? run.ctState : ctState.invalid)
    case "direction":
      return (_packet, run) => (run.connection ? run.ctDirection : -1)
    case "status":
      return (_packet, run) => (run.connection ? run.connection.status >>> 0 : -1)
    case "mark":
      return (_packet, run) => (run.connection ? run.connection.mark >>> 0 : -1)
    case "ip saddr":
    case "ip daddr": {
      const at = tupleOffset(node)
      return (_packet, run) => (run.connection?.family === 4 ? run.connection.tuples[at]! : -1)
    }
    case "protocol":
      return (_packet, run) => (run.connection ? run.connection.protocol : -1)
    case "proto-src":
      return (_packet, run) => {
        if (!run.connection) return -1
        return isReply ? run.connection.replySourcePort : run.connection.originalSourcePort
      }
    case "proto-dst":
      return (_packet, run) => {
        if (!run.connection) return -1
        return isReply ? run.connection.replyDestinationPort : run.connection.originalDestinationPort
      }
    default:
      return undefined
  }
}

function tupleOffset(node: CtNode): number {
  return (node.direction === "reply" ? 8 : 0) + (node.key.endsWith("daddr") ? 4 : 0)
}

function loadAddress6(node: CtNode): Load {
  const from = tupleOffset(node)
  return (_packet, run, at) => {
    const { connection, registers } = run
    if (connection?.family !== 6) return false
    for (let index = 0; index < 4; index++) registers[at + index] = connection.tuples[from + index]!
    return true
  }
}
