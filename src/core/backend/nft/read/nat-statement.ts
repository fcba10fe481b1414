import type { NatFlag } from "../../../ruleset/action/nat.js"
import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { TypeName } from "../../../ruleset/type.js"
import type { Context, Operand } from "./context.js"
import { elaborateObjectReference } from "./object-statement.js"
import type { Syntax } from "./syntax.js"
import { entry, isNull, listOf, numberOf, single, stringOf, wordsOf } from "./tree.js"
import { elaborateOperand, quotedWord } from "./values.js"

/** Statements that send a packet elsewhere. */

type Family = "ip" | "ip6"

const natFlags: readonly NatFlag[] = ["random", "fully-random", "persistent"]

/** Where nft takes each kind: dnat and redirect before routing, snat and masquerade behind it. */
const natHooks: Readonly<Record<string, readonly string[]>> = {
  dnat: ["prerouting", "output"],
  redirect: ["prerouting", "output"],
  snat: ["postrouting", "input"],
  masquerade: ["postrouting"],
}

/** `{"dnat": {"family", "addr", "port", "flags", "type_flags"}}` and its kin. */
export function elaborateNat(
  value: Syntax,
  context: Context,
  at: Syntax,
  name: string,
): StepNode | undefined {
  const kind = name as "snat" | "dnat" | "masquerade" | "redirect"
  if (!isAllowed(kind, context, at)) return undefined
  const written = stringOf(entry(value, "family"))
  const addr = entry(value, "addr")
  const family = familyOf(written, context)
  const forms = wordsOf(entry(value, "type_flags"))
  const addressType: TypeName = family === "ip6" ? "ipv6_addr" : "ipv4_addr"
  if (addr && family === undefined) {
    context.report(
      "nft-bad-value",
      "nft wants to know the family here",
      at,
      `write "${kind} ip to" or "${kind} ip6 to"`,
    )
    return undefined
  }
  const types: readonly TypeName[] = holdsPort(addr, forms, context)
    ? [addressType, "inet_service"]
    : [addressType]
  const address = addr && elaborateOperand(addr, types, context)
  if (addr && !address) return undefined
  const portSyntax = entry(value, "port")
  const port = portSyntax && elaborateOperand(portSyntax, ["inet_service"], context)
  if (portSyntax && !port) return undefined
  const flags = listOf(entry(value, "flags")).flatMap((flag) => {
    const word = stringOf(flag)
    const found = natFlags.find((each) => each === word)
    if (!found && word !== "netmap")
      context.report("nft-bad-value", `${quotedWord(flag)} is no flag of ${kind}`, flag)
    return found ?? []
  })
  const form = forms.includes("prefix") ? "prefix" : forms.includes("interval") ? "interval" : undefined
  const isBoth = context.family !== "ip" && context.family !== "ip6"
  const shown = address && (isBoth || written !== undefined) ? family : undefined
  return {
    step: "nat",
    kind,
    ...(shown && { family: shown }),
    ...(address && { address }),
    ...(port && { port }),
    ...(form && { form }),
    ...(flags.length > 0 && { flags: natFlags.filter((flag) => flags.includes(flag)) }),
  }
}

function isAllowed(kind: string, context: Context, at: Syntax): boolean {
  const { chainType, hook } = context
  if (chainType !== undefined && chainType !== "nat") {
    context.report("nft-not-here", `${kind} stands in chains of type nat, not ${chainType}`, at)
    return false
  }
  if (hook !== undefined && !natHooks[kind]!.includes(hook)) {
    context.report(
      "nft-not-here",
      `${kind} is not possible at ${hook}`,
      at,
      `it is at ${natHooks[kind]!.join(" and ")}`,
    )
    return false
  }
  return true
}

/** Of the statement, the table, or what the rule has asked. */
function familyOf(written: string | undefined, context: Context): Family | undefined {
  if (written === "ip" || written === "ip6") return written
  if (context.family === "ip" || context.family === "ip6") return context.family
  const { network } = context.protocol
  return network === "ip" || network === "ip6" ? network : undefined
}

/** The types of a named map's values. */
function mapDataOf(addr: Syntax | undefined, context: Context): readonly TypeName[] | undefined {
  const name = stringOf(entry(entry(addr, "map"), "data"))
  const data = name === undefined ? undefined : context.set(name.replace(/^@/, ""))?.data
  if (data === undefined || data === "verdict") return undefined
  return typeof data === "string" ? [data] : data
}

/** Whether a map has an address and a port for each key. */
function holdsPort(addr: Syntax | undefined, forms: readonly string[], context: Context): boolean {
  if (forms.includes("concat")) return true
  const named = mapDataOf(addr, context)
  if (named) return named.length > 1
  const first = listOf(entry(entry(entry(addr, "map"), "data"), "set"))[0]
  const data = first?.kind === "array" ? first.items[1] : undefined
  return data !== undefined && single(data)?.[0] === "concat"
}

