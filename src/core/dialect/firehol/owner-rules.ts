import type { OwnerRules } from "../imported.js"
import type { Context } from "./context.js"
import {
  groupStarts,
  isScope,
  isScopeLine,
  type LooseLine,
  type Model,
  type Scope,
  type ScopeLine,
} from "./model.js"
import { blacklistRules } from "./owner-blacklists.js"
import { type Family, Listing } from "./owner-listing.js"
import { type Matches, matchesOf } from "./owner-matches.js"
import { type Counter, protectionRules, workName } from "./owner-protections.js"
import { type Knowledge, refusals, serviceRules } from "./owner-services.js"
import type { Parameter } from "./parameters.js"

/**
 * What FireHOL 3.1.7 loads into the table filter for a configuration, in its own writing. Left out: rules for helpers of connection tracking, NAT, marks, synproxy, traps, and sets that
 * something else fills. Undefined: nobody knows it without running FireHOL.
 */
export function fireholRules(
  model: Model,
  context: Pick<Context, "variables" | "sets" | "refusals">,
): OwnerRules | undefined {
  if (context.refusals.length > 0) {
    // Nothing is activated: what ran before stays, and after a boot that is nothing.
    const none = (family: Family) => new Listing(family, context.variables).text("ACCEPT")
    return { ipv4: none(4), ipv6: none(6) }
  }
  const four = model.families.four ? listRules(model, 4, context) : undefined
  const six = model.families.six ? listRules(model, 6, context) : undefined
  if ((model.families.four && !four) || (model.families.six && !six)) return undefined
  return { ipv4: four?.text("DROP") ?? "", ipv6: six?.text("DROP") ?? "" }
}

/** The rules for one family, in the order in which FireHOL makes them, whether or not iptables-restore takes them. */
export function listRules(
  model: Model,
  family: Family,
  context: Pick<Context, "variables" | "sets">,
): Listing | undefined {
  const { variables, sets } = context
  const listing = new Listing(family, variables)
  const isOptimal = /optimal/i.test(value(context, "FIREHOL_RULESET_MODE", ""))
  const knowledge = { variables, sets, isOptimal }
  if (isOptimal) {
    for (const chain of ["INPUT", "OUTPUT", "FORWARD"])
      listing.append(chain, "-m conntrack --ctstate ESTABLISHED -j ACCEPT")
  }
  if (value(context, "FIREHOL_TRUST_LOOPBACK", "1") !== "0") {
    listing.append("INPUT", "-i lo -j ACCEPT")
    listing.append("OUTPUT", "-o lo -j ACCEPT")
  }
  const counter: Counter = { count: 0 }
  let blacklists = 0
  dropOrphans(listing, "FORWARD", context, isOptimal)
  let open: Scope | undefined
  for (const line of model.lines) {
    const { uncertain, broken, skipped } = line.command
    if (uncertain !== undefined || broken || skipped !== undefined) continue
    if (isScope(line)) {
      if (open) close(listing, open, context, isOptimal)
      open = line
      if (!begin(listing, line, knowledge)) return undefined
    } else if (isScopeLine(line)) {
      if (line.scope.command.uncertain !== undefined || !isFor(family, line)) continue
      if (!subcommand(listing, line, counter, knowledge)) return undefined
    } else if (isFor(family, line) && !loose(listing, line, () => ++blacklists, knowledge)) {
      return undefined
    }
  }
  if (open) close(listing, open, context, isOptimal)
  end(listing, context, isOptimal)
  return listing
}

function isFor(
  family: Family,
  { families }: { readonly families: { readonly four: boolean; readonly six: boolean } },
) {
  return family === 4 ? families.four : families.six
}

function value({ variables }: Pick<Context, "variables">, name: string, otherwise: string): string {
  return variables.get(name)?.texts.join(" ") ?? otherwise
}

