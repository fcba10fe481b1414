import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context, Operand } from "./context.js"
import { networkOf } from "./protocol.js"
import type { Syntax } from "./syntax.js"

/** What a statement needs of the rule before it, as nft asks when it reads one: called for each statement, with the steps before it. */
export function checkStatement(
  steps: readonly StepNode[],
  before: readonly StepNode[],
  at: Syntax,
  context: Context,
): void {
  const last = before.at(-1)
  if (last && isTerminal(last)) {
    context.report("nft-not-here", "nothing can stand behind a statement that ends the rule", at)
    return
  }
  for (const step of steps) {
    const message = troubleOf(step, context)
    if (message !== undefined) context.report("nft-not-here", message, at)
  }
}

function isTerminal(step: StepNode): boolean {
  if (step.step === "verdict") return step.verdict !== "continue"
  return step.step === "reject" || step.step === "nat"
}

function troubleOf(step: StepNode, context: Context): string | undefined {
  switch (step.step) {
    case "nat":
      if (!knowsTransport(context) && (step.port || portOf(step.address)))
        return "a port is mapped only where the rule has asked for a transport protocol before"
      return addressTrouble(step.family, step.address, context)
    case "transparent-proxy":
      if (!knowsTransport(context))
        return "tproxy is for a transport protocol, which the rule must ask for before"
      return addressTrouble(step.family, step.address, context)
    case "reject": {
      const network = networkOf(context)
      const { transport } = context.protocol
      if (step.with === "tcp-reset" && transport !== undefined && transport !== 6)
        return "a reset is an answer to TCP only"
      if ((step.protocol === "icmp" && network === "ip6") || (step.protocol === "icmpv6" && network === "ip"))
        return `${step.protocol} is no answer to a packet of the other family`
      return undefined
    }
    case "log":
      if (step.group !== undefined && (step.level !== undefined || step.flags?.length))
        return "level and flags are of the kernel's own log, not of a group's"
      if (
        step.level === "audit" &&
        (step.prefix !== "" || step.flags?.length || step.snapshotLength || step.queueThreshold)
      )
        return "the audit log takes nothing besides its name"
      return undefined
    default:
      return undefined
  }
}

function knowsTransport({ protocol }: Context): boolean {
  return protocol.transport !== undefined || protocol.transports !== undefined || protocol.inSet === true
}

/** A map whose values are an address and a port. */
function portOf(address: Operand | undefined): boolean {
  return (
    address !== undefined && "expression" in address && typesIn(address.expression).includes("inet_service")
  )
}

function typesIn(node: ExpressionNode): readonly string[] {
  return node.expression === "map" ? node.types : []
}

/** In a table of both families it must be known of which one an address is. */
function addressTrouble(
  family: "ip" | "ip6" | undefined,
  address: Operand | undefined,
  context: Context,
): string | undefined {
  const network = networkOf(context)
  const known = family ?? network
  if (family !== undefined && (network === "ip" || network === "ip6") && family !== network)
    return `the packets are of ${network}, and the address of ${family}`
  if (address === undefined) return undefined
  if (known === undefined) return "of which family the address is must be said, or asked before: ip or ip6"
  const words = "item" in address ? wordsIn(address.item) : undefined
  if (words !== undefined && words !== (known === "ip6" ? 4 : 1)) return `the address is none of ${known}`
  return undefined
}

function wordsIn(item: Item): number | undefined {
  const literal =
    "value" in item ? item.value : "from" in item ? item.from : "prefix" in item ? item.prefix : ""
  return typeof literal === "string" ? undefined : literal.length
}
