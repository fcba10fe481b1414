import { readBlacklist } from "./blacklist-line.js"
import type { Listing } from "./owner-listing.js"
import { and, lead, type Matches, matchesOf } from "./owner-matches.js"
import type { Parameter } from "./parameters.js"
import type { StaticSets } from "./reach.js"

/** The rules of a line with `blacklist`, whose chains are numbered over the file. False: nobody knows them. */
export function blacklistRules(
  listing: Listing,
  words: readonly string[],
  number: number,
  sets: StaticSets,
): boolean {
  const line = readBlacklist(words)
  if (line.unknown !== undefined) return false
  const surroundings = { family: listing.family, sets }
  const name = `BLACKLIST.${{ full: "bi", stateful: "bs", input: "uni" }[line.kind]}.${number}`
  const parameters: Parameter[] = [
    { name: "src", not: false, values: line.values },
    ...(line.devices.length > 0 ? [{ name: "inface", not: line.isNotDevices, values: line.devices }] : []),
    ...(line.kind === "full" ? [] : [{ name: "state", not: false, values: ["NEW"] }]),
  ]
  const add = (direction: "in" | "out"): boolean => {
    const side = direction === "in" ? "request" : "answer"
    const chain = `${name}.${direction}`
    listing.create(chain)
    for (const { all } of line.except) {
      const spared = matchesOf(all, side, surroundings)
      if (!spared) return false
      lead(listing, chain, spared, "-j RETURN")
    }
    if (line.log.verb !== "connlog")
      listing.logged(chain, `${line.log.text}-${direction.toUpperCase()}`, "", line.log.verb === "loglimit")
    const reject = listing.family === 4 ? "icmp-host-unreachable" : "icmp6-addr-unreachable"
    listing.append(chain, direction === "in" ? "-j DROP" : `-j REJECT --reject-with ${reject}`)
    const found: Matches | undefined = matchesOf(parameters, side, surroundings)
    if (!found) return false
    for (const from of direction === "in" ? ["INPUT", "FORWARD"] : ["FORWARD", "OUTPUT"])
      lead(listing, from, and(found, ""), `-j ${chain}`)
    return true
  }
  return add("in") && (line.kind === "input" || add("out"))
}
