import { didYouMean } from "../../../base/nearest.js"
import {
  type ExtensionHeaderNode,
  extensionFields,
  hasExtensionField,
} from "../../../ruleset/expression/extension-header.js"
import { type PayloadNode, protocolNumbers } from "../../../ruleset/expression/payload.js"
import { payloadFields } from "../../../ruleset/expression/payload-field.js"
import type { RawPayloadNode } from "../../../ruleset/expression/raw-payload.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import { namesOf } from "../../../ruleset/symbols.js"
import type { Context } from "./context.js"
import type { ElaborateObject } from "./expression.js"
import { useNetwork, useTransport } from "./protocol.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, stringOf } from "./tree.js"

/** Fields of headers, and bits by their place. What they need of the packet is noted, and must fit what was asked before. */
export const elaborateHeader: Readonly<Record<string, ElaborateObject>> = { payload, exthdr }

type Elaborated = ExpressionNode | undefined

const UDP = 17
const GRE = 47

function payload(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  if (entry(inner, "base")) return rawPayload(inner, syntax, context)
  const protocol = stringOf(entry(inner, "protocol")) ?? ""
  const field = stringOf(entry(inner, "field")) ?? ""
  const tunnel = stringOf(entry(inner, "tunnel"))
  const fields = (payloadFields as Readonly<Record<string, object>>)[protocol]
  if (!fields) {
    const hint = didYouMean(protocol, Object.keys(payloadFields))
    context.report("nft-unknown-expression", `nft knows no header "${protocol}"`, syntax, hint)
    return undefined
  }
  if (!(field in fields)) {
    const hint = didYouMean(field, Object.keys(fields))
    context.report("unknown-field", `${protocol} has no field "${field}"`, syntax, hint)
    return undefined
  }
  if (protocol === "th") return transportField(field, syntax, context)
  const node: PayloadNode = { expression: "payload", protocol: protocol as PayloadNode["protocol"], field }
  if (tunnel !== undefined && tunnel !== protocol) return tunnelled(node, tunnel, syntax, context)
  return use(node, syntax, context) ? node : undefined
}

const tunnels: Readonly<Record<string, number>> = { vxlan: UDP, geneve: UDP, gre: GRE, gretap: GRE }

function tunnelled(node: PayloadNode, tunnel: string, syntax: Syntax, context: Context): Elaborated {
  const carrier = tunnels[tunnel]
  if (carrier === undefined) {
    context.report(
      "nft-unknown-expression",
      `nft looks into no "${tunnel}"`,
      syntax,
      didYouMean(tunnel, Object.keys(tunnels)),
    )
    return undefined
  }
  if (tunnel === "gre" && (node.protocol === "ether" || node.protocol === "vlan")) {
    context.report(
      "nft-conflicting-protocols",
      "gre carries IP packets: Ethernet frames are in gretap",
      syntax,
    )
    return undefined
  }
  if (!carry(carrier, tunnel, syntax, context)) return undefined
  return { ...node, tunnel: tunnel as NonNullable<PayloadNode["tunnel"]> }
}

/** VXLAN and GENEVE are known by their ports alone: the rule must have asked for UDP. */
function carry(carrier: number, tunnel: string, syntax: Syntax, context: Context): boolean {
  if (carrier !== UDP) return useTransport(carrier, syntax, context)
  if (context.protocol.transport === UDP || context.isTypeof) return true
  context.report(
    "nft-conflicting-protocols",
    `the rule must ask for UDP before ${tunnel}`,
    syntax,
    `udp dport … ${tunnel} …`,
  )
  return false
}

function use(node: PayloadNode, syntax: Syntax, context: Context): boolean {
  const { protocol } = node
  if (protocol === "arp" && context.family === "inet") {
    context.report(
      "nft-conflicting-protocols",
      "packets of a table of the family inet have no arp header",
      syntax,
    )
    return false
  }
  if (protocol === "ip" || protocol === "ip6" || protocol === "arp")
    return useNetwork(protocol, syntax, context)
  if (protocol === "ether") return true
  if (protocol === "vlan") return useVlan(syntax, context)
  if (protocol === "vxlan" || protocol === "geneve") return carry(UDP, protocol, syntax, context)
  const number = protocolNumbers[protocol]
  if (number !== undefined && !useTransport(number, syntax, context)) return false
  // Either of the two is of one IP version: what is asked behind it is of that version too.
  if (protocol === "icmp" || protocol === "icmpv6")
    context.protocol.network ??= protocol === "icmp" ? "ip" : "ip6"
  return true
}

function useVlan(syntax: Syntax, context: Context): boolean {
  const { etherType } = context.protocol
  if (etherType === undefined || etherType === 0x8100 || etherType === 0x88a8) return true
  context.report(
    "nft-conflicting-protocols",
    "the rule asks for another EtherType than that of a VLAN before",
    syntax,
  )
  return false
}

/** `th dport` is a field of the protocol that was asked for, where one was. */
function transportField(field: string, _syntax: Syntax, context: Context): PayloadNode {
  const name =
    context.protocol.transport === undefined
      ? undefined
      : namesOf("inet_proto").get(context.protocol.transport)
  const known = name !== undefined && name in payloadFields ? (name as PayloadNode["protocol"]) : undefined
  const hasField = known !== undefined && field in payloadFields[known]
  return { expression: "payload", protocol: hasField ? known : "th", field }
}

const bases = ["ll", "nh", "th", "ih"]

function rawPayload(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const base = stringOf(entry(inner, "base")) ?? ""
  const offset = numberOf(entry(inner, "offset"))
  const length = numberOf(entry(inner, "len"))
  if (!bases.includes(base) || offset === undefined || length === undefined || length < 1 || length > 128) {
    const message = "raw payload is @base,offset,length: a base of ll, nh, th or ih, and 1 to 128 bits"
    context.report("nft-unknown-expression", message, syntax)
    return undefined
  }
  if (base === "th" && length === 16 && (offset === 0 || offset === 16)) {
    const node = transportField(offset === 0 ? "sport" : "dport", syntax, context)
    if (node.protocol !== "th" || context.protocol.transport === undefined) return node
  }
  return { expression: "raw-payload", base: base as RawPayloadNode["base"], offset, length }
}

/** IPv6 alone has extension headers; nft takes them in the families ip6, inet and those of frames. */
function exthdr(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const name = stringOf(entry(inner, "name")) ?? ""
  const written = stringOf(entry(inner, "field"))
  const index = numberOf(entry(inner, "offset"))
  const field = written !== undefined && index !== undefined && index > 0 ? `${written}[${index}]` : written
  const header = (name === "rt4" ? "srh" : name) as ExtensionHeaderNode["header"]
  const known = extensionFields(header)
  if (!known) {
    context.report(
      "nft-unknown-expression",
      `nft knows no extension header "${name}"`,
      syntax,
      didYouMean(name, ["hbh", "rt", "frag", "dst", "mh"]),
    )
    return undefined
  }
  if (field !== undefined && !hasExtensionField(header, field)) {
    context.report(
      "unknown-field",
      `the extension header ${name} has no field "${field}"`,
      syntax,
      didYouMean(field, known),
    )
    return undefined
  }
  if (!useNetwork("ip6", syntax, context)) return undefined
  return { expression: "extension-header", header, ...(field !== undefined && { field }) }
}
