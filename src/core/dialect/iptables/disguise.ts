import { hasOption, numberOf } from "../../ruleset/xtables/option.js"
import { isLimit } from "./allow-list.js"
import { type Asked, askedBy, listName } from "./asked.js"
import { claim, lost, nothing, ordinary, part, protection, type Translated } from "./claim.js"
import { portsOf } from "./limits.js"
import { asksForOne, type Lists } from "./lists.js"
import { mayOverlap } from "./overlap.js"
import type { Ending, Placed, RuleGraph, Way } from "./rule-graph.js"
import { translate } from "./translate.js"

/** A rule, one of the ways to it, and what stands around it. */
export interface RuleOnWay {
  readonly placed: Placed
  readonly way: Way
  readonly asked: Asked
  readonly ending: Ending
  readonly graph: RuleGraph
  readonly lists: Lists
  readonly establishedBefore: boolean
  readonly hasConntrack: boolean
}

/** The protection that a rule is, where it is one. */
export function translatedRule(at: RuleOnWay): Translated {
  const { placed, asked, ending, lists } = at
  const { match } = asked
  if (placed.rule.steps.some((step) => step.step === "xt-target" && step.name === "SYNPROXY"))
    return lost(
      "Answers SYNs with cookies before a connection is made.",
      "A policy has no SYN proxy; net.ipv4.tcp_syncookies does it for this host's own ports.",
    )
  if (asked.writes.length > 0 && match === undefined) return writer(at)
  const context = {
    ...{ family: placed.family, hasConntrack: at.hasConntrack, establishedBefore: at.establishedBefore },
    setsFirst: match?.name === "recent" && isSetBefore(at, listName(match.options)),
    members: (set: string) => lists.membersOf(set),
  }
  const caller = at.way.callers.at(-1)
  if (caller !== undefined && at.graph.endingOf(caller.rule, caller.table) !== "jump")
    return ending === "other" ? ordinary : part("Does what the rules that lead here are for.")
  if (ending === "drop") {
    if (match?.name === "limit")
      return nothing("Drops at most so many packets as its rate says, and lets what comes above past.")
    if (match !== undefined && isLimit(asked))
      return lost("Drops who keeps to the limit.", "No protection drops the few and lets the many past.")
    if (match?.name === "recent") {
      const name = listName(match.options)
      if (lists.writersOf(name).length === 0)
        return lost(
          "Drops who is on its list.",
          "No rule writes to the list, so another program does: floodwall block takes its place.",
        )
      if (asksForOne({ placed, asked }) && decoyWriters(lists, name))
        return part("Keeps out who is on the list that another rule writes to.")
    }
    return translate(asked, context)
  }
  if ((ending !== "pass" && ending !== "return") || !isLimit(asked)) return ordinary
  const reason = unlimited(at)
  if (reason === undefined) return translate(asked, context)
  // A chain that only logs is left early: that spares the log.
  return ending === "return" ? ordinary : nothing(reason)
}

/** Who is written to a list at ports where nobody honest connects, and is kept out of all, fell for a decoy. */
function writer({ asked, lists }: RuleOnWay): Translated {
  const [name = ""] = asked.writes
  const askers = lists.askersOf(name)
  if (askers.length === 0) return ordinary
  const asker = askers.find(asksForOne)
  const ports = portsOf(asked)
  if (asker === undefined || asked.ports.length === 0 || asked.others.length > 0)
    return part("Writes the list that another rule asks.")
  const seconds = numberOf(asker.asked.match!.options, "seconds", 0)
  const value = { ports, limit: `more than 1 in ${seconds}s`, "block-for": `${seconds}s` }
  const untilQuiet = hasOption(asker.asked.match!.options, "update")
  return protection(
    `Keeps who comes to these ports out of all for ${seconds} s.`,
    claim("decoy-ports", value, {
      looser: [
        "The second contact blocks, and not the first.",
        untilQuiet && "A block ends after its time, whether the source was quiet or not.",
      ],
    }),
  )
}

function decoyWriters(lists: Lists, name: string): boolean {
  return lists.writersOf(name).some(({ asked }) => asked.ports.length > 0)
}

/** Whether a source is on the list when it is asked, because it was written there just before. */
function isSetBefore({ placed, way, asked, lists }: RuleOnWay, name: string): boolean {
  if (asked.writesFirst && asked.writes.includes(name)) return true
  const levels = [...way.callers, placed]
  return lists
    .writersOf(name)
    .some((writer) =>
      levels.some(({ chain, index }) => writer.placed.chain === chain && writer.placed.index < index),
    )
}

/** Why a rule that lets some past limits nothing; undefined: the rest is dropped behind it. */
function unlimited({ placed, way, asked, graph, ending }: RuleOnWay): string | undefined {
  const levels = [...way.callers, placed]
  // The limit may be asked by a rule that leads here: what it does not let in goes on behind that one.
  const limiting = levels.findIndex(({ rule }) => isLimit(askedBy([rule])))
  const isOwn = limiting < 0 || ending === "return"
  for (let depth = isOwn ? levels.length - 1 : limiting; depth >= 0; depth--) {
    const { chain, table, index } = levels[depth]!
    const above = way.callers.slice(0, depth).map(({ rule }) => rule)
    for (const exit of graph.exitsOf(chain, table)) {
      if (exit.index <= index) continue
      const next = askedBy([...above, ...exit.rules])
      if (next.match !== undefined) continue
      const isAll = takesRest(asked, next)
      if (isAll && exit.ending === "drop") return undefined
      if (isAll && exit.ending === "return") break
      const isOfPorts = mayOverlap(asked, next) && next.ports.length > 0 && asked.ports.length > 0
      if (exit.ending === "pass" && (isAll || isOfPorts))
        return "Limits nothing: a later rule lets what is above the rate past, too."
    }
    if (chain.base?.policy === "drop") return undefined
    // What RETURN lets past goes on where the rest does, too.
    if (ending === "return" && depth === levels.length - 1) break
  }
  return "Limits nothing: what is above the rate goes on, and no rule behind it drops it."
}

/** Whether the later rule takes all that the limited one asks for. */
function takesRest(asked: Asked, later: Asked): boolean {
  if (later.match !== undefined || later.others.length > 0 || later.destination !== asked.destination)
    return false
  const agrees = (one: unknown, other: unknown) =>
    other === undefined || JSON.stringify(one) === JSON.stringify(other)
  return (
    agrees(asked.protocol, later.protocol) &&
    (later.ports.length === 0 || agrees(asked.ports, later.ports)) &&
    agrees(asked.flags, later.flags) &&
    (later.states === undefined || (asked.states !== undefined && (asked.states & ~later.states) === 0)) &&
    agrees(asked.icmpType, later.icmpType) &&
    agrees(asked.source, later.source) &&
    agrees(asked.sourceSet, later.sourceSet) &&
    agrees(asked.input, later.input)
  )
}
