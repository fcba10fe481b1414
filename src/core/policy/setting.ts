import { isProblem, type Problem, type Span } from "../base/diagnostic.js"
import { parseDuration } from "../base/duration.js"
import { didYouMean } from "../base/nearest.js"
import type { AddressBook } from "./addresses.js"
import { limitExamples, parseLimit } from "./limit.js"
import { parsePer, parsePerLength, perSource } from "./per.js"
import type { Action, Exception, Limit, Per, PortSelector } from "./policy.js"
import { readPortList } from "./port-list.js"
import type { Report } from "./report.js"
import { describe, flowText, type MapEntry, type MapNode, type Node, shorten } from "./tree.js"
import { booleanProblem, isAction, parseAction } from "./word.js"

/** What may be set, and how: a protection's kind or a detector's says it. */
export interface Settable {
  readonly name: string
  readonly limits: readonly Limit["form"][]
  readonly options?: Readonly<Record<string, readonly string[] | "number">> | undefined
  /** Whether `ports` and `per` have a meaning. */
  readonly keys: readonly CommonKey[]
}

export type CommonKey = "limit" | "per" | "ports" | "for" | "action" | "block-for"

export const commonKeys: readonly CommonKey[] = ["limit", "per", "ports", "for", "action", "block-for"]

/** What was said; what was not is left to the defaults. */
export interface Setting {
  readonly action?: Action
  readonly limit?: Limit
  readonly per?: Per
  readonly ports?: readonly PortSelector[]
  readonly exceptions?: readonly Exception[]
  readonly blockFor?: number
  readonly options?: Readonly<Record<string, string | number>>
  /** Something in it was a mistake, already told: what seems to be missing may be what was meant. */
  readonly isBroken?: boolean
}

type Draft = { -readonly [Key in keyof Setting]: Setting[Key] }

export interface SettingContext {
  readonly report: Report
  readonly addresses: AddressBook
}

const broken: Setting = { isBroken: true }

/** Reads `off`, an action, a limit phrase, or a map of the common keys and the kind's own. */
export function readSetting(node: Node, kind: Settable, context: SettingContext): Setting | "off" {
  const { report } = context
  if (node.kind === "scalar") return readWord(node.text, node.span, kind, report)
  if (node.kind === "map") return readMap(node, kind, context)
  if (node.kind === "empty") {
    report.error("empty-value", node.span, `nothing stands behind ${kind.name}`, { hint: forms(kind) })
  } else {
    report.error("wrong-kind", node.span, `${kind.name} takes ${forms(kind)}, not a list`, {
      hint: "a dash begins an item of a list: leave the dashes out",
    })
  }
  return broken
}

function readWord(text: string, span: Span, kind: Settable, report: Report): Setting | "off" {
  if (text === "off") return "off"
  if (isAction(text)) return { action: text }
  const boolean = booleanProblem(text)
  if (boolean) {
    report.problem(boolean, span)
    return broken
  }
  if (!/\d/.test(text)) {
    const action = parseAction(text)
    const hint =
      isProblem(action) && action.hint?.startsWith("the steps") ? undefined : (action as Problem).hint
    report.error("not-a-setting", span, `"${shorten(text)}" is not a setting of ${kind.name}`, {
      hint: hint ?? didYouMean(text, ["off"]) ?? `it takes ${forms(kind)}`,
    })
    return broken
  }
  const limit = readLimit(text, span, kind, report)
  return limit ? { limit } : broken
}

/** Reads a map; the keys that `alsoKnown` names are left to the caller. */
export function readMap(
  node: MapNode,
  kind: Settable,
  context: SettingContext,
  alsoKnown: readonly string[] = [],
): Setting {
  const draft: Draft = {}
  for (const entry of node.entries) {
    const key = entry.key.text
    if (alsoKnown.includes(key)) continue
    if ((kind.keys as readonly string[]).includes(key)) readers[key as CommonKey](entry, draft, kind, context)
    else if (kind.options && Object.hasOwn(kind.options, key)) readOption(entry, draft, kind, context.report)
    else unknownKey(entry, kind, alsoKnown, context.report)
  }
  return draft
}

type KeyReader = (entry: MapEntry, draft: Draft, kind: Settable, context: SettingContext) => void

