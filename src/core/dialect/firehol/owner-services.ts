import type { Variables } from "./expand.js"
import type { ScopeLine } from "./model.js"
import type { Listing } from "./owner-listing.js"
import { and, connlimitText, hashlimitText, join, lead, type Matches, matchesOf } from "./owner-matches.js"
import { workName } from "./owner-protections.js"
import type { StaticSets } from "./reach.js"
import { servicesOf } from "./service-line.js"
import type { Service } from "./services.js"

/** Ports that a client's side has: another host's, and this host's as the kernel gives them out (ip_local_port_range). */
const foreignPorts = "1024:65535"
const localPorts = "32768:60999"

/** Services whose clients do not have the usual ports; "any" is every port, "default" the usual ones. */
const clientPorts: ReadonlyMap<string, string> = new Map([
  ...(
    "cups dns eserver gift ipsecnatt isakmp l2tp lpd microsoft_ds_any netbackup netbios_dgm netbios_ns ntp portmap rtp snmptrap stun sunrpc samba emule " +
    "multicast"
  )
    .split(" ")
    .map((name) => [name, "any"] as const),
  ["dhcprelay", "67"],
  ["icp", "3130"],
  ["sip", "5060 default"],
  ["syslog", "514 default"],
])

/** IP protocols that are services. */
const protocols: ReadonlyMap<string, number> = new Map([
  ["gre", 47],
  ["esp", 50],
  ["ah", 51],
  ["ospf", 89],
])

export interface Knowledge {
  readonly variables: Variables
  readonly sets: StaticSets
  /** Established connections are let through at the top of everything: FIREHOL_RULESET_MODE="optimal". */
  readonly isOptimal: boolean
}

/** The rules of a line with `server`, `client` or `route`. False: nobody knows them. */
export function serviceRules(listing: Listing, line: ScopeLine, knowledge: Knowledge): boolean {
  const { variables, sets, isOptimal } = knowledge
  const { services, action, conditions, parameters, clients } = servicesOf(line.words, variables)
  const name = workName(line.scope, line.groups)
  const isClient = line.verb === "client"
  const [request, answer] = isClient ? [`out_${name}`, `in_${name}`] : [`in_${name}`, `out_${name}`]
  const isLocal = isClient && line.scope.kind === "interface"
  const target = targetOf(listing, action, conditions)
  if (target === undefined) return false
  const surroundings = { family: listing.family, sets }
  const [there, back] = (["request", "answer"] as const).map((side) =>
    matchesOf(parameters.all, side, surroundings),
  )
  if (!there || !back) return false
  const [going, coming] = isOptimal ? ["NEW", ""] : ["NEW,ESTABLISHED", "ESTABLISHED"]
  const state = (text: string) => (text === "" ? "" : `-m conntrack --ctstate ${text}`)
  const add = (match: string, reply: string) => {
    for (const goal of target)
      lead(listing, request, and(there, join(match, goal.match, state(going))), goal.jump)
    if (coming === "" || action !== "accept") return
    lead(listing, answer, and(back, join(reply, state(coming))), "-j ACCEPT")
  }
  for (const { name: written, service } of services) {
    if (!service) return false
    const ports = portsOf(
      clients ??
        variables.get(`client_${written}_ports`)?.texts.join(" ") ??
        clientPorts.get(written.toLowerCase()) ??
        "default",
      isLocal,
    )
    if (
      !serviceMatches(listing, written.toLowerCase(), service, ports, { request, answer, there, back }, add)
    ) {
      return false
    }
  }
  return true
}

interface Goal {
  readonly match: string
  readonly jump: string
}

interface Chains {
  readonly request: string
  readonly answer: string
  readonly there: Matches
  readonly back: Matches
}

function serviceMatches(
  listing: Listing,
  name: string,
  service: Service,
  clients: readonly string[],
  { request, answer, there, back }: Chains,
  add: (match: string, reply: string) => void,
): boolean {
  const icmp = listing.family === 4 ? "icmp" : "icmpv6"
  if (name === "dhcp") {
    // Addresses are asked for before there is a connection.
    lead(listing, request, and(there, "-p udp --sport 68 --dport 67"), "-j ACCEPT")
    lead(listing, answer, and(back, "-p udp --sport 67 --dport 68"), "-j ACCEPT")
    return true
  }
  const types = icmpTypes[name]
  if (types) {
    if (listing.family === 4) return true
    for (const [chain, matches] of [
      [request, there],
      [answer, back],
    ] as const)
      for (const type of types)
        lead(listing, chain, and(matches, `-p icmpv6 --icmpv6-type ${type}`), "-j ACCEPT")
    return true
  }
  const protocol = protocols.get(name)
  if (protocol !== undefined) {
    add(`-p ${protocol}`, `-p ${protocol}`)
    return true
  }
  if (name === "ping") {
    const type = (word: string) => `-p ${icmp} --${icmp}-type ${word}`
    add(type("echo-request"), type("echo-reply"))
    return true
  }
  if (name === "icmpv6" && listing.family === 4) return true
  switch (service.service) {
    case "everything":
      add("", "")
      return true
    case "icmp":
      add(`-p ${icmp}`, `-p ${icmp}`)
      return true
    case "other":
      return false
    case "ports":
      for (const port of service.ports) {
        const [range = "", transport = ""] = port.split("/")
        const own = range === "1-65535" ? "" : range.replace("-", ":")
        for (const client of clients) {
          const at = (flag: string, value: string) => (value === "" ? "" : `--${flag} ${value}`)
          add(
            join(`-p ${transport}`, at("sport", client), at("dport", own)),
            join(`-p ${transport}`, at("sport", own), at("dport", client)),
          )
        }
      }
      return true
  }
}

