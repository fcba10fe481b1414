import type { Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { type Build, type Load, oneWord, type Read, type Run } from "../runtime.js"
import { dataTypes, type TypeName, wordsOf } from "../type.js"
import { nftProtocol } from "./nft-protocol.js"

/** What the kernel knows of a packet besides its bytes (nft(8), META EXPRESSIONS). */
export interface MetaNode {
  readonly expression: "meta"
  readonly key: keyof typeof types
}

const types = {
  nfproto: "nf_proto",
  l4proto: "inet_proto",
  protocol: "ether_type",
  length: "integer",
  mark: "mark",
  priority: "classid",
  pkttype: "pkt_type",
  random: "integer",
  nftrace: "boolean",
  cpu: "integer",
  cgroup: "integer",
  iif: "iface_index",
  oif: "iface_index",
  iifname: "ifname",
  oifname: "ifname",
  iiftype: "iface_type",
  oiftype: "iface_type",
  iifgroup: "devgroup",
  oifgroup: "devgroup",
  iifkind: "string",
  oifkind: "string",
  ibrname: "ifname",
  obrname: "ifname",
  ibrpvid: "integer",
  ibrvproto: "ether_type",
  sdif: "iface_index",
  sdifname: "ifname",
  skuid: "uid",
  skgid: "gid",
  rtclassid: "realm",
  ipsec: "boolean",
  time: "absolute_time",
  day: "day",
  hour: "hour",
} as const satisfies Record<string, TypeName>

/** All keys, for who reads them. */
export const metaKeys: readonly string[] = Object.keys(types)

/** Keys that the interfaces alone decide. */
const ofInterfaces = new Set<string>([
  "iif",
  "oif",
  "iifname",
  "oifname",
  "iifgroup",
  "oifgroup",
  "iiftype",
  "oiftype",
])

/** Keys that nft lists without the word `meta` before them. */
const bare = new Set<string>(["iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup"])

/** An interface that a hook does not have (the outgoing one before routing) is an empty name: `!=` matches, as measured on Linux 6.18. */
export const meta: ExpressionKind<MetaNode> = {
  name: "meta",
  types: (node) => [types[node.key]],
  bits: (node) => (node.key === "ipsec" || node.key === "nftrace" ? 1 : dataTypes[types[node.key]]),
  assumes: (node) => assumptions[node.key],
  toNft: (node) => (bare.has(node.key) ? node.key : `meta ${node.key}`),
  read: (node, build) => (wordsOf(types[node.key]) === 1 ? readOf(node.key, build) : undefined),
  load: (node, build) => (wordsOf(types[node.key]) === 1 ? oneWord(readOf(node.key, build)) : loadTime),
  requires(node, _requirementOf, equals) {
    if (node.key === "random") return undefined
    if (node.key === "nfproto" && (equals === 2 || equals === 10)) return { family: equals === 2 ? 4 : 6 }
    return node.key === "l4proto" && equals !== undefined ? { protocol: equals } : {}
  },
  isKnown: ({ key }, { plain, interfaces }) =>
    key === "nfproto" || key === "l4proto" ? plain !== null : interfaces && ofInterfaces.has(key),
  manual: {
    title: "Packet metadata",
    text: "The packet's family, protocol, interfaces, length, mark or kind of delivery. `meta l4proto` is the protocol behind all headers of IPv6.",
    example: 'iifname "eth0" meta l4proto tcp',
  },
}

const reads: Partial<Record<MetaNode["key"], Read>> = {
  nfproto: (packet) => (packet.family === 4 ? 2 : packet.family === 6 ? 10 : -1),
  l4proto: nftProtocol,
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
  iif: (_packet, run) => run.inputInterface,
  oif: (_packet, run) => run.outputInterface,
  iifgroup: (_packet, run) => (run.inputInterface === 0 ? -1 : 0),
  oifgroup: (_packet, run) => (run.outputInterface === 0 ? -1 : 0),
  random: (_packet, run) => run.random(2 ** 32),
  ipsec: () => 0,
  nftrace: () => 0,
  day: (_packet, run) => Math.floor(secondsOf(run) / 86_400 + THURSDAY) % 7,
  hour: (_packet, run) => secondsOf(run) % 86_400,
}

/** 1970 began on a Thursday. */
const THURSDAY = 4

/** Whole seconds since 1970, in UTC. */
function secondsOf(run: Run): number {
  return run.epoch + Math.floor(run.now / 1e9)
}

const loadTime: Load = (_packet, run, at) => {
  const seconds = secondsOf(run)
  run.registers[at] = Math.floor(seconds / 2 ** 32)
  run.registers[at + 1] = seconds % 2 ** 32
  return true
}

const unknown = "the engine cannot know it: the rule does not match"

/** What stands in for what only a running host knows. */
const assumptions: Partial<Record<MetaNode["key"], string>> = {
  priority: unknown,
  cpu: unknown,
  cgroup: unknown,
  iiftype: "every interface but lo is taken to be Ethernet",
  oiftype: "every interface but lo is taken to be Ethernet",
  iifgroup: "every interface is taken to be in group 0",
  oifgroup: "every interface is taken to be in group 0",
  iifkind: unknown,
  oifkind: unknown,
  ibrname: unknown,
  obrname: unknown,
  ibrpvid: unknown,
  ibrvproto: unknown,
  sdif: "no interface is taken to be in a VRF: the rule does not match",
  sdifname: "no interface is taken to be in a VRF: the rule does not match",
  skuid: unknown,
  skgid: unknown,
  rtclassid: unknown,
  ipsec: "no packet is taken to have come through IPsec",
  day: "the firewall's time zone is taken to be UTC",
  hour: "the firewall's time zone is taken to be UTC",
}

/** ARPHRD_ETHER and ARPHRD_LOOPBACK of linux/if_arp.h. */
const ETHER = 1
const LOOPBACK = 772

function readOf(key: MetaNode["key"], build: Build): Read {
  if (key === "iiftype" || key === "oiftype") {
    const loopback = build.interfaces("lo")[0] ?? -1
    const interfaceOf = reads[key === "iiftype" ? "iif" : "oif"]!
    return (packet, run) => {
      const index = interfaceOf(packet, run)
      return index <= 0 ? -1 : index === loopback ? LOOPBACK : ETHER
    }
  }
  return reads[key] ?? (() => -1)
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