const readers: Readonly<Record<CommonKey, KeyReader>> = {
  limit({ key, value }, draft, kind, { report }) {
    draft.isBroken = true
    const text = scalarOf(value, key.text, `a phrase: ${limitForms(kind)}`, report)
    if (text === undefined) return
    const boolean = text === "off" ? offInMap("limit") : booleanProblem(text)
    if (boolean) return report.problem(boolean, value.span)
    const limit = readLimit(text, value.span, kind, report)
    if (!limit) return
    draft.limit = limit
    draft.isBroken = false
  },
  per({ key, value }, draft, _kind, { report }) {
    const per =
      value.kind === "map"
        ? readPerMap(value, report)
        : scalarOf(value, key.text, "source, everyone or /24", report)
    if (typeof per !== "string") {
      if (per) draft.per = per
      return
    }
    const parsed = parsePer(per)
    if (isProblem(parsed)) report.problem(parsed, value.span)
    else draft.per = parsed
  },
  ports({ value }, draft, _kind, { report }) {
    draft.ports = readPortList(value, report)
  },
  for({ value }, draft, kind, context) {
    draft.exceptions = readExceptions(value, kind, context)
  },
  action({ key, value }, draft, _kind, { report }) {
    const text = scalarOf(value, key.text, "notify, drop or block", report)
    if (text === undefined) return
    const action = text === "off" ? offInMap("action") : parseAction(text)
    if (isProblem(action)) report.problem(action, value.span)
    else draft.action = action
  },
  "block-for"({ key, value }, draft, _kind, { report }) {
    const text = scalarOf(value, key.text, "a duration: 10m", report)
    if (text === undefined) return
    const duration = readDuration(text)
    if (isProblem(duration)) report.problem(duration, value.span)
    else draft.blockFor = duration
  },
}

function offInMap(key: string): Problem {
  return {
    id: "not-a-setting",
    message: `off does not stand behind ${key}`,
    hint: "write off in place of the whole map",
  }
}

export function readDuration(text: string): number | Problem {
  const sexagesimal = /^(\d+):(\d\d)$/.exec(text)
  if (!sexagesimal) return parseDuration(text)
  return {
    id: "yaml-number",
    message: `${text} is a number in base 60 to YAML 1.1, and a time of day to people`,
    hint: `write ${sexagesimal[1]}m${sexagesimal[2]}s or ${sexagesimal[1]}h${sexagesimal[2]}m`,
  }
}

function readLimit(text: string, span: Span, kind: Settable, report: Report): Limit | undefined {
  const limit = parseLimit(text)
  if (kind.limits.length === 0) {
    const hint = `it takes ${forms(kind)}`
    const id = isProblem(limit) ? "not-a-setting" : "wrong-limit"
    return report.error(
      id,
      span,
      isProblem(limit) ? `"${shorten(text)}" is not a setting of ${kind.name}` : `${kind.name} has no limit`,
      { hint },
    )
  }
  if (isProblem(limit)) return report.problem(limit, span)
  if (kind.limits.includes(limit.form)) return limit
  return report.error(
    "wrong-limit",
    span,
    `${kind.name} does not take a limit of the form "${shorten(text)}"`,
    {
      hint: `write it as ${limitForms(kind)}`,
    },
  )
}

function readPerMap(node: MapNode, report: Report): Per | undefined {
  const per = { ...perSource } as { kind: "source"; ipv4: number; ipv6: number }
  for (const { key, value } of node.entries) {
    if (key.text !== "ipv4" && key.text !== "ipv6") {
      report.error("unknown-key", key.span, `"${key.text}" is not a key of per`, {
        hint: didYouMean(key.text, ["ipv4", "ipv6"]) ?? "per: { ipv4: /24, ipv6: /56 }",
      })
      continue
    }
    const text = scalarOf(value, key.text, "a prefix length: /24", report)
    const length = text === undefined ? undefined : parsePerLength(text, key.text === "ipv4" ? 4 : 6)
    if (isProblem(length)) report.problem(length, value.span)
    else if (length !== undefined) per[key.text] = length
  }
  return per
}

