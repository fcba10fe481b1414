import type { Variables } from "./expand.js"
import type { Scope, ScopeLine } from "./model.js"
import type { Listing } from "./owner-listing.js"
import { and, connlimitText, hashlimitText, lead, matchesOf } from "./owner-matches.js"
import { connlimitTail, hashlimitTail, readParameters } from "./parameters.js"
import { defaultBurst, defaultRate } from "./rates.js"
import type { StaticSets } from "./reach.js"
import { readTypes } from "./type-words.js"

/** Numbers of chains: FireHOL counts each type that it reads, groups and types without rules included. */
export interface Counter {
  count: number
}

/** What a type's packets are, and what its log calls them; the chain's name has the letters. */
interface Kind {
  readonly letters: string
  readonly jumps: (listing: Listing) => readonly string[]
  readonly log: string
}

const kinds: Readonly<Record<string, Kind>> = {
  "new-tcp-w/o-syn": {
    letters: "nsn",
    jumps: () => ["-p tcp -m conntrack --ctstate NEW ! --syn"],
    log: "NEW TCP w/o SYN",
  },
  "icmp-floods": {
    letters: "ifl",
    jumps: ({ family }) => [
      family === 4 ? "-p icmp --icmp-type echo-request" : "-p icmpv6 --icmpv6-type echo-request",
    ],
    log: "ICMP FLOOD",
  },
  "syn-floods": { letters: "sfl", jumps: () => ["-p tcp --syn"], log: "SYN FLOOD" },
  "all-floods": { letters: "afl", jumps: () => [fresh], log: "ALL FLOOD" },
  "malformed-xmas": flags("mxs", "XMAS", "ALL ALL"),
  "malformed-null": flags("mnl", "NULL", "ALL NONE"),
  "malformed-bad": flags(
    "mbd",
    "BAD",
    ...["SYN,FIN SYN,FIN", "SYN,RST SYN,RST", "ALL SYN,RST,ACK,FIN,URG", "ALL FIN,URG,PSH"],
  ),
  connlimit: { letters: "clm", jumps: () => [fresh], log: "CLIENT CONNECTION LIMIT REACHED" },
  connrate: { letters: "crt", jumps: () => [fresh], log: "CLIENT CONNECTION RATE REACHED" },
}

const fresh = "-m conntrack --ctstate NEW"

function flags(letters: string, name: string, ...combinations: readonly string[]): Kind {
  return {
    letters,
    jumps: () => combinations.map((each) => `-p tcp --tcp-flags ${each}`),
    log: `MALFORMED ${name}`,
  }
}

/** The name that a line's chains have in them: that of its group, or its interface's or router's. */
export function workName(scope: Scope, groups: ScopeLine["groups"]): string {
  const group = groups.at(-1)
  return group ? `group${group.number}` : scope.name
}

/** The rules of a line with `protection`, as FireHOL 3.1.7 has them. False: nobody knows them. */
export function protectionRules(
  listing: Listing,
  line: ScopeLine,
  counter: Counter,
  { variables, sets }: { readonly variables: Variables; readonly sets: StaticSets },
): boolean {
  const reverse = line.words[0] === "reverse"
  const [text = "", ...args] = reverse ? line.words.slice(1) : line.words
  const name = workName(line.scope, line.groups)
  const prefix = reverse ? "prr" : "pr"
  const from = `${reverse ? "out" : "in"}_${name}`
  const add = (word: string): boolean => {
    counter.count++
    if (word === "invalid" && variables.get("FIREHOL_DROP_INVALID")?.texts.join("") === "0")
      listing.append(from, "-m conntrack --ctstate INVALID -j DROP")
    const kind = kinds[word]
    if (!kind) return true
    const chain = `${prefix}_${name}_${kind.letters}${counter.count}`
    listing.create(chain)
    for (const jump of kind.jumps(listing)) listing.append(from, jump, `-j ${chain}`)
    if (word.endsWith("-floods")) {
      const [rate = defaultRate, burst = defaultBurst] = args
      listing.append(chain, `-m limit --limit ${rate} --limit-burst ${burst} -j RETURN`)
    } else if (word === "connlimit" || word === "connrate") {
      if (!clients(listing, chain, clientLimit(word, args, `${prefix}_${name}_connrate`), sets)) return false
    }
    listing.logAndDrop(chain, `BLOCKED ${kind.log}`)
    return true
  }
  for (const { word, members, isGroup } of readTypes(text).types) {
    if (!isGroup) {
      if (!add(word)) return false
      continue
    }
    counter.count++
    for (const member of members) if (!add(member.word)) return false
    // It does not read on behind a group.
    return true
  }
  return true
}

interface ClientLimit {
  readonly match: string
  readonly parameters: readonly string[]
}

function clientLimit(word: "connlimit" | "connrate", args: readonly string[], name: string): ClientLimit {
  if (word === "connlimit") {
    const [count = "", ...rest] = args
    const tail = connlimitTail(rest)
    return { match: connlimitText("upto", count, rest.slice(0, tail)), parameters: rest.slice(tail) }
  }
  const [bound = "", rate = "", ...rest] = args
  const tail = hashlimitTail(rest)
  // The last mode holds; srcip stands before all.
  const options = ["mode", "srcip", ...rest.slice(0, tail)]
  return { match: hashlimitText(name, bound, rate, options), parameters: rest.slice(tail) }
}

/** Whom the parameters name is let through as far as the limit goes; `log` writes down those. */
function clients(listing: Listing, chain: string, limit: ClientLimit, sets: StaticSets): boolean {
  const parameters = readParameters(limit.parameters).all
  const matches = matchesOf(parameters, "request", { family: listing.family, sets })
  if (!matches) return false
  const limited = and(matches, limit.match)
  for (const { name, values } of parameters) {
    if (name !== "log" && name !== "loglimit") continue
    for (const match of limited.alternatives)
      listing.logged(chain, values[0] ?? "", match, name === "loglimit")
  }
  lead(listing, chain, limited, "-j RETURN")
  return true
}
