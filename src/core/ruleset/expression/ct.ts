import type { ExpressionKind } from "../kind.js"
import { type Build, type Load, oneWord, type Read, type RunConnection } from "../runtime.js"
import { dataTypes, type TypeName } from "../type.js"

/**
 * What conntrack knows of a packet (nft(8), CONNTRACK EXPRESSIONS). Before conntrack ran, and for packets without a connection, only `ct state` can be
 * evaluated. Ports need their protocol asked earlier in the rule (`meta l4proto tcp ct original proto-dst 80`), or nft does not take them.
 */
export interface CtNode {
  readonly expression: "ct"
  readonly key: keyof typeof types
  /** Which tuple, for the addresses, the protocol and the ports; whose bytes and packets (absent: both directions'). */
  readonly direction?: "original" | "reply"
}

const types = {
  state: "ct_state",
  direction: "ct_dir",
  status: "ct_status",
  mark: "mark",
  "ip saddr": "ipv4_addr",
  "ip daddr": "ipv4_addr",
  "ip6 saddr": "ipv6_addr",
  "ip6 daddr": "ipv6_addr",
  l3proto: "nf_proto",
  protocol: "inet_proto",
  "proto-src": "inet_service",
  "proto-dst": "inet_service",
  bytes: "integer64",
  packets: "integer64",
  avgpkt: "integer64",
  zone: "integer",
  id: "integer",
  expiration: "time",
  helper: "string",
  label: "ct_label",
  event: "ct_event",
} as const satisfies Record<string, TypeName>

/** All keys, for who reads them. */
export const ctKeys: readonly string[] = Object.keys(types)

/** `ct state` is a set of bits; the kernel's values (nft describe ct_state). */
export const ctState = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const

/** Before conntrack every packet is `invalid` (Linux 6.18, measured at ingress, -450 and -300): `ct state invalid drop` there drops everything. */
export const ct: ExpressionKind<CtNode> = {
  name: "ct",
  types: (node) => [types[node.key]],
  toNft: (node) =>
    node.direction && !both.has(node.key) ? `ct ${node.direction} ${node.key}` : `ct ${node.key}`,
  bits: (node) => (node.key === "zone" ? 16 : node.key === "helper" ? 128 : dataTypes[types[node.key]]),
  assumes: (node) =>
    unknown.has(node.key) ? "the engine cannot know it: the rule does not match" : undefined,
  read: (node) => readOf(node),
  needsConntrack: () => true,
  load(node, build) {
    if (wide.has(node.key)) return loadAddress6(node)
    const read = readOf(node)
    return read ? oneWord(read) : (loadWide(node, build) ?? (() => false))
  },
  requires: () => ({}),
  isKnown: ({ key }, known) => (key === "state" && known.state) || (key === "direction" && known.direction),
  manual: {
    title: "Connection tracking",
    text: "The state, direction, status, mark, addresses and ports of the packet's connection. The original direction's port is what the client dialled, before NAT.",
    example: "ct state established,related",
  },
}

/** The same in both directions: nft lists none. */
const both = new Set<CtNode["key"]>(["protocol", "l3proto"])

const unknown = new Set<CtNode["key"]>(["id", "helper", "event"])

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
    case "l3proto":
      return (_packet, run) => (run.connection ? (run.connection.family === 4 ? 2 : 10) : -1)
    case "zone":
      return (_packet, run) => (run.connection ? run.connection.zone(isReply ? 1 : 0) : -1)
    case "id":
      return (_packet, run) => (run.connection ? run.connection.id : -1)
    case "helper":
      return () => -1
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

/** Labels are four words; bytes, packets and the time that is left two each. */
function loadWide(node: CtNode, build: Build): Load | undefined {
  if (node.key === "label") {
    return (_packet, run, at) => {
      const { connection, registers } = run
      if (!connection) return false
      for (let word = 0; word < 4; word++) registers[at + 3 - word] = connection.labels(word)
      return true
    }
  }
  const value = largeOf(node)
  if (!value) return undefined
  if (node.key !== "expiration") build.accounting()
  return (_packet, run, at) => {
    if (!run.connection) return false
    const number = value(run.connection, run.now)
    run.registers[at] = Math.floor(number / 2 ** 32)
    run.registers[at + 1] = number % 2 ** 32
    return true
  }
}

type Large = (connection: RunConnection, now: number) => number

function largeOf({ key, direction }: CtNode): Large | undefined {
  const which = direction === "original" ? 0 : direction === "reply" ? 1 : 2
  switch (key) {
    case "bytes":
      return (connection) => connection.bytes(which)
    case "packets":
      return (connection) => connection.packets(which)
    case "avgpkt":
      return (connection) => {
        const packets = connection.packets(which)
        return packets === 0 ? 0 : Math.floor(connection.bytes(which) / packets)
      }
    case "expiration":
      return (connection, now) => Math.max(0, Math.floor(connection.remaining(now) / 1e6))
    default:
      return undefined
  }
}
