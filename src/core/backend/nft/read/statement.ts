import { stepAssumptionOf, stepsToText } from "../../../ruleset/kinds.js"
import type { StepNode, VerdictNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { elaborateLimit, elaborateQuota, isTrue } from "./limit-statement.js"
import { elaborateLog } from "./log-statement.js"
import { elaborateMangle, elaborateReset } from "./mangle-statement.js"
import { elaborateMatch } from "./match.js"
import {
  elaborateDuplicate,
  elaborateForward,
  elaborateNat,
  elaborateProxy,
  elaborateQueue,
} from "./nat-statement.js"
import { elaborateObjectReference, objectKinds } from "./object-statement.js"
import { elaborateReject } from "./reject-statement.js"
import { elaborateMap, elaborateMeter, elaborateSetUpdate } from "./set-statement.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, single, stringOf, wordOf } from "./tree.js"
import { elaborateTime } from "./values.js"
import { elaborateVerdict, elaborateVerdictMap, verdictWords } from "./verdict.js"

/** One statement of a rule, as the object in `expr` has it, to steps. Undefined: it was reported. */
export type ElaborateStatement = (
  value: Syntax,
  context: Context,
  at: Syntax,
  name: string,
) => StepNode | readonly StepNode[] | undefined

/**
 * The steps of one statement. What was reported, or is unknown, becomes a step that never matches: the rule stays in its place, and does
 * nothing.
 */
export function elaborateStatement(syntax: Syntax, context: Context): readonly StepNode[] {
  const [name, value] = single(syntax) ?? wholeStatement(syntax) ?? []
  if (name === undefined || value === undefined) {
    context.report(
      "nft-json-syntax",
      "a statement is an object with one entry: its name and what it holds",
      syntax,
    )
    return [never("?")]
  }
  const elaborate = statementsByName.get(name)
  if (!elaborate) {
    context.assume(
      `the engine does not know the statement "${name}": the rule is taken never to match`,
      syntax,
    )
    return [never(name)]
  }
  const steps = elaborate(value, context, syntax, name)
  if (steps === undefined) return [never(name)]
  const made = "step" in steps ? [steps] : steps
  for (const step of made) {
    const assumption = stepAssumptionOf(step)
    if (assumption !== undefined) context.assume(`${stepsToText([step])}: ${assumption}`, syntax)
  }
  return made
}

/** nft 1.0.6 writes some statements with their entries beside the name; the first entry names it. */
function wholeStatement(syntax: Syntax): readonly [string, Syntax] | undefined {
  if (syntax.kind !== "object") return undefined
  for (const [name, value] of syntax.entries) if (statementsByName.has(name)) return [name, value]
  return undefined
}

function never(text: string): StepNode {
  return { step: "opaque", text, assumes: "break" }
}

const verdict: ElaborateStatement = (value, context, at, name): VerdictNode | undefined =>
  elaborateVerdict(name, value, context, at)

const statements: Readonly<Record<string, ElaborateStatement>> = {
  ...Object.fromEntries(verdictWords.map((word) => [word, verdict])),
  match: (value, context) => elaborateMatch(value, context),
  vmap: (value, context, at) => elaborateVerdictMap(value, context, at),
  counter: (value, context, at) =>
    stringOf(value) !== undefined || single(value)?.[0] === "map"
      ? elaborateObjectReference("counter", value, context, at)
      : { step: "counter" },
  quota: (value, context, at) => elaborateQuota(value, context, at),
  limit: (value, context, at) => elaborateLimit(value, context, at),
  synproxy: (value, context, at) => elaborateProxy("synproxy", value, context, at),
  tproxy: (value, context, at) => elaborateProxy("tproxy", value, context, at),
  last: (value, context) => {
    const used = entry(value, "used")
    return used && elaborateTime(used, context) === undefined ? undefined : { step: "last" }
  },
  "ct count": (value, context, at) => {
    const count = numberOf(entry(value, "val"))
    if (count !== undefined) return { step: "ct-count", count, over: isTrue(entry(value, "inv")) }
    context.report("nft-bad-value", "a count of connections is a number", at)
    return undefined
  },
  log: (value, context) => elaborateLog(value, context),
  reject: (value, context, at) => elaborateReject(value, context, at),
  notrack: () => ({ step: "notrack" }),
  mangle: (value, context, at) => elaborateMangle(value, context, at),
  snat: elaborateNat,
  dnat: elaborateNat,
  masquerade: elaborateNat,
  redirect: elaborateNat,
  queue: (value, context) => elaborateQueue(value, context),
  dup: (value, context, at) => elaborateDuplicate(value, context, at),
  fwd: (value, context, at) => elaborateForward(value, context, at),
  set: (value, context, at) => elaborateSetUpdate(value, context, at),
  map: (value, context, at) => elaborateMap(value, context, at),
  meter: (value, context, at) => elaborateMeter(value, context, at),
  flow: (value, context, at) => {
    const flowtable = wordOf(entry(value, "flowtable"))?.replace(/^@/, "")
    if (flowtable !== undefined) return { step: "flow-offload", flowtable }
    context.report("nft-bad-value", "flow add names a flowtable", at)
    return undefined
  },
  reset: (value, context, at) => elaborateReset(value, context, at),
  ...Object.fromEntries(
    objectKinds.map((kind): [string, ElaborateStatement] => [
      kind,
      (value, context, at) => elaborateObjectReference(kind, value, context, at),
    ]),
  ),
  secmark: (value, context, at) => elaborateObjectReference("secmark", value, context, at),
  tunnel: (value, context, at) => {
    context.assume("the engine has no tunnels: the rule goes on", at)
    return { step: "opaque", text: `tunnel name "${wordOf(value) ?? ""}"`, assumes: "continue" }
  },
  xt: (value, context, at) => {
    const type = wordOf(entry(value, "type")) ?? "match"
    const name = wordOf(entry(value, "name")) ?? ""
    const assumes = type === "target" ? "continue" : "break"
    const assumed = assumes === "break" ? "the rule is taken never to match" : "the rule is taken to go on"
    context.assume(`what the extension "${name}" of iptables asks is not in nft's listing: ${assumed}`, at)
    return { step: "opaque", text: `xt ${type} "${name}"`, assumes }
  },
}

const statementsByName: ReadonlyMap<string, ElaborateStatement> = new Map(Object.entries(statements))
