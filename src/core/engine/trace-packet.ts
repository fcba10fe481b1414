import type { Packet } from "../packet/packet.js"
import { ICMP, ICMPV6, TCP, UDP } from "../packet/packet.js"
import { expressionToNft } from "../ruleset/kinds.js"
import type { ExpressionNode } from "../ruleset/node.js"
import type { Run } from "../ruleset/runtime.js"
import type { TraceValues } from "./trace-values.js"

/** Header fields in the order in which `nft monitor trace` (1.0.6) names them. */
const network: Readonly<Record<4 | 6, readonly ExpressionNode[]>> = {
  4: fields("ip", "saddr", "daddr", "dscp", "ecn", "ttl", "id", "protocol", "length"),
  6: fields("ip6", "saddr", "daddr", "dscp", "ecn", "hoplimit", "flowlabel", "nexthdr", "length"),
}
const transport: Readonly<Record<number, readonly ExpressionNode[]>> = {
  [TCP]: fields("tcp", "sport", "dport", "flags", "window"),
  [UDP]: fields("udp", "sport", "dport", "length"),
  [ICMP]: fields("icmp", "type", "code", "id", "sequence"),
  [ICMPV6]: fields("icmpv6", "type", "code", "id", "sequence"),
}
const link = fields("ether", "saddr", "daddr")

/** A packet at a hook in the words of `nft monitor trace`: `iif "eth0" ether saddr … ip saddr 192.0.2.9 … tcp dport 22 tcp flags == syn tcp window 64240`. */
export function tracedPacket(
  packet: Packet,
  run: Run,
  names: readonly string[],
  values: TraceValues,
): string {
  const words: string[] = []
  if (run.inputInterface > 0) words.push(`iif "${names[run.inputInterface]}"`)
  if (run.outputInterface > 0) words.push(`oif "${names[run.outputInterface]}"`)
  const asked = [
    ...(packet.destinationMacOffset >= 0 ? link : []),
    ...(packet.family === 0 ? [] : network[packet.family]),
    ...(packet.transportOffset >= 0 && packet.fragmentOffset === 0 ? (transport[packet.protocol] ?? []) : []),
  ]
  for (const node of asked) {
    const value = values.of(node, packet, run)
    if (typeof value !== "string") continue
    const name = expressionToNft(node)
    words.push(name === "tcp flags" ? `tcp flags == ${value}` : `${name} ${value}`)
  }
  if (run.mark !== 0) words.push(`meta mark 0x${run.mark.toString(16).padStart(8, "0")}`)
  return words.join(" ")
}

function fields(
  protocol: "ether" | "ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6",
  ...names: string[]
): ExpressionNode[] {
  return names.map((field) => ({ expression: "payload", protocol, field }))
}
