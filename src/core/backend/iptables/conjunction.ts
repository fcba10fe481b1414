import type { Unsupported } from "../../ruleset/kind.js"
import { isUnsupported, type XtConjunction } from "../../ruleset/xtables/lower/condition.js"
import type { XtHeaderNode, XtMatchNode } from "../../ruleset/xtables/node.js"

/**
 * What one rule asks, with one header in front and the options of one match together: `-p tcp -m tcp --dport 22 --tcp-flags …`. Null: nothing can be all of it. A rule
 * has one place for each question of its header.
 */
export function ruleOf(conjunction: XtConjunction): XtConjunction | null | Unsupported {
  let merged: XtHeaderNode | undefined
  const matches: XtMatchNode[] = []
  for (const node of conjunction) {
    if (node.step === "xt-header") {
      const next: XtHeaderNode | null | Unsupported = merged ? joinHeaders(merged, node) : node
      if (next === null || isUnsupported(next)) return next
      merged = next
    } else addMatch(matches, node)
  }
  return merged ? [merged, ...matches] : matches
}

function joinHeaders(left: XtHeaderNode, right: XtHeaderNode): XtHeaderNode | null | Unsupported {
  for (const key of ["source", "destination", "input", "output"] as const) {
    if (left[key] && right[key] && !isSame(left[key], right[key]))
      return { unsupported: `a rule of iptables asks once for the ${names[key]}` }
  }
  const protocol = joinProtocols(left.protocol, right.protocol)
  if (protocol === null) return null
  if (left.fragment && right.fragment && left.fragment.negated !== right.fragment.negated) return null
  return { ...left, ...right, ...(protocol && { protocol }) }
}

const names = {
  source: "source",
  destination: "destination",
  input: "incoming interface",
  output: "outgoing interface",
}

type Protocol = XtHeaderNode["protocol"]

/** Two different protocols are none; one of which others are left out is that one. */
function joinProtocols(left: Protocol, right: Protocol): Protocol | null {
  if (!left || !right) return left ?? right
  if (left.number === right.number) return left.negated === right.negated ? left : null
  if (left.negated) return right
  return right.negated ? left : null
}

/** Options of a match that is there already go to it, where it does not have them yet. */
function addMatch(matches: XtMatchNode[], node: XtMatchNode): void {
  const at = matches.findIndex(({ name }) => name === node.name)
  const known = matches[at]
  if (known && isSame(known, node)) return
  const isApart =
    known && !known.options.some((option) => node.options.some(({ name }) => name === option.name))
  if (isApart && at === matches.length - 1)
    matches[at] = { ...known, options: [...known.options, ...node.options] }
  else matches.push(node)
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
