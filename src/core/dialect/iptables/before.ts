import { type Asked, askedBy, asksNothing, ESTABLISHED, NEW } from "./asked.js"
import { mayOverlap } from "./overlap.js"
import type { Placed, RuleGraph, Way } from "./rule-graph.js"

/** What never comes to a rule, because rules before it have let it past. */
export interface Before {
  /** What belongs to a connection. */
  readonly established: boolean
  /** All of these sources. */
  readonly spared: readonly string[]
  /** All that arrives on these devices, as iptables writes them. */
  readonly devices: readonly string[]
  /** Parts of what the rule asks for: the lines that let them past. */
  readonly lines: readonly number[]
}

/** What is let past before a rule, on one way to it. */
export function before(placed: Placed, { callers }: Way, asked: Asked, graph: RuleGraph): Before {
  let established = false
  const spared = new Set<string>()
  const devices = new Set<string>()
  const lines = new Set<number>()
  const levels = [...callers, placed]
  for (const [depth, level] of levels.entries()) {
    const above = callers.slice(0, depth).map(({ rule }) => rule)
    for (const exit of graph.passesOf(level.chain, level.table)) {
      if (exit.index >= level.index) break
      // RETURN in a built-in chain leaves what becomes of a packet to its policy.
      if (exit.ending === "return" && level.chain.base?.policy === "drop") continue
      const passed = askedBy([...above, ...exit.rules])
      if (passed.match !== undefined || passed.input === "lo") continue
      if (isEstablished(passed)) established = true
      else if (mayOverlap(passed, asked)) {
        if (passed.input !== undefined && asksNothing(passed)) devices.add(passed.input)
        else if (isSourceOnly(passed)) spared.add(passed.source!)
        else lines.add(exit.rules.at(-1)!.origin.span?.line ?? 0)
      }
    }
  }
  return { established, spared: [...spared], devices: [...devices], lines: [...lines] }
}

/** `-m state --state RELATED,ESTABLISHED -j ACCEPT`. */
function isEstablished(passed: Asked): boolean {
  const { states } = passed
  if (states === undefined || (states & ESTABLISHED) === 0 || (states & NEW) !== 0) return false
  return asksNothing({ ...without(passed), destination: false })
}

function isSourceOnly(passed: Asked): boolean {
  const { source, ...rest } = passed
  return source !== undefined && !source.includes("-") && passed.input === undefined && asksNothing(rest)
}

function without(passed: Asked): Asked {
  const { states: _states, protocol: _protocol, ...rest } = passed
  return rest
}
