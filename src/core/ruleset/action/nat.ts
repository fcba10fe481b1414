import type { Packet } from "../../packet/packet.js"
import { DESTINATION, SOURCE } from "../../packet/rewrite.js"
import type { StepKind, Writer } from "../kind.js"
import { BREAK, type Build, type Run, type Step } from "../runtime.js"
import type { NatRequest } from "../translator.js"
import type { Item } from "../value.js"
import { type Operand, operandToNft, typeOfAddress } from "./operand.js"

/** `snat`, `dnat`, `masquerade` and `redirect`: the connection's addresses and ports become others. Each is also a verdict: it accepts. */
export interface NatNode {
  readonly step: "nat"
  readonly kind: "snat" | "dnat" | "masquerade" | "redirect"
  /** Written, and needed where the table has both families. */
  readonly family?: "ip" | "ip6"
  /** One address, a range, a network (with `prefix`), or what a map has: an address, or an address and a port. */
  readonly address?: Operand
  readonly port?: Operand
  /** `prefix`: host bits stay; `interval`: the map's values are ranges. */
  readonly form?: "prefix" | "interval"
  readonly flags?: readonly NatFlag[]
}

export type NatFlag = "random" | "fully-random" | "persistent"

export const nat: StepKind<NatNode> = {
  name: "nat",
  toNft: (node, write) =>
    [node.kind, targetToNft(node, write), ...flagsToNft(node)].filter(Boolean).join(" "),
  needsConntrack: () => true,
  compile,
  manual: {
    title: "Address translation",
    text: "Changes a connection's source or destination, in chains of type nat: for its first packet, and then for all that follow in both directions. The packet is accepted.",
    example: "dnat to 192.0.2.10:8080",
  },
}

function targetToNft(node: NatNode, write: Writer): string {
  const address = node.address ? addressToNft(node, node.address, write) : ""
  const port = node.port ? operandToNft(node.port, ["inet_service"], write) : ""
  const family = node.family ? `${node.family} ` : ""
  if (address === "" && port === "") return ""
  return `${family}${node.form ? `${node.form} ` : ""}to ${address}${port === "" ? "" : `:${port}`}`
}

/** IPv6 addresses stand in brackets before a port. */
function addressToNft(node: NatNode, address: Operand, write: Writer): string {
  if ("expression" in address) return write.expression(address.expression)
  const type = typeOfAddress(address)
  if (node.port === undefined || type === "ipv4_addr") return write.item(address.item, [type])
  if ("from" in address.item) {
    const ends = [address.item.from, address.item.to].map((value) => `[${write.item({ value }, [type])}]`)
    return ends.join("-")
  }
  return `[${write.item(address.item, [type])}]`
}

function flagsToNft({ flags = [] }: NatNode): readonly string[] {
  return flags.length === 0 ? [] : [flags.join(",")]
}

/** Fills a part of the request for a packet. False: it cannot be evaluated, and the rule does not match. */
type Fill = (packet: Packet, run: Run, request: NatRequest) => boolean

function compile(node: NatNode, build: Build): Step {
  const fills: Fill[] = []
  if (node.address) fills.push(fillAddress(node.address, build))
  if (node.port) fills.push(fillPort(node.port, build))
  const flags = node.flags ?? []
  const random = flags.includes("random")
  const fullyRandom = flags.includes("fully-random")
  const persistent = flags.includes("persistent")
  const { kind } = node
  return (packet, run) => {
    const request = run.nat.ask()
    request.random = random
    request.fullyRandom = fullyRandom
    request.persistent = persistent
    for (let index = 0; index < fills.length; index++) if (!fills[index]!(packet, run, request)) return BREAK
    if (kind === "masquerade") return run.nat.masquerade(packet)
    if (kind === "redirect") return run.nat.redirect(packet)
    return run.nat.translate(packet, kind === "dnat" ? DESTINATION : SOURCE)
  }
}

function fillAddress(address: Operand, build: Build): Fill {
  if ("item" in address) {
    const [lowest, highest] = endsOf(address.item)
    return (_packet, _run, request) => {
      request.hasAddresses = true
      request.lowest.set(lowest)
      request.highest.set(highest)
      return true
    }
  }
  const types = build.types(address.expression)
  const words = types[0] === "ipv6_addr" ? 4 : 1
  const hasPort = types.length > 1
  const load = build.load(address.expression)
  return (packet, run, request) => {
    if (!load(packet, run, 0)) return false
    request.hasAddresses = true
    for (let word = 0; word < words; word++)
      request.lowest[word] = request.highest[word] = run.registers[word]!
    if (hasPort) request.fromPort = request.toPort = run.registers[words]!
    return true
  }
}

function fillPort(port: Operand, build: Build): Fill {
  if ("item" in port) {
    const [[from = -1], [to = -1]] = endsOf(port.item)
    return (_packet, _run, request) => {
      request.fromPort = from
      request.toPort = to
      return true
    }
  }
  const load = build.load(port.expression)
  return (packet, run, request) => {
    if (!load(packet, run, 0)) return false
    request.fromPort = request.toPort = run.registers[0]!
    return true
  }
}

/** The lowest and the highest of what an item stands for. */
function endsOf(item: Item): readonly [readonly number[], readonly number[]] {
  if ("value" in item) return typeof item.value === "string" ? [[], []] : [item.value, item.value]
  if ("from" in item)
    return [typeof item.from === "string" ? [] : item.from, typeof item.to === "string" ? [] : item.to]
  if (!("prefix" in item)) return [[], []]
  const highest = item.prefix.map((word, index) => {
    const bits = Math.min(32, Math.max(0, item.length - 32 * index))
    return bits === 32 ? word : (word | (0xffffffff >>> bits)) >>> 0
  })
  return [item.prefix, highest]
}