/** `interface`, `router`: the chains, the way into them, and what belongs to connections that are there. */
function begin(listing: Listing, scope: Scope, { sets }: Knowledge): boolean {
  if (!isFor(listing.family, scope)) return true
  const { name, kind } = scope
  const devices: Parameter[] =
    kind === "interface" ? [{ name: "inface", not: false, values: scope.devices }] : []
  const [into, out] = kind === "interface" ? ["INPUT", "OUTPUT"] : ["FORWARD", "FORWARD"]
  for (const [chain, from, side] of [
    [`in_${name}`, into, "request"],
    [`out_${name}`, out, "answer"],
  ] as const) {
    const all = matchesOf([...devices, ...scope.written.all], side, { family: listing.family, sets })
    if (!all) return false
    enter(listing, chain, from, all)
  }
  const icmp = listing.family === 4 ? "icmp" : "icmpv6"
  for (const chain of [`in_${name}`, `out_${name}`])
    listing.append(chain, `-p ${icmp} -m conntrack --ctstate RELATED -j ACCEPT`)
  for (const chain of kind === "interface" ? [`out_${name}`] : [`in_${name}`, `out_${name}`])
    acceptResets(listing, chain)
  return true
}

/** A chain and the rules that lead into it; what is left out returns at its beginning. */
function enter(listing: Listing, chain: string, from: string, { alternatives, returns }: Matches): void {
  listing.create(chain)
  for (const match of alternatives) listing.append(from, match, `-j ${chain}`)
  for (const match of returns) listing.append(chain, match, "-j RETURN")
}

function acceptResets(listing: Listing, chain: string): void {
  listing.append(chain, "-p tcp -m conntrack --ctstate RELATED --tcp-flags ALL ACK,RST -j ACCEPT")
}

function subcommand(listing: Listing, line: ScopeLine, counter: Counter, knowledge: Knowledge): boolean {
  if (line.verb === "protection") return protectionRules(listing, line, counter, knowledge)
  if (line.verb === "server" || line.verb === "client") return serviceRules(listing, line, knowledge)
  if (line.verb !== "group" || !groupStarts.has(line.words[0] ?? "")) return true
  const { scope, groups } = line
  const inside = groupAt(scope, line)
  if (!inside) return true
  for (const [direction, side] of [
    ["in", "request"],
    ["out", "answer"],
  ] as const) {
    const matches = matchesOf(inside.all, side, { family: listing.family, sets: knowledge.sets })
    if (!matches) return false
    enter(listing, `${direction}_group${inside.number}`, `${direction}_${workName(scope, groups)}`, matches)
  }
  return true
}

/** The group that a line begins: the lines behind it stand in it. */
function groupAt(scope: Scope, line: ScopeLine): ScopeLine["groups"][number] | undefined {
  const next = scope.lines[scope.lines.indexOf(line) + 1]
  return next?.groups[line.groups.length]
}

/** TCP that ends connections nobody knows, and packets of none. */
function dropOrphans(
  listing: Listing,
  chain: string,
  context: Pick<Context, "variables">,
  isOptimal: boolean,
): void {
  for (const [name, combination] of [
    ["ACK_FIN", "ACK,FIN ACK,FIN"],
    ["ACK_RST", "ACK,RST ACK,RST"],
    ["ACK", "ACK ACK"],
    ["RST", "RST RST"],
  ] as const) {
    if (value(context, `FIREHOL_DROP_ORPHAN_TCP_${name}`, "1") === "0") continue
    listing.append(chain, `-p tcp --tcp-flags ${combination} -m conntrack --ctstate NEW,INVALID -j DROP`)
  }
  if (listing.family === 4 && value(context, "FIREHOL_DROP_ORPHAN_IPV4_ICMP_TYPE3", "1") !== "0")
    listing.append(chain, "-p icmp --icmp-type 3 -m conntrack --ctstate NEW,INVALID -j DROP")
  if (value(context, "FIREHOL_DROP_INVALID", "1") === "0" && !isOptimal) return
  const invalid = "-m conntrack --ctstate INVALID"
  if (value(context, "FIREHOL_LOG_DROP_INVALID", "1") !== "0")
    listing.logged(chain, `DROP INVALID ${chain}`, invalid)
  listing.append(chain, invalid, `-j ${value(context, "FIREHOL_DROP_INVALID_ACTION", "DROP")}`)
}

function policyWords(scope: Scope, context: Pick<Context, "variables">): readonly string[] {
  const line = scope.lines.findLast(
    ({ verb, command }) => verb === "policy" && command.uncertain === undefined,
  )
  if (line) return line.words
  const isInterface = scope.kind === "interface"
  return [
    value(
      context,
      isInterface ? "DEFAULT_INTERFACE_POLICY" : "DEFAULT_ROUTER_POLICY",
      isInterface ? "DROP" : "RETURN",
    ),
  ]
}

