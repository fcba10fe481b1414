import type { Variables } from "./expand.js"
import type { Item } from "./item.js"
import type { Families, Scope } from "./model.js"
import { namedOf } from "./named-networks.js"
import type { Parameters } from "./parameters.js"
import { type StaticSets, wrongFamily } from "./reach.js"
import type { Command } from "./run.js"
import type { Direction, ZonePolicy } from "./zone-policy.js"

/** What the lines of a configuration are translated with. */
export interface Context {
  readonly exact: boolean
  readonly variables: Variables
  readonly families: Families
  readonly zones: readonly ZonePolicy[]
  readonly sets: StaticSets
  /** Commands that FireHOL stops at, or that iptables-restore does: nothing of the file is activated. */
  readonly refusals: { readonly command: Command; readonly why: string }[]
}

export interface Target {
  readonly zone: ZonePolicy
  readonly direction: Direction
}

/**
 * Where what a scope's line asks for stands in the policy. `reverse`: for packets that leave an interface, or that arrive from a router's
 * other side.
 */
export function targetsOf(scope: Scope, reverse: boolean, { zones }: Context): readonly Target[] {
  if (scope.kind === "interface" || !reverse) {
    const direction = reverse ? "out" : "in"
    return zones.filter(({ zone }) => zone.arriving.includes(scope)).map((zone) => ({ zone, direction }))
  }
  return zones.filter(({ zone }) => zone.behind.includes(scope)).map((zone) => ({ zone, direction: "in" }))
}

export function variable({ variables }: Pick<Context, "variables">, name: string): string | undefined {
  return variables.get(name)?.texts.join(" ")
}

/** FireHOL, or iptables-restore at its end, takes nothing of the file because of this line. */
export function refuse(item: Item, context: Context, why: string): void {
  item.owned("refused", `${why} Nothing of the file is activated.`)
  context.refusals.push({ command: item.command, why })
}

/** IPv4 addresses in rules for both families: `iptables-restore` loads them, `ip6tables-restore` does not. */
export function checkFamilies(
  parameters: readonly Parameters[],
  families: Families,
  item: Item,
  context: Context,
): void {
  const address = wrongFamily(parameters, families)
  if (address === undefined) return
  const [own, other] = address.includes(":") ? ["IPv6", "iptables"] : ["IPv4", "ip6tables"]
  const prefix = own === "IPv4" ? "ipv4" : "ipv6"
  item.tell(
    "firehol-address-family",
    `${address} is an ${own} address in a line for both families, and ${other} does not take it`,
    `FireHOL wants ${prefix} before the line, or src4 and src6`,
  )
  refuse(item, context, `${address} gets into the rules of ${other} as well, which refuses it.`)
}

/** Where FireHOL's lists with names differ from those that a policy takes; `blocks`: what they name is kept out, else all but it. */
export function tellNamed(item: Item, values: readonly string[], blocks: boolean, families: Families): void {
  for (const name of new Set(values.flatMap((value) => namedOf(value)?.name ?? []))) {
    const { own, special } = namedOf(`${name.toLowerCase()}()`)!
    const more = own.filter((network) => !special.includes(network))
    const parts = [
      ...(families.four ? more.filter(isFour) : []),
      ...(families.six && more.some((network) => !isFour(network)) ? [moreOfSix(name)] : []),
    ]
    if (parts.length === 0) continue
    item.differs(
      blocks ? "looser" : "stricter",
      `${name} is here what IANA's registries of special addresses hold; FireHOL's also has ${parts.join(", and ")}.`,
    )
  }
}

function isFour(network: string): boolean {
  return network.includes(".")
}

function moreOfSix(name: string): string {
  return name.startsWith("PRIVATE")
    ? "fe80::/10, which neighbours on a link need"
    : "all of IPv6 outside 2000::/3, :: and fe80::/10 among it, which neighbours on a link need"
}

/** Closed: the interface or router drops or rejects what none of its lines lets in. */
export function policyOf(
  scope: Scope,
  context: Context,
): { readonly word: string; readonly closed: boolean } {
  const line = scope.lines.findLast(
    ({ verb, command }) => verb === "policy" && command.uncertain === undefined,
  )
  const byDefault = scope.kind === "interface" ? "DEFAULT_INTERFACE_POLICY" : "DEFAULT_ROUTER_POLICY"
  const word = (
    line?.words[0] ??
    variable(context, byDefault) ??
    (scope.kind === "interface" ? "drop" : "return")
  ).toLowerCase()
  if (word === "accept") return { word, closed: false }
  if (word !== "return") return { word, closed: true }
  const unmatched = variable(
    context,
    scope.kind === "interface" ? "UNMATCHED_INPUT_POLICY" : "UNMATCHED_ROUTER_POLICY",
  )
  return { word, closed: unmatched?.toLowerCase() !== "accept" }
}