const icmpTypes: Readonly<Record<string, readonly string[]>> = {
  ipv6neigh: ["neighbour-solicitation", "neighbour-advertisement"],
  ipv6router: ["router-solicitation", "router-advertisement"],
  ipv6mld: ["130", "131", "132", "143"],
}

function portsOf(words: string, isLocal: boolean): readonly string[] {
  return words
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map((word) => (word === "any" ? "" : word === "default" ? (isLocal ? localPorts : foreignPorts) : word))
}

/** Where a line's packets go: several rules where TCP is refused in its own way. Undefined: it is not known. */
function targetOf(
  listing: Listing,
  action: string,
  conditions: readonly string[] | undefined,
): readonly Goal[] | undefined {
  if (action === "accept") {
    if (!conditions) return [{ match: "", jump: "-j ACCEPT" }]
    const chain = conditionChain(listing, conditions)
    return chain === undefined ? undefined : [{ match: "", jump: `-j ${chain}` }]
  }
  return refusals(action, conditions)
}

/** `drop`, `reject with tcp-reset`, as rules; undefined: an action of the configuration's own. */
export function refusals(action: string, conditions: readonly string[] = []): readonly Goal[] | undefined {
  switch (action.toLowerCase()) {
    case "drop":
    case "deny":
    case "tarpit":
      return [{ match: "", jump: "-j DROP" }]
    case "reject": {
      const [how] = conditions
      if (how === "tcp-reset") return [{ match: "", jump: "-j REJECT --reject-with tcp-reset" }]
      if (how !== undefined) return [{ match: "", jump: `-j REJECT --reject-with ${how}` }]
      return [{ match: "", jump: "-j REJECT" }]
    }
    default:
      return undefined
  }
}

/** A chain that lets a part of the new connections in, and all that are not new; undefined: the words are none of FireHOL's. */
function conditionChain(listing: Listing, words: readonly string[]): string | undefined {
  const [kind = "", ...rest] = words
  const name = (text: string) => text.replace(/[ /.,:-]/g, "_").slice(0, 28)
  const begin = (chain: string) => {
    if (!listing.create(chain)) return false
    listing.append(chain, "-m conntrack ! --ctstate NEW -j ACCEPT")
    return true
  }
  if (kind === "limit") {
    const [rate = "", burst = "", , overflow = "REJECT"] = rest
    const chain = name(`ACC LIM ${rate} ${burst} ${overflow.toUpperCase()}`)
    if (!begin(chain)) return chain
    listing.append(chain, `-m limit --limit ${rate} --limit-burst ${burst} -j ACCEPT`)
    listing.logged(chain, "LIMIT OVERFLOW")
    if (overflow.toUpperCase() === "REJECT") listing.append(chain, "-p tcp -j REJECT --reject-with tcp-reset")
    listing.append(chain, `-j ${overflow.toUpperCase()}`)
    return chain
  }
  if (kind === "recent") {
    const [list = "", seconds = "", hits = ""] = rest
    const chain = name(`ACC REC ${list} ${seconds} ${hits}`)
    if (!begin(chain)) return chain
    listing.append(chain, `-m recent --set --name ${list}`)
    listing.append(
      chain,
      `-m recent --update --seconds ${seconds} --hitcount ${hits} --name ${list} -j RETURN`,
    )
    listing.append(chain, "-j ACCEPT")
    return chain
  }
  const limit =
    kind === "connlimit" && rest[1] !== undefined
      ? connlimitText(rest[0]!, rest[1], rest.slice(2))
      : kind === "hashlimit" && rest[2] !== undefined
        ? hashlimitText(rest[0]!, rest[1]!, rest[2], rest.slice(3))
        : undefined
  if (limit !== undefined) {
    const chain = name(`ACCEPT ${words.join(" ")}`)
    if (begin(chain)) listing.append(chain, limit, "-j ACCEPT")
    return chain
  }
  if (kind === "knock") {
    const chain = name(`knock_${rest[0] ?? ""}`)
    if (listing.create(chain)) listing.append(chain, "-m conntrack --ctstate ESTABLISHED -j ACCEPT")
    return chain
  }
  return undefined
}
