import type { FlowtableDeclaration, ObjectDeclaration, ObjectKind } from "../../../ruleset/object.js"
import type { Context } from "./context.js"
import { synproxyOf } from "./nat-statement.js"
import { elaboratePriority } from "./priority.js"
import { elaborateLimit, elaborateQuota } from "./statement.js"
import type { Syntax } from "./syntax.js"
import { entry, wordOf, wordsOf } from "./tree.js"

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
  const rest = { ...(comment !== undefined && { comment }), origin: { span: value.span, text: "" } }
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
      return { kind, name, settings: settingsOf(value), ...rest }
  }
}

const notSettings = new Set(["family", "table", "name", "handle", "comment"])

/** Whatever else it says, as words. */
function settingsOf(value: Syntax): Readonly<Record<string, string>> {
  if (value.kind !== "object") return {}
  const found: Record<string, string> = {}
  for (const [name, setting] of value.entries) if (!notSettings.has(name)) found[name] = textOf(setting)
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
    origin: { span: value.span, text: "" },
  }
}
