import type { CtNode } from "./expression/ct.js"
import type { MetaNode } from "./expression/meta.js"
import { stepToNft } from "./kinds.js"
import type { ExpressionNode, StepNode } from "./node.js"
import { findExtension } from "./xtables/extensions.js"
import { printHeader } from "./xtables/header.js"
import type { XtHeaderNode } from "./xtables/node.js"
import { printOptions } from "./xtables/print-options.js"

/** A step in the words of who wrote it: nft's, or those of iptables. For traces and listings, not for loading. */
export function stepText(step: StepNode): string {
  if (step.step === "xt-header") return printHeader(step)
  if (step.step === "xt-match" || step.step === "xt-target") {
    const role = step.step === "xt-match" ? "match" : "target"
    const options = printOptions(findExtension(role, step.name, step.family), step.options, step.family)
    return `${role === "match" ? "-m" : "-j"} ${step.name} ${options}`.trimEnd()
  }
  const text = stepToNft(step)
  return typeof text === "string" ? text : `<${step.step}>`
}

/** The expressions whose values tell why a step said what it said, for traces; none where it goes by what it remembers. */
export function observedBy(step: StepNode): readonly ExpressionNode[] {
  if (step.step === "xt-header") return inHeader(step)
  if (step.step === "xt-match") {
    return (matches[step.name] ?? []).flatMap(([node, options]) =>
      options === undefined || step.options.some(({ name }) => options.test(name)) ? [node] : [],
    )
  }
  if ("left" in step) return [step.left]
  return step.step === "set-update" ? [step.key] : []
}

function inHeader({
  family,
  source,
  destination,
  input,
  output,
  protocol,
  fragment,
}: XtHeaderNode): ExpressionNode[] {
  const ip = family === 4 ? "ip" : "ip6"
  return [
    ...(input ? [meta("iifname")] : []),
    ...(output ? [meta("oifname")] : []),
    ...(source ? [field(ip, "saddr")] : []),
    ...(destination ? [field(ip, "daddr")] : []),
    ...(protocol ? [meta("l4proto")] : []),
    ...(fragment ? [field("ip", "frag-off")] : []),
  ]
}

/** What matches of iptables look at, by nft's names, and the options that ask for it; no options: always. */
const matches: Readonly<Record<string, readonly Observed[]>> = {
  tcp: [
    [field("tcp", "sport"), /^(?:sport|source-port)$/],
    [field("tcp", "dport"), /^(?:dport|destination-port)$/],
    [field("tcp", "flags"), /^(?:tcp-flags|syn)$/],
  ],
  udp: [
    [field("udp", "sport"), /^(?:sport|source-port)$/],
    [field("udp", "dport"), /^(?:dport|destination-port)$/],
  ],
  multiport: [
    [field("th", "sport"), /^(?:s?ports|source-ports)$/],
    [field("th", "dport"), /^(?:d?ports|destination-ports)$/],
  ],
  icmp: [[field("icmp", "type")], [field("icmp", "code")]],
  icmp6: [[field("icmpv6", "type")], [field("icmpv6", "code")]],
  state: [[ct("state")]],
  conntrack: [
    [ct("state"), /^ctstate$/],
    [ct("status"), /^ctstatus$/],
    [ct("direction"), /^ctdir$/],
  ],
  connmark: [[ct("mark")]],
  mark: [[meta("mark")]],
  length: [[meta("length")]],
  pkttype: [[meta("pkttype")]],
  ttl: [[field("ip", "ttl")]],
  hl: [[field("ip6", "hoplimit")]],
  tos: both("dscp"),
  dscp: both("dscp"),
  ecn: both("ecn"),
  mac: [[field("ether", "saddr")]],
  iprange: [...both("saddr", /^src-range$/), ...both("daddr", /^dst-range$/)],
  set: [...both("saddr"), ...both("daddr")],
  addrtype: [
    [{ expression: "fib", selectors: ["saddr"], result: "type" }, /^src-type$/],
    [{ expression: "fib", selectors: ["daddr"], result: "type" }, /^dst-type$/],
  ],
}

type Observed = readonly [node: ExpressionNode, options?: RegExp]

/** Of an IPv4 packet one of them is there, of an IPv6 packet the other. */
function both(name: string, options?: RegExp): readonly Observed[] {
  return (["ip", "ip6"] as const).map(
    (ip): Observed => (options ? [field(ip, name), options] : [field(ip, name)]),
  )
}

function field(
  protocol: "ether" | "ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6" | "th",
  name: string,
): ExpressionNode {
  return { expression: "payload", protocol, field: name }
}

function meta(key: MetaNode["key"]): ExpressionNode {
  return { expression: "meta", key }
}

function ct(key: CtNode["key"]): ExpressionNode {
  return { expression: "ct", key }
}
