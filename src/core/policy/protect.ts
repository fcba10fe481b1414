import { isProblem, type Span } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import type { Origin } from "../ruleset/origin.js"
import type { AddressBook } from "./addresses.js"
import type { Kinds } from "./kinds.js"
import { limitExamples } from "./limit.js"
import { perSource } from "./per.js"
import type { Action, HostFacts, PortSelector, Protection } from "./policy.js"
import { readPortList, readPortWords } from "./port-list.js"
import { type Preset, type PresetContext, presets } from "./presets.js"
import type { ProtectionKind } from "./protection.js"
import type { Report } from "./report.js"
import { commonKeys, readMap, readSetting, type Setting, scalarOf } from "./setting.js"
import { describe, flowText, type MapEntry, type MapNode, type Node, treeOf } from "./tree.js"
import { booleanProblem, lowerAction, parseAction } from "./word.js"

/** Sources are kept out for an hour unless the policy says else; Kaspersky's default, and long enough to outlast a scan. */
export const defaultBlockFor = 3600e9

export interface ProtectContext {
  readonly report: Report
  readonly addresses: AddressBook
  readonly kinds: Kinds
  readonly host: HostFacts
  /** The policy's own `action`. */
  readonly action: Action | undefined
}

interface ZoneContext extends ProtectContext {
  readonly zone: string
  readonly direction: "in" | "out"
  readonly facesInternet: boolean
}

export interface ZoneProtections {
  readonly incoming: readonly Protection[]
  readonly outgoing: readonly Protection[]
  readonly preset?: ChosenPreset
}

/** A preset and where it was asked for. */
export interface ChosenPreset {
  readonly preset: Preset
  readonly span: Span
}

const zoneKeys = ["preset", "action", "outgoing"]

/** Reads what stands behind a zone under `protect`. */
export function readZone(
  zone: string,
  node: Node,
  facesInternet: boolean,
  context: ProtectContext,
): ZoneProtections {
  const { report } = context
  if (node.kind !== "map") {
    const id = node.kind === "empty" ? "empty-value" : "wrong-kind"
    report.error(id, node.span, `${zone} takes a preset or a map of protections, not ${describe(node)}`, {
      hint: `${zone}: default`,
    })
    return { incoming: [], outgoing: [] }
  }
  const action = readLadder(node, report) ?? context.action
  const incoming = readDirection(node, { ...context, zone, facesInternet, action, direction: "in" })
  const outgoing = node.entries.find(({ key }) => key.text === "outgoing")
  if (!outgoing)
    return {
      incoming: incoming.protections,
      outgoing: [],
      ...(incoming.preset && { preset: incoming.preset }),
    }
  let leaving: readonly Protection[] = []
  if (outgoing.value.kind === "map") {
    const own = readLadder(outgoing.value, report) ?? action
    const inner = { ...context, zone, facesInternet, action: own, direction: "out" } as const
    leaving = readDirection(outgoing.value, inner).protections
  } else {
    const id = outgoing.value.kind === "empty" ? "empty-value" : "wrong-kind"
    report.error(
      id,
      outgoing.value.span,
      `outgoing is a map of protections, not ${describe(outgoing.value)}`,
      {
        hint: "outgoing: { fragments: drop }",
      },
    )
  }
  return {
    incoming: incoming.protections,
    outgoing: leaving,
    ...(incoming.preset && { preset: incoming.preset }),
  }
}

/** The `action` of a policy or a zone: the highest step that its protections take by themselves. */
export function readLadder(node: MapNode, report: Report): Action | undefined {
  const entry = node.entries.find(({ key }) => key.text === "action")
  const text = entry && scalarOf(entry.value, "action", "notify, drop or block", report)
  if (text === undefined) return undefined
  const action = parseAction(text)
  if (!isProblem(action)) return action
  return report.problem(action, entry!.value.span)
}

function readDirection(
  node: MapNode,
  context: ZoneContext,
): { protections: readonly Protection[]; preset?: ChosenPreset } {
  const preset = readPreset(node, context)
  const chosen = new Map<string, readonly Protection[]>()
  if (preset) readPresetProtections(preset, chosen, context)
  const named = new Map<string, MapEntry>()
  for (const entry of node.entries) {
    if (zoneKeys.includes(entry.key.text) && !(context.direction === "out" && entry.key.text === "outgoing"))
      continue
    const kind = context.kinds.find(entry.key.text)
    if (!kind) unknownProtection(entry, context)
    else readEntry(entry, kind, named, chosen, context)
  }
  return { protections: [...chosen.values()].flat(), ...(preset && { preset }) }
}

