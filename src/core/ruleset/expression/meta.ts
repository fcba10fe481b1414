import type { Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read, type Run } from "../runtime.js"
import type { TypeName } from "../type.js"

/** What the kernel knows of a packet besides its bytes (nft(8), META EXPRESSIONS). */
export interface MetaNode {
  readonly expression: "meta"
  readonly key: "nfproto" | "l4proto" | "protocol" | "iifname" | "oifname" | "length" | "mark" | "pkttype"
}

/** An interface that a hook does not have (the outgoing one before routing) is an empty name: `!=` matches, as measured on Linux 6.18. */
export const meta: ExpressionKind<MetaNode> = {
  name: "meta",
  types: (node) => [types[node.key]],
  toNft: (node) => (node.key === "iifname" || node.key === "oifname" ? node.key : `meta ${node.key}`),
  read: (node) => reads[node.key],
  load: (node) => oneWord(reads[node.key]),
  manual: {
    title: "Packet metadata",
    text: "The packet's family, protocol, interfaces, length, mark or kind of delivery. `meta l4proto` is the protocol behind all headers of IPv6.",
    example: 'iifname "eth0" meta l4proto tcp',
  },
}

const types: Record<MetaNode["key"], TypeName> = {
  nfproto: "nf_proto",
  l4proto: "inet_proto",
  protocol: "ether_type",
  iifname: "ifname",
  oifname: "ifname",
  length: "integer",
  mark: "mark",
  pkttype: "pkt_type",
}

const reads: Record<MetaNode["key"], Read> = {
  nfproto: (packet) => (packet.family === 4 ? 2 : packet.family === 6 ? 10 : -1),
  l4proto: (packet) => packet.protocol,
  protocol: (packet) =>
    packet.etherType !== 0
      ? packet.etherType
      : packet.family === 6
        ? 0x86dd
        : packet.family === 4
          ? 0x0800
          : -1,
  iifname: (_packet, run) => run.inputInterface,
  oifname: (_packet, run) => run.outputInterface,
  length: lengthOf,
  mark: (_packet, run) => run.mark >>> 0,
  pkttype: deliveryOf,
}

/** Bytes from the IP header on. At ingress a short frame's padding still counts (46 for a bare SYN); later IP has cut it off (40). */
export function lengthOf(packet: Packet, run: Run): number {
  if (!run.ingress && packet.family !== 0) return packet.networkLength
  return packet.wireLength - Math.max(0, packet.networkOffset - packet.frameOffset)
}

/** PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST of linux/if_packet.h, as the link layer says or its address tells. */
function deliveryOf(packet: Packet): number {
  if (packet.linkPacketType >= 0) return packet.linkPacketType === 4 ? 0 : packet.linkPacketType
  const at = packet.destinationMacOffset
  if (at < 0 || (packet.view.getUint8(at) & 1) === 0) return 0
  return packet.view.getUint32(at) === 0xffffffff && packet.view.getUint16(at + 4) === 0xffff ? 1 : 2
}
