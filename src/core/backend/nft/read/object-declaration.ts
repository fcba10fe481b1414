import { printDuration } from "../../../base/duration.js"
import { didYouMean } from "../../../base/nearest.js"
import type { FlowtableDeclaration, ObjectDeclaration, ObjectKind } from "../../../ruleset/object.js"
import type { Context } from "./context.js"
import { elaborateLimit, elaborateQuota } from "./limit-statement.js"
import { synproxyOf } from "./nat-statement.js"
import { plainSpan } from "./place.js"
import { elaboratePriority } from "./priority.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, wordOf, wordsOf } from "./tree.js"
import { elaborateTime } from "./values.js"

/** Kinds that nft declares with a word of this name. */
export const declaredKinds: readonly ObjectKind[] = [
  "counter",
  "quota",
  "limit",
  "synproxy",
  "secmark",
  "tunnel",
  "ct helper",
  "ct timeout",
  "ct expectation",
]

/** A named object. Undefined: it was reported. */
export function elaborateObject(
  kind: ObjectKind,
  name: string,
  value: Syntax,
  context: Context,
): ObjectDeclaration | undefined {
  const comment = wordOf(entry(value, "comment"))
  const rest = {
    ...(comment !== undefined && { comment }),
    origin: { span: plainSpan(value.span), text: "" },
  }
  switch (kind) {
    case "counter":
      return { kind, name, statement: { step: "counter" }, ...rest }
    case "quota": {
      const statement = elaborateQuota(value, context, value)
      return statement && { kind, name, statement, ...rest }
    }
    case "limit": {
      const statement = elaborateLimit(value, context, value)
      return statement && { kind, name, statement, ...rest }
    }
    case "synproxy":
      return { kind, name, statement: synproxyOf(value), ...rest }
    default:
      checkSettings(kind, value, context)
      return { kind, name, settings: settingsOf(kind, value, context), ...rest }
  }
}

/** States that a timeout may be set for, by protocol. */
const timedStates: Readonly<Record<string, readonly string[]>> = {
  tcp: [
    "syn_sent",
    "syn_recv",
    "established",
    "fin_wait",
    "close_wait",
    "last_ack",
    "time_wait",
    "close",
    "syn_sent2",
    "retrans",
    "unack",
  ],
  udp: ["unreplied", "replied"],
}

function checkSettings(kind: ObjectKind, value: Syntax, context: Context): void {
  const l3 = wordOf(entry(value, "l3proto"))
  if (l3 !== undefined && l3 !== context.family && (context.family === "ip" || context.family === "ip6"))
    context.report(
      "nft-not-here",
      `a table of the family ${context.family} has no ${l3}`,
      entry(value, "l3proto")!,
    )
  if (kind === "ct expectation")
    for (const name of ["protocol", "dport", "timeout", "size"])
      if (!entry(value, name)) context.report("nft-bad-value", `an expectation needs its ${name}`, value)
  const policy = kind === "ct timeout" ? entry(value, "policy") : undefined
  const states = timedStates[wordOf(entry(value, "protocol")) ?? ""]
  if (policy?.kind !== "object" || !states) return
  for (const [state, time] of policy.entries)
    if (!states.includes(state))
      context.report(
        "nft-bad-value",
        `"${state}" is no state that a timeout is set for`,
        time,
        didYouMean(state, states),
      )
}

const notSettings = new Set(["family", "table", "name", "handle", "comment"])

/** Whatever else it says, as words. Times as nft lists them: JSON has seconds, and milliseconds where an expectation ends. */
function settingsOf(kind: ObjectKind, value: Syntax, context: Context): Readonly<Record<string, string>> {
  if (value.kind !== "object") return {}
  const found: Record<string, string> = {}
  const time = (syntax: Syntax, scale: number) => {
    const isNumber = numberOf(syntax) !== undefined
    return printDuration((elaborateTime(syntax, context) ?? 0) * (isNumber ? scale : 1))
  }
  for (const [name, setting] of value.entries) {
    if (notSettings.has(name)) continue
    if (kind === "ct expectation" && name === "timeout") found[name] = time(setting, 1e-3)
    else if (kind === "ct timeout" && name === "policy" && setting.kind === "object")
      found[name] = [...setting.entries].map(([state, each]) => `${state} : ${time(each, 1)}`).join(", ")
    else found[name] = textOf(setting)
  }
  return found
}

function textOf(syntax: Syntax): string {
  if (syntax.kind === "leaf") return String(syntax.value)
  if (syntax.kind === "array") return syntax.items.map(textOf).join(", ")
  return [...syntax.entries].map(([name, value]) => `${name} : ${textOf(value)}`).join(", ")
}

export function elaborateFlowtable(name: string, value: Syntax, context: Context): FlowtableDeclaration {
  const prio = entry(value, "prio")
  const flags = wordsOf(entry(value, "flags"))
  return {
    name,
    priority: prio ? (elaboratePriority(prio, context.family, "ingress", context) ?? 0) : 0,
    devices: wordsOf(entry(value, "dev")),
    ...(flags.includes("offload") && { offload: true }),
    ...((entry(value, "counter") !== undefined || flags.includes("counter")) && { counter: true }),
    origin: { span: plainSpan(value.span), text: "" },
  }
}