function close(
  listing: Listing,
  scope: Scope,
  context: Pick<Context, "variables">,
  isOptimal: boolean,
): void {
  if (!isFor(listing.family, scope)) return
  const [word = "", ...rest] = policyWords(scope, context)
  const policy = word.toLowerCase()
  if (policy === "return") return
  const chains = [`in_${scope.name}`, `out_${scope.name}`]
  if (policy === "accept") {
    for (const chain of chains) listing.append(chain, "-j ACCEPT")
    return
  }
  if (scope.kind === "interface") for (const chain of chains) dropOrphans(listing, chain, context, isOptimal)
  for (const chain of chains) {
    const way = scope.kind === "router" ? "PASS" : chain.startsWith("in_") ? "IN" : "OUT"
    refuseAll(listing, chain, `UNMATCHED ${way}-${scope.name}`, policy, rest)
  }
}

/** The end of a chain; an action that the configuration defines itself drops, as far as is known. */
function refuseAll(
  listing: Listing,
  chain: string,
  text: string,
  action: string,
  rest: readonly string[],
): void {
  const word = action === "deny" ? "drop" : action
  listing.logged(chain, `${word.toUpperCase()} ${text}`)
  const how = rest[0] === "with" ? rest.slice(1) : rest
  const goals = refusals(word, how) ?? [{ match: "", jump: "-j DROP" }]
  if (word === "reject" && how.length === 0) listing.append(chain, "-p tcp -j REJECT --reject-with tcp-reset")
  for (const { match, jump } of goals) listing.append(chain, match, jump)
}

function end(listing: Listing, context: Pick<Context, "variables">, isOptimal: boolean): void {
  for (const chain of ["INPUT", "OUTPUT"]) dropOrphans(listing, chain, context, isOptimal)
  const icmp = listing.family === 4 ? "icmp" : "icmpv6"
  for (const chain of ["INPUT", "OUTPUT", "FORWARD"])
    listing.append(chain, `-p ${icmp} -m conntrack --ctstate RELATED -j ACCEPT`)
  for (const chain of ["OUTPUT", "FORWARD"]) acceptResets(listing, chain)
  for (const [chain, name, way] of [
    ["INPUT", "UNMATCHED_INPUT_POLICY", "IN"],
    ["OUTPUT", "UNMATCHED_OUTPUT_POLICY", "OUT"],
    ["FORWARD", "UNMATCHED_ROUTER_POLICY", "PASS"],
  ] as const) {
    const [word = "drop", ...rest] = value(context, name, "DROP").toLowerCase().split(/\s+/)
    if (word === "accept") listing.append(chain, "-j ACCEPT")
    else refuseAll(listing, chain, `UNMATCHED ${way}-unknown`, word, rest)
  }
}

/** `blacklist`, `mac` and rules of iptables, where they stand. */
function loose(
  listing: Listing,
  { verb, words }: LooseLine,
  number: () => number,
  { sets }: Knowledge,
): boolean {
  if (verb === (listing.family === 4 ? "iptables" : "ip6tables")) return rawRule(listing, words)
  if (verb === "mac" && words.length >= 2) {
    if (listing.create("WRONGMAC")) listing.logAndDrop("WRONGMAC", "BLOCKED MAC MISSMATCH")
    for (const chain of ["INPUT", "FORWARD"])
      listing.append(chain, `-s ${words[0]} -m mac ! --mac-source ${words[1]} -j WRONGMAC`)
  }
  if (verb === "blacklist") return blacklistRules(listing, words, number(), sets)
  return true
}

function rawRule(listing: Listing, words: readonly string[]): boolean {
  const at = words.findIndex((word) => word === "-t" || word === "--table")
  if (at >= 0 && words[at + 1] !== "filter") return true
  const rest = at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)]
  const verb =
    { "--append": "-A", "--insert": "-I", "--new": "-N", "--new-chain": "-N" }[rest[0] ?? ""] ?? rest[0]
  if (verb === "-N") listing.create(rest[1] ?? "")
  else if (verb === "-A" || verb === "-I") listing.raw([verb, ...rest.slice(1)])
  // What removes or replaces rules is followed by nobody.
  else return false
  return true
}
