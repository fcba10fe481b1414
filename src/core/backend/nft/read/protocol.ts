import { namesOf } from "../../../ruleset/symbols.js"
import type { Context, ProtocolContext } from "./context.js"
import type { Syntax } from "./syntax.js"

/** What a rule has asked so far decides what it may ask next: who wants UDP cannot want a field of TCP. */

type Network = NonNullable<ProtocolContext["network"]>

const familyNames: Readonly<Record<Network, string>> = {
  ip: "ip",
  ip6: "ip6",
  arp: "arp",
  vlan: "vlan",
  other: "another protocol",
}

/** Which network protocol the packets are of: that of the table's family, or what was asked. */
export function networkOf(context: Context): Network | undefined {
  if (context.family === "ip" || context.family === "ip6" || context.family === "arp") return context.family
  return context.protocol.network
}

/** Something of this network protocol is asked. False: it was reported. */
export function useNetwork(network: Network, at: Syntax, context: Context): boolean {
  const { family, protocol } = context
  const known = networkOf(context)
  if (known !== undefined && known !== network) {
    const isFamily = known === family
    const message = isFamily
      ? `packets of a table of the family ${family} have no ${network} header`
      : `the rule asks for ${familyNames[known]} before, and for ${familyNames[network]} here`
    context.report("nft-conflicting-protocols", message, at)
    return false
  }
  protocol.network = network
  return true
}

/** A field of a transport header is asked. False: it was reported. */
export function useTransport(number: number, at: Syntax, context: Context): boolean {
  const { protocol } = context
  const known = protocol.transport === undefined ? protocol.transports : [protocol.transport]
  if (known !== undefined && !(known.length === 1 && known[0] === number)) {
    const names = namesOf("inet_proto")
    const name = (each: number) => names.get(each) ?? String(each)
    context.report(
      "nft-conflicting-protocols",
      `the rule asks for ${known.map(name).join(", ")} before, and for ${name(number)} here`,
      at,
    )
    return false
  }
  protocol.transport = number
  return true
}

/** A comparison with `meta l4proto`, `ip protocol` and their kin has been asked. */
export function pinTransport(numbers: readonly number[], context: Context): void {
  const { protocol } = context
  if (numbers.length === 1 && protocol.transport === undefined) protocol.transport = numbers[0]!
  else if (numbers.length > 1 && protocol.transport === undefined) protocol.transports = numbers
}

const networks: Readonly<Record<number, Network>> = {
  2048: "ip",
  34525: "ip6",
  2054: "arp",
  33024: "vlan",
  34984: "vlan",
}

/** A comparison with `ether type` or `meta protocol`. */
export function pinEtherType(etherType: number, context: Context): void {
  context.protocol.etherType = etherType
  const network = networks[etherType] ?? "other"
  if (network !== "vlan") context.protocol.network ??= network
}