/** `for: { cdn: 5000/second burst 10000, monitoring: off }` */
function readExceptions(node: Node, kind: Settable, { addresses, report }: SettingContext): Exception[] {
  if (node.kind !== "map") {
    const hint = "for: { office: off }: a name or an address, and its own limit or off"
    report.error("wrong-kind", node.span, `for is a map of hosts, not ${describe(node)}`, { hint })
    return []
  }
  return node.entries.flatMap(({ key, value }) => {
    const hosts = addresses.word(key.text)
    if (isProblem(hosts)) report.problem(hosts, key.span)
    const text = scalarOf(value, key.text, "a limit or off", report)
    if (text === undefined) return []
    const origin = { span: key.span, text: `${key.text}: ${flowText(value)}` }
    const boolean = booleanProblem(text)
    if (boolean) report.problem({ ...boolean, hint: "write off, or a limit" }, value.span)
    if (boolean || (text !== "off" && kind.limits.length === 0)) {
      if (!boolean) {
        report.error("wrong-limit", value.span, `${kind.name} has no limit, so a host has none of its own`, {
          hint: "write off",
        })
      }
      return []
    }
    const limit = text === "off" ? "off" : readLimit(text, value.span, kind, report)
    return limit && !isProblem(hosts) ? [{ hosts, written: key.text, limit, origin }] : []
  })
}

function readOption({ key, value }: MapEntry, draft: Draft, kind: Settable, report: Report): void {
  const allowed = kind.options?.[key.text]
  const expected = allowed === "number" || !allowed ? "a number" : allowed.join(" or ")
  const text = scalarOf(value, key.text, expected, report)
  if (text === undefined || !allowed) return
  if (allowed === "number") {
    if (/^(0|[1-9]\d{0,9})$/.test(text)) draft.options = { ...draft.options, [key.text]: Number(text) }
    else
      report.error("not-an-option", value.span, `"${shorten(text)}" is not a whole number`, numberHint(text))
    return
  }
  if (allowed.includes(text)) draft.options = { ...draft.options, [key.text]: text }
  else {
    report.error("not-an-option", value.span, `"${shorten(text)}" is not a value of ${key.text}`, {
      hint: didYouMean(text, allowed) ?? `it is ${expected}`,
    })
  }
}

function numberHint(text: string): { hint: string } {
  const digits = text.replace(/[_,']/g, "").replace(/^0+(?=\d)/, "")
  return { hint: /^\d+$/.test(digits) ? `write ${digits}` : "write it in decimal digits alone" }
}

function unknownKey({ key }: MapEntry, kind: Settable, alsoKnown: readonly string[], report: Report): void {
  const known = [...alsoKnown, ...kind.keys, ...Object.keys(kind.options ?? {})]
  const id = "unknown-key"
  if ((commonKeys as readonly string[]).includes(key.text)) {
    report.error(id, key.span, `${kind.name} has no ${key.text}`, {
      hint: `its keys are ${known.join(", ")}`,
    })
    return
  }
  const alias = keyAliases.get(key.text.toLowerCase())
  const hint =
    alias && known.includes(alias)
      ? `write ${alias}`
      : (didYouMean(key.text, known) ?? `its keys are ${known.join(", ")}`)
  report.error(id, key.span, `"${key.text}" is not a key of ${kind.name}`, { hint })
}

const keyAliases = new Map([
  ["rate", "limit"],
  ["burst", "limit"],
  ["max", "limit"],
  ["port", "ports"],
  ["ban-time", "block-for"],
  ["duration", "block-for"],
  ["blockfor", "block-for"],
  ["block_for", "block-for"],
  ["except", "for"],
  ["hosts", "for"],
  ["mask", "per"],
  ["target", "action"],
  ["policy", "action"],
])

/** The text of a scalar, or undefined with a diagnostic. */
export function scalarOf(node: Node, name: string, expected: string, report: Report): string | undefined {
  if (node.kind === "scalar") return node.text
  if (node.kind === "empty") {
    return report.error("empty-value", node.span, `nothing stands behind ${name}`, {
      hint: `it takes ${expected}`,
    })
  }
  return report.error("wrong-kind", node.span, `${name} takes ${expected}, not ${describe(node)}`, {})
}

function limitForms(kind: Settable): string {
  return kind.limits.map((form) => limitExamples[form]).join(", or ")
}

/** What may stand behind the name. */
function forms(kind: Settable): string {
  return kind.limits.length > 0 ? `off, ${limitForms(kind)}, an action, or a map` : "off, an action, or a map"
}