/** A named protection takes the place of the preset's, where that stood. */
function readEntry(
  entry: MapEntry,
  kind: ProtectionKind,
  named: Map<string, MapEntry>,
  chosen: Map<string, readonly Protection[]>,
  context: ZoneContext,
): void {
  const first = named.get(kind.name)
  if (first) {
    context.report.error("protection-twice", entry.key.span, `${kind.name} is set twice`, {
      related: { span: first.key.span, message: "first written here" },
    })
    return
  }
  named.set(kind.name, entry)
  if (kind.value !== "group") {
    if (checkDirection(kind, entry, context)) chosen.set(kind.name, readProtection(kind, entry, context))
    return
  }
  for (const member of kind.members ?? []) {
    const memberKind = context.kinds.find(member)
    // What is named for itself says more than its group, wherever it stands.
    if (!memberKind || named.has(memberKind.name)) continue
    if (context.direction === "out" && !memberKind.outgoing) continue
    chosen.set(memberKind.name, readProtection(memberKind, forMember(entry, memberKind), context))
  }
}

/** A group's setting for one of its members: a limit is for those that have one. */
function forMember(entry: MapEntry, member: ProtectionKind): MapEntry {
  const { value } = entry
  if (member.limits.length > 0) return entry
  if (value.kind === "scalar" && /\d/.test(value.text)) return { ...entry, value: { ...value, text: "drop" } }
  if (value.kind !== "map") return entry
  return {
    ...entry,
    value: { ...value, entries: value.entries.filter(({ key }) => !["limit", "per"].includes(key.text)) },
  }
}

function checkDirection(
  kind: ProtectionKind,
  { key }: MapEntry,
  { direction, report }: ZoneContext,
): boolean {
  if (direction === "in" || kind.outgoing) return true
  report.error("not-outgoing", key.span, `${kind.name} does not go with outgoing`, {
    hint: "for packets that arrive it stands beside outgoing, not in it",
  })
  return false
}

function readPreset(node: MapNode, { report }: ZoneContext): ChosenPreset | undefined {
  const entry = node.entries.find(({ key }) => key.text === "preset")
  if (!entry) return undefined
  const names = presets.map((preset) => preset.name)
  const text = scalarOf(entry.value, "preset", names.join(" | "), report)
  if (text === undefined || text === "off") return undefined
  const preset = presets.find(({ name }) => name === text)
  if (preset) return { preset, span: entry.value.span }
  return report.error("unknown-preset", entry.value.span, `"${text}" is not a preset`, {
    hint: didYouMean(text, names) ?? `presets are ${names.join(", ")}`,
  })
}

function readPresetProtections(
  { preset, span }: ChosenPreset,
  chosen: Map<string, readonly Protection[]>,
  context: ZoneContext,
): void {
  const facts = presetContext(context)
  const notice = context.direction === "in" ? preset.notice?.(facts) : undefined
  if (notice) context.report.problem(notice, span, "warning")
  for (const [name, words] of Object.entries(preset.protections(facts))) {
    const kind = context.kinds.find(name)
    if (!kind || (context.direction === "out" && !kind.outgoing)) continue
    const key = { kind: "scalar", text: name, plain: false, span } as const
    const protections = readProtection(kind, { key, value: treeOf(words, span) }, context)
    const limited = protections.map((protection) => ({
      ...protection,
      action: context.action ? lowerAction(protection.action, context.action) : protection.action,
      origin: { ...protection.origin, text: `preset: ${preset.name}` },
    }))
    chosen.set(kind.name, limited)
  }
}

function presetContext({ host, facesInternet }: ZoneContext): PresetContext {
  return {
    facesInternet,
    defaultRoutes: host.defaultRoutes,
    isListening: (port, protocol) =>
      host.listening.some(
        (listening) =>
          (listening.protocol === "any" || listening.protocol === protocol) &&
          listening.range.from <= port &&
          port <= listening.range.to,
      ),
  }
}

type ValueReader = (kind: ProtectionKind, entry: MapEntry, context: ZoneContext) => readonly Protection[]

/** By the form of value that a kind declares. */
const valueReaders: Readonly<Record<ProtectionKind["value"], ValueReader>> = {
  setting(kind, entry, context) {
    const setting = readSetting(entry.value, settable(kind), context)
    return setting === "off" ? [] : [complete(kind, setting, entry, context)]
  },
  ports(kind, entry, context) {
    const { value } = entry
    if (isOff(value, context.report)) return []
    const setting =
      value.kind === "map"
        ? readMap(value, settable(kind), context)
        : { ports: readPortList(value, context.report) }
    const hasPorts = value.kind !== "map" || value.entries.some(({ key }) => key.text === "ports")
    if (!hasPorts) {
      context.report.error("ports-missing", value.span, `${kind.name} does not say which ports`, {
        hint: `${kind.name}: { ports: [23/tcp] }`,
      })
    }
    return [complete(kind, setting, entry, context)]
  },
  "setting-per-port"(kind, entry, context) {
    const { value } = entry
    if (isOff(value, context.report)) return []
    if (value.kind !== "map") {
      const id = value.kind === "empty" ? "empty-value" : "wrong-kind"
      context.report.error(id, value.span, `${kind.name} is a map of ports, not ${describe(value)}`, {
        hint: `${kind.name}: { ssh: ${limitExamples[kind.limits[0] ?? "window"]} }`,
      })
      return []
    }
    if (value.entries.some(({ key }) => key.text === "ports" || key.text === "limit")) {
      return valueReaders.ports(kind, entry, context)
    }
    return readPerPort(kind, value, context)
  },
  addresses(kind, entry, context) {
    const { value } = entry
    if (isOff(value, context.report)) return []
    const isMap = value.kind === "map"
    const setting = isMap
      ? readMap(value, settable(kind, ["ports", "limit", "per"]), context, ["addresses"])
      : {}
    const list = isMap ? value.entries.find(({ key }) => key.text === "addresses")?.value : value
    if (!list) {
      context.report.error("addresses-missing", value.span, `${kind.name} does not say which addresses`, {
        hint: `${kind.name}: { addresses: [lists/drop.txt] }`,
      })
      return []
    }
    const { prefixes, written } = context.addresses.list(list, true)
    return [{ ...complete(kind, setting, entry, context), prefixes, written }]
  },
  // Groups are taken apart before.
  group: () => [],
}