/** `{"queue": {"num": …, "flags": […]}}`. */
export function elaborateQueue(value: Syntax, context: Context): StepNode | undefined {
  const written = entry(value, "num")
  const number = written && elaborateOperand(written, ["inet_service"], context)
  if (written && !number) return undefined
  if (written && number && "expression" in number && !isQueueNumber(number.expression)) {
    context.report(
      "nft-bad-value",
      "a queue's number is a constant below 65536, or made by numgen, a hash or a map",
      written,
    )
    return undefined
  }
  const flags = wordsOf(entry(value, "flags")).filter((flag) => flag === "bypass" || flag === "fanout")
  if (number && "expression" in number && flags.includes("fanout")) {
    context.report(
      "nft-bad-value",
      "fanout spreads packets over a range of queues, and not over an expression",
      written!,
    )
    return undefined
  }
  const isDefault = number && "item" in number && "value" in number.item && number.item.value[0] === 0
  return {
    step: "queue",
    ...(number && !isDefault && { number }),
    ...(flags.length > 0 && { flags }),
  }
}

const queueMaximum = 65535

function isQueueNumber(node: ExpressionNode): boolean {
  if (node.expression === "map") return true
  if (node.expression !== "numgen" && node.expression !== "hash") return false
  return node.modulus + (node.offset ?? 0) - 1 <= queueMaximum
}

export function elaborateDuplicate(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const addr = entry(value, "addr")
  const dev = entry(value, "dev")
  if (context.family === "netdev") {
    const device = elaborateDevice(dev ?? addr, context, at)
    return device && { step: "duplicate", device }
  }
  const family = familyOf(undefined, context)
  const address = addr && elaborateOperand(addr, [family === "ip6" ? "ipv6_addr" : "ipv4_addr"], context)
  if (!address) {
    if (!addr) context.report("nft-bad-value", "dup names the address that the copy goes to", at)
    return undefined
  }
  const device = dev && elaborateDevice(dev, context, at)
  return { step: "duplicate", address, ...(device && { device }) }
}

function elaborateDevice(syntax: Syntax | undefined, context: Context, at: Syntax): Operand | undefined {
  if (syntax) return elaborateOperand(syntax, ["iface_index"], context)
  context.report("nft-bad-value", "a device is missing", at)
  return undefined
}

export function elaborateForward(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  if (context.family !== "netdev") {
    context.report("nft-not-here", "fwd stands in tables of the family netdev", at)
    return undefined
  }
  const device = elaborateDevice(entry(value, "dev"), context, at)
  const addr = entry(value, "addr")
  const isSix = stringOf(entry(value, "family")) === "ip6"
  const address = addr && elaborateOperand(addr, [isSix ? "ipv6_addr" : "ipv4_addr"], context)
  if (!device || (addr && !address)) return undefined
  return { step: "forward", device, ...(address && { address }) }
}

export function elaborateProxy(
  kind: "synproxy" | "tproxy",
  value: Syntax,
  context: Context,
  at: Syntax,
): StepNode | undefined {
  if (kind === "tproxy") return elaborateTransparent(value, context, at)
  if (isNull(value)) return { step: "synproxy" }
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("synproxy", value, context, at)
  return synproxyOf(value)
}

/** Of the statement, or of a named object. */
export function synproxyOf(value: Syntax): StepNode {
  const mss = numberOf(entry(value, "mss"))
  const windowScale = numberOf(entry(value, "wscale"))
  const flags = wordsOf(entry(value, "flags"))
  return {
    step: "synproxy",
    ...(mss !== undefined && { mss }),
    ...(windowScale !== undefined && { windowScale }),
    ...(flags.includes("timestamp") && { timestamp: true }),
    ...(flags.includes("sack-perm") && { sackPermitted: true }),
  }
}

function elaborateTransparent(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const written = stringOf(entry(value, "family"))
  const addr = entry(value, "addr")
  const family = familyOf(written, context)
  const isBoth = context.family !== "ip" && context.family !== "ip6"
  if (addr && isBoth && written === undefined && family === undefined) {
    context.report(
      "nft-bad-value",
      "nft wants to know the family here",
      at,
      'write "tproxy ip to" or "tproxy ip6 to"',
    )
    return undefined
  }
  const address = addr && elaborateOperand(addr, [family === "ip6" ? "ipv6_addr" : "ipv4_addr"], context)
  const portSyntax = entry(value, "port")
  const port = portSyntax && elaborateOperand(portSyntax, ["inet_service"], context)
  if ((addr && !address) || (portSyntax && !port)) return undefined
  if (!address && !port) {
    context.report("nft-bad-value", "tproxy names an address or a port", at)
    return undefined
  }
  const shown = context.family === "inet" ? (written === undefined && !addr ? undefined : family) : undefined
  context.assume("no local socket listens in a replay: the rule is taken not to match", at)
  return {
    step: "transparent-proxy",
    ...(shown && { family: shown }),
    ...(address && { address }),
    ...(port && { port }),
  }
}
