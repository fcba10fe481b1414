import { type PayloadNode, protocolNumbers } from "../../ruleset/expression/payload.js"
import { payloadFields } from "../../ruleset/expression/payload-field.js"
import type { ExpressionNode, StepNode } from "../../ruleset/node.js"
import type { SetDeclaration, Table } from "../../ruleset/ruleset.js"
import { expressionsIn } from "../../ruleset/walk.js"

/** What the normal form of a rule hangs on besides its steps. */
export interface RuleTable {
  readonly family: Table["family"]
  set(name: string): SetDeclaration | undefined
}

/**
 * A rule's steps as nft lists them. A question that the next field of a header asks by itself is left out (`meta l4proto tcp tcp dport 22`), and neighbouring
 * fields that are compared with one value each stand in the order of the header, for nft compares them in one go. What the rule does stays the same: nothing is left out across a
 * statement, or a look-up that may count. Tried with nft 1.0.6, and where later versions differ, like those.
 */
export function canonicalSteps(steps: readonly StepNode[], table: RuleTable): StepNode[] {
  return withoutRedundant(inHeaderOrder(steps), table)
}

type Level = "link" | "network" | "transport" | "message"

interface Dependency {
  readonly index: number
  readonly level: Level
  impliedBy(expression: ExpressionNode): boolean
}

function withoutRedundant(steps: readonly StepNode[], table: RuleTable): StepNode[] {
  const dropped = new Set<number>()
  const pending = new Map<Level, Dependency>()
  for (const [index, step] of steps.entries()) {
    for (const expression of pending.size > 0 ? expressionsIn(step) : []) {
      for (const [level, dependency] of pending) {
        if (!dependency.impliedBy(expression)) continue
        dropped.add(dependency.index)
        pending.delete(level)
      }
    }
    if (!isPlainMatch(step, table)) pending.clear()
    const dependency = dependencyOf(step, index, table)
    if (dependency) pending.set(dependency.level, dependency)
  }
  return steps.filter((_, index) => !dropped.has(index))
}

/** A match that changes nothing, whether it is asked before or behind another. */
function isPlainMatch(step: StepNode, table: RuleTable): boolean {
  if (step.step === "compare") return true
  if (step.step !== "lookup") return false
  if (typeof step.set !== "string") return true
  const set = table.set(step.set)
  return set !== undefined && set.statements === undefined && !set.flags.includes("dynamic")
}

/** The question that a step asks, if later fields may ask it too. */
function dependencyOf(step: StepNode, index: number, table: RuleTable): Dependency | undefined {
  if (step.step !== "compare" || step.operator !== "==") return undefined
  const { left, right } = step
  if (!("value" in right) || typeof right.value === "string") return undefined
  const value = right.value[0]!
  const { family } = table
  if (left.expression === "meta") {
    if (left.key === "l4proto") return transport(index, value)
    if (left.key === "nfproto" && family === "inet") return network(index, value === 10 ? "ip6" : "ip")
    if (left.key === "protocol") return frame(index, value, family)
    if (left.key === "iiftype" && value === ETHER)
      return { index, level: "link", impliedBy: (node) => isHeader(node, "ether") }
    return undefined
  }
  if (left.expression !== "payload" || left.tunnel !== undefined) return undefined
  switch (`${left.protocol} ${left.field}`) {
    case "ip protocol":
      return family === "ip" ? transport(index, value) : undefined
    case "ip6 nexthdr":
      return family === "ip6" ? transport(index, value) : undefined
    case "ether type":
      return etherType(index, value, family)
    case "icmp type":
    case "icmpv6 type":
      return message(index, left.protocol, value)
    default:
      return undefined
  }
}

/** ARPHRD_ETHER of linux/if_arp.h. */
const ETHER = 1

const etherTypes: Readonly<Record<number, PayloadNode["protocol"]>> = {
  2048: "ip",
  34525: "ip6",
  2054: "arp",
  33024: "vlan",
}

function isHeader(node: ExpressionNode, protocol: PayloadNode["protocol"]): boolean {
  return node.expression === "payload" && node.protocol === protocol && node.tunnel === undefined
}

/** An option's presence is asked of packets without such a header too, and does not imply it; its fields do. */
function transport(index: number, number: number): Dependency {
  return {
    index,
    level: "transport",
    impliedBy(node) {
      if (node.expression === "payload")
        return node.tunnel === undefined && protocolNumbers[node.protocol] === number
      if (node.expression === "tcp-option") return number === 6 && (node.field ?? node.raw) !== undefined
      return node.expression === "sctp-chunk" && number === 132 && node.field !== undefined
    },
  }
}

function network(index: number, family: "ip" | "ip6"): Dependency {
  return {
    index,
    level: "network",
    impliedBy(node) {
      if (node.expression === "ct") return node.key.startsWith(`${family} `)
      if (node.expression === "extension-header") return family === "ip6"
      if (node.expression === "ip-option") return family === "ip"
      return isHeader(node, family) || isHeader(node, family === "ip" ? "icmp" : "icmpv6")
    },
  }
}

/** In a table of one family every packet is of it. */
function frame(index: number, value: number, family: Table["family"]): Dependency | undefined {
  const isOwn = (family === "ip" && value === 0x0800) || (family === "ip6" && value === 0x86dd)
  if (!isOwn) return undefined
  return {
    index,
    level: "network",
    impliedBy: (node) => node.expression === "payload" && node.protocol !== "ether",
  }
}

function etherType(index: number, value: number, family: Table["family"]): Dependency | undefined {
  const protocol = etherTypes[value]
  if (protocol === undefined) return undefined
  return (
    frame(index, value, family) ?? { index, level: "network", impliedBy: (node) => isHeader(node, protocol) }
  )
}

/** `icmp type destination-unreachable icmp mtu 1280`: no other message has the field. */
function message(index: number, protocol: PayloadNode["protocol"], type: number): Dependency {
  return {
    index,
    level: "message",
    impliedBy(node) {
      if (node.expression !== "payload" || node.protocol !== protocol) return false
      const types = payloadFields[protocol][node.field]?.icmpTypes
      return types?.length === 1 && types[0] === type
    },
  }
}

function inHeaderOrder(steps: readonly StepNode[]): StepNode[] {
  const ordered = [...steps]
  for (let index = 1; index < ordered.length; index++) {
    const [before, here] = [placeOf(ordered[index - 1]!), placeOf(ordered[index]!)]
    if (!before || !here || before.protocol !== here.protocol || here.end !== before.start) continue
    const step = ordered[index]!
    ordered[index] = ordered[index - 1]!
    ordered[index - 1] = step
  }
  return ordered
}

interface Place {
  readonly protocol: string
  readonly start: number
  readonly end: number
}

/** Where a field stands that is compared with one value; addresses of IP are compared by themselves. */
function placeOf(step: StepNode): Place | undefined {
  if (step.step !== "compare" || step.operator !== "==" || !("value" in step.right)) return undefined
  const { left } = step
  if (left.expression !== "payload" || left.tunnel !== undefined) return undefined
  const field = payloadFields[left.protocol][left.field]
  if (!field || field.bit % 8 !== 0 || field.bits % 8 !== 0) return undefined
  if (field.type === "ipv4_addr" || field.type === "ipv6_addr" || field.icmpTypes) return undefined
  return { protocol: left.protocol, start: field.bit, end: field.bit + field.bits }
}