function readProtection(kind: ProtectionKind, entry: MapEntry, context: ZoneContext): readonly Protection[] {
  return valueReaders[kind.value](kind, entry, context)
}

function readPerPort(kind: ProtectionKind, node: MapNode, context: ZoneContext): Protection[] {
  const { report } = context
  const taken: { readonly port: PortSelector; readonly span: Span }[] = []
  return node.entries.flatMap((entry) => {
    const ports = readPortWords(entry.key, report)
    for (const port of ports) {
      const first = taken.find((other) => overlap(other.port, port))
      if (first) {
        report.error("protection-twice", entry.key.span, `${entry.key.text} has a setting already`, {
          related: { span: first.span, message: "first written here" },
        })
      }
      taken.push({ port, span: entry.key.span })
    }
    const setting = readSetting(entry.value, settable(kind, ["ports"]), context)
    if (setting === "off" || ports.length === 0) return []
    return [complete(kind, { ...setting, ports }, entry, context)]
  })
}

function overlap(left: PortSelector, right: PortSelector): boolean {
  const protocols = left.protocol === "any" || right.protocol === "any" || left.protocol === right.protocol
  return protocols && left.range.from <= right.range.to && right.range.from <= left.range.to
}

function isOff(node: Node, report: Report): boolean {
  if (node.kind !== "scalar") return false
  if (node.text === "off") return true
  const boolean = booleanProblem(node.text)
  if (boolean) report.problem(boolean, node.span)
  return boolean !== undefined
}

/** What was said, and the kind's defaults for the rest. */
function complete(kind: ProtectionKind, setting: Setting, entry: MapEntry, context: ZoneContext): Protection {
  const { report, action: ceiling, zone } = context
  const limit = setting.limit ?? kind.defaults.limit
  if (!limit && kind.limits.length > 0 && !setting.isBroken) {
    const example = kind.limits.map((form) => limitExamples[form]).join(", or ")
    report.error("limit-missing", entry.key.span, `${kind.name} needs a limit`, { hint: `limit: ${example}` })
  }
  const own = kind.defaults.action ?? "drop"
  const origin: Origin = {
    span: entry.key.span,
    protection: kind.name,
    zone,
    text: `${entry.key.text}: ${flowText(entry.value)}`,
  }
  return {
    name: kind.name,
    action: setting.action ?? (ceiling ? lowerAction(own, ceiling) : own),
    ...(limit && { limit }),
    per: setting.per ?? perSource,
    ports: setting.ports ?? [],
    exceptions: setting.exceptions ?? [],
    blockFor: setting.blockFor ?? kind.defaults.blockFor ?? defaultBlockFor,
    prefixes: [],
    options: setting.options ?? {},
    origin,
  }
}

function settable(kind: ProtectionKind, without: readonly string[] = []) {
  const hasLimit = kind.limits.length > 0
  const keys = commonKeys.filter(
    (key) => !without.includes(key) && (hasLimit || (key !== "limit" && key !== "per")),
  )
  return { name: kind.name, limits: kind.limits, options: kind.options, keys }
}

function unknownProtection({ key }: MapEntry, { report, kinds, direction }: ZoneContext): void {
  const detectors = ["port-scan", "udp-port-scan", "distributed-flood"]
  const topLevel = ["bypass", "never-block", "addresses", "interfaces", "detect", "include", "protect"]
  const hint = detectors.includes(key.text)
    ? `it stands under detect: detect: { ${key.text}: … }`
    : topLevel.includes(key.text)
      ? "it stands at the left margin, beside protect"
      : (commonKeys as readonly string[]).includes(key.text)
        ? "it stands behind a protection: syn-floods: { limit: … }"
        : kinds.nearest(key.text, direction === "in" ? zoneKeys : [])
  report.error("unknown-protection", key.span, `"${key.text}" is not a protection`, {
    hint: hint ?? "floodwall help protections lists them",
  })
}
