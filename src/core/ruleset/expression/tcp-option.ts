import { type Packet, TCP } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import { packetEnd } from "./packet-end.js"

/** A TCP option: a field of it (`tcp option maxseg size`), or with `field` absent whether it is there. */
export interface TcpOptionNode {
  readonly expression: "tcp-option"
  readonly option: "maxseg" | "window" | "sack-perm" | "timestamp"
  readonly field?: "size" | "count" | "tsval" | "tsecr"
}

/** Packets without a readable TCP header, UDP and ICMP included, have no option: `missing` matches them (Linux 6.18, measured); a field's comparison never does. */
export const tcpOption: ExpressionKind<TcpOptionNode> = {
  name: "tcp-option",
  types: (node) => [node.field === undefined ? "boolean" : "integer"],
  toNft: (node) => `tcp option ${node.option}${node.field === undefined ? "" : ` ${node.field}`}`,
  read: (node) => readOf(node),
  load: (node) => oneWord(readOf(node)),
  manual: {
    title: "TCP options",
    text: "Whether a TCP header carries an option, or a field of it. A comparison with the field does not match where the option is absent, not even `!=`.",
    example: "tcp option maxseg size < 88 drop",
  },
}

/** Option kinds (RFC 9293, 7323, 2018). */
const kinds: Record<TcpOptionNode["option"], number> = { maxseg: 2, window: 3, "sack-perm": 4, timestamp: 8 }

/** First byte and width in bytes. */
const places: Record<NonNullable<TcpOptionNode["field"]>, readonly [number, number]> = {
  size: [2, 2],
  count: [2, 1],
  tsval: [2, 4],
  tsecr: [6, 4],
}

function readOf(node: TcpOptionNode): Read {
  const kind = kinds[node.option]
  if (node.field === undefined) return (packet) => (find(packet, kind, 0) < 0 ? 0 : 1)
  const [from, bytes] = places[node.field]
  return (packet) => {
    const at = find(packet, kind, from + bytes)
    if (at < 0) return -1
    let value = 0
    for (let index = 0; index < bytes; index++) value = value * 256 + packet.view.getUint8(at + from + index)
    return value
  }
}

/**
 * Finds the first option of a kind, as net/netfilter/nft_exthdr.c walks: an option without a length is one byte long (the end of the list too, so the walk goes on
 * behind it), and one that reaches beyond the header, or is shorter than `needed`, ends the search.
 */
function find(packet: Packet, kind: number, needed: number): number {
  if (packet.protocol !== TCP || packet.transportOffset < 0 || packet.fragmentOffset > 0) return -1
  const { view, transportOffset } = packet
  if (transportOffset + 20 > packetEnd(packet)) return -1
  const end = transportOffset + (view.getUint8(transportOffset + 12) >>> 4) * 4
  if (end > packetEnd(packet)) return -1
  let at = transportOffset + 20
  while (at < end - 1) {
    const length = view.getUint8(at) <= 1 ? 1 : Math.max(1, view.getUint8(at + 1))
    if (view.getUint8(at) === kind) return at + length > end || needed > length ? -1 : at
    at += length
  }
  return -1
}
