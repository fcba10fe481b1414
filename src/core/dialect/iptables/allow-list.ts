import type { Rule, Table } from "../../ruleset/ruleset.js"
import { hasOption, isNegated, optionOf } from "../../ruleset/xtables/option.js"
import { type Asked, askedBy, asksNothing, ICMP, ICMPV6, IGMP, NEW, TCP, UDP } from "./asked.js"
import { portsOf } from "./limits.js"
import type { RuleGraph } from "./rule-graph.js"

/** An item of `open`: a port for everybody, or ports for one source. */
export type OpenItem = string | { readonly ports: readonly string[]; readonly from: readonly string[] }

/** What an accepting rule is for the policy's `open`. */
export type Opening =
  | {
      readonly kind: "ports"
      readonly items: readonly OpenItem[]
      readonly device?: string
      readonly looser: readonly string[]
    }
  /** All from one source. */
  | { readonly kind: "source"; readonly source: string }
  /** All that arrives on a device. */
  | { readonly kind: "device"; readonly device: string }
  /** All that does not arrive on a device. */
  | { readonly kind: "outside"; readonly device: string }
  /** `open` lets the same past by itself; or, for a reason, not all of it. */
  | { readonly kind: "always"; readonly does: string; readonly why?: string }

/** A chain that lets in what rules name and nothing else, of one IP version. */
export interface AllowList {
  readonly openings: ReadonlyMap<Rule, Opening>
  /** The rule that closes; absent: the chain's policy does. */
  readonly end?: Rule
  /** Devices that are not closed; the only one that is. */
  readonly inside: readonly string[]
  readonly outside?: string
  /** Nothing new is passed on either, from where the world is. */
  readonly forwarded: boolean
  /** Why `open` cannot say the same. */
  readonly refusal?: string
}

/** Devices of containers and virtual machines: nothing arrives there from a wire. */
export const isBridge =
  /^(?:docker|br-|veth|virbr|vnet|lxc|lxd|cni|cali|flannel|podman|incus|kube|nodelocaldns)/

/** Undefined: INPUT is open to what no rule drops. */
export function allowList(tables: readonly Table[], graph: RuleGraph): AllowList | undefined {
  const filter = tables.find(({ name }) => name === "filter")
  const input = filter && chainOf(filter, "INPUT")
  if (!filter || !input) return undefined
  const end = closingIndex(filter, input, graph)
  if (end === undefined) return undefined
  const reading = new Reading()
  if (graph.isTooLong(input, filter)) reading.refuse("there are more rules than are looked at")
  for (const { index, rules, ending } of graph.exitsOf(input, filter))
    if (ending === "pass" && index < end) reading.accepted(rules, askedBy(rules))
  for (const table of tables)
    if (table.name === "nat") for (const { rule } of graph.rulesOf(table)) reading.translated(rule)
  reading.passedOn(filter, graph, tables)
  const last = input.rules[end]
  return { ...reading.result(), ...(last !== undefined && { end: last }) }
}

type Chain = Table["chains"][number]

function chainOf(table: Table, name: string): Chain | undefined {
  return table.chains.find((chain) => chain.name === name)
}

/** Behind which rule nothing is let in: one that drops the rest, or the policy. */
function closingIndex(table: Table, chain: Chain, graph: RuleGraph): number | undefined {
  const at = chain.rules.findIndex(
    (rule) => graph.endingOf(rule, table) === "drop" && asksAbsolutelyNothing(askedBy([rule])),
  )
  if (at >= 0) return at
  return chain.base?.policy === "drop" ? chain.rules.length : undefined
}

function asksAbsolutelyNothing(asked: Asked): boolean {
  const { states, ...rest } = asked
  // What belongs to a connection is not closed by anybody.
  const isNew = states === undefined || (states & NEW) !== 0
  return isNew && asksNothing(rest) && asked.input === undefined && asked.writes.length === 0
}

class Reading {
  readonly #openings = new Map<Rule, Opening>()
  readonly #inside = new Set<string>()
  #outside: string | undefined
  #forwarded = true
  #refusal: string | undefined

  result(): AllowList {
    return {
      ...{ openings: this.#openings, inside: [...this.#inside], forwarded: this.#forwarded },
      ...(this.#outside !== undefined && { outside: this.#outside }),
      ...(this.#refusal !== undefined && { refusal: this.#refusal }),
    }
  }

  accepted(rules: readonly Rule[], asked: Asked): void {
    const rule = rules.at(-1)!
    const opening = openingOf(asked)
    if (opening === undefined) {
      this.refuse(`line ${lineOf(rule)} accepts what open has no word for`)
      return
    }
    if (opening.kind === "device") this.#inside.add(opening.device)
    if (opening.kind === "outside") {
      if (this.#outside !== undefined && this.#outside !== opening.device)
        this.refuse(`line ${lineOf(rule)} accepts what arrives on other devices`)
      this.#outside = opening.device
    }
    const before = this.#openings.get(rule)
    if (before?.kind === "ports" && opening.kind === "ports")
      this.#openings.set(rule, { ...before, items: [...before.items, ...opening.items] })
    else this.#openings.set(rule, opening)
  }

  /** Ports that are led to somebody else are open under the number that was dialled. */
  translated(rule: Rule): void {
    const target = rule.steps.find((step) => step.step === "xt-target")
    if (target?.name !== "DNAT" && target?.name !== "REDIRECT") return
    const asked = askedBy([rule])
    const isTransport = asked.protocol === TCP || asked.protocol === UDP
    const isFromInside = asked.input !== undefined && (asked.input === "lo" || isBridge.test(asked.input))
    if (isFromInside || asked.source !== undefined) return
    if (isTransport && asked.ports.length > 0)
      this.#openings.set(rule, { kind: "ports", items: portsOf(asked), looser: [] })
    else this.refuse(`line ${lineOf(rule)} leads to another host what open has no word for`)
  }

  passedOn(filter: Table, graph: RuleGraph, tables: readonly Table[]): void {
    const forward = chainOf(filter, "FORWARD")
    if (!forward) return
    const end = closingIndex(filter, forward, graph)
    if (end === undefined) {
      this.#forwarded = false
      const translates = tables.some(
        (table) => table.name === "nat" && (chainOf(table, "POSTROUTING")?.rules.length ?? 0) > 0,
      )
      if (forward.rules.length > 0 || translates)
        this.refuse("FORWARD passes on what no rule drops, and open would close it")
      return
    }
    for (const { index, rules, ending } of graph.exitsOf(forward, filter)) {
      if (ending !== "pass" || index >= end) continue
      const asked = askedBy(rules)
      if (asked.states !== undefined && (asked.states & NEW) === 0) continue
      const { input, others } = asked
      if (input !== undefined && (input === "lo" || isBridge.test(input))) continue
      // Containers' published ports are dialled before they are translated: the rule that does it names them.
      if (others.some((other) => other.startsWith("! -i ") && isBridge.test(other.slice(5)))) continue
      if (input !== undefined) this.#inside.add(input)
      else this.refuse(`line ${lineOf(rules.at(-1)!)} passes on what open would close`)
    }
  }

  /** The first reason is told. */
  refuse(why: string): void {
    this.#refusal ??= why
  }
}

function lineOf(rule: Rule): number {
  return rule.origin.span?.line ?? 0
}

/** Undefined: `open` cannot say it. */
function openingOf(asked: Asked): Opening | undefined {
  const { protocol, ports, source, states, input, others, icmpType } = asked
  if (input === "lo") return { kind: "always", does: "Lets in what this host sends to itself." }
  if (states !== undefined && (states & NEW) === 0)
    return { kind: "always", does: "Lets in what belongs to a connection." }
  if (asked.match !== undefined && !isLimit(asked)) return undefined
  const [only = ""] = others
  if (others.length === 1 && only.startsWith("! -i ") && isOnlyAsked(asked))
    return { kind: "outside", device: only.slice(5) }
  // iptables' rules ask where the answer comes from, as open does.
  const isDhcp = protocol === UDP && (ports.join() === "68" || ports.join() === "546")
  if (isDhcp && others.every((other) => other === "--sport"))
    return { kind: "always", does: "Lets in answers to a DHCP client." }
  if (others.length > 0) return undefined
  if (asked.sourceSet !== undefined || asked.ownSource || asked.fragment) return undefined
  if (protocol === ICMP || protocol === ICMPV6) {
    const isKept =
      icmpType === undefined || icmpType < 0 || (protocol === ICMP ? always4 : always6).has(icmpType)
    const does = "Lets in messages of ICMP."
    return isKept
      ? { kind: "always", does }
      : { kind: "always", does, why: "open lets in errors and echo requests, and closes these." }
  }
  if (protocol === IGMP) return { kind: "always", does: "Lets in what multicast groups need." }
  const isTransport = protocol === TCP || protocol === UDP
  const isAny = protocol === undefined && ports.length === 0
  if (!isTransport && !isAny) return undefined
  if (source !== undefined) {
    if (source.includes("-")) return undefined
    if (isAny) return { kind: "source", source }
  }
  if (isAny) return input === undefined || asked.destination ? undefined : { kind: "device", device: input }
  return {
    ...{
      kind: "ports",
      items: source === undefined ? portsOf(asked) : [{ ports: portsOf(asked), from: [source] }],
    },
    ...(input !== undefined && { device: input }),
    looser: asked.destination ? ["The ports are open at each of this host's addresses."] : [],
  }
}

/** Nothing but where it does not arrive, and perhaps that it is new. */
function isOnlyAsked({ states: _states, ...asked }: Asked): boolean {
  return asksNothing({ ...asked, others: [] })
}

/** What `open` never closes: echo requests and errors; of IPv6 also neighbours, routers and multicast listeners. */
const always4 = new Set([3, 4, 8, 11, 12])
const always6 = new Set([
  1, 2, 3, 4, 128, 130, 131, 132, 133, 134, 135, 136, 137, 141, 142, 143, 148, 149, 151, 152, 153,
])

/** A rule that lets some past and not the rest. */
export function isLimit({ match }: Asked): boolean {
  if (match === undefined) return false
  const { name, options } = match
  if (name === "recent")
    return ["rcheck", "update"].some((deed) => hasOption(options, deed) && isNegated(options, deed))
  const upto = optionOf(options, "hashlimit-upto") ?? optionOf(options, "connlimit-upto")
  return name === "limit" || upto !== undefined
}
