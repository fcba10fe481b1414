import { isProblem, type Span } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import type { AddressBook } from "./addresses.js"
import { detectorWords } from "./detectors.js"
import type { Kinds } from "./kinds.js"
import { portsNamed } from "./opening.js"
import type { Action, HostFacts, Protection } from "./policy.js"
import { readPortWords } from "./port-list.js"
import { type Preset, type PresetContext, presets } from "./presets.js"
import type { ProtectionKind } from "./protection.js"
import { isPortKey, readProtection } from "./protection-value.js"
import { Report } from "./report.js"
import { commonKeys, scalarOf } from "./setting.js"
import { describe, entryOf, type MapEntry, type MapNode, type Node, treeOf } from "./tree.js"
import { lowerAction, parseAction } from "./word.js"

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

/** What may stand behind a zone beside protections. */
export const zoneKeys = ["preset", "action", "outgoing"]

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
  const preset = readPreset(node, report)
  const action = readLadder(node, report) ?? preset?.preset.action ?? context.action
  const inside = { ...context, zone, facesInternet, action, direction: "in" } as const
  const incoming = readDirection(node, preset, inside)
  const outgoing = entryOf(node, "outgoing")
  return {
    incoming,
    outgoing: outgoing ? readOutgoing(outgoing.value, inside) : [],
    ...(preset && { preset }),
  }
}

function readOutgoing(node: Node, context: ZoneContext): readonly Protection[] {
  const { report } = context
  if (node.kind !== "map") {
    const id = node.kind === "empty" ? "empty-value" : "wrong-kind"
    report.error(id, node.span, `outgoing is a map of protections, not ${describe(node)}`, {
      hint: "outgoing: { fragments: drop }",
    })
    return []
  }
  const preset = readPreset(node, report)
  const action = readLadder(node, report) ?? preset?.preset.action ?? context.action
  // Nobody is lured on the way out.
  return readDirection(node, preset, { ...context, action, direction: "out", facesInternet: false })
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
  preset: ChosenPreset | undefined,
  context: ZoneContext,
): readonly Protection[] {
  const chosen = new Map<string, readonly Protection[]>()
  if (preset) readPresetProtections(preset, node, chosen, context)
  const named = new Map<string, MapEntry>()
  for (const entry of node.entries) {
    const isNested = context.direction === "out" && entry.key.text === "outgoing"
    if (zoneKeys.includes(entry.key.text) && !isNested) continue
    const kind = context.kinds.find(entry.key.text)
    if (!kind) unknownProtection(entry, context)
    else readEntry(entry, kind, named, chosen, context)
  }
  return [...chosen.values()].flat()
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

function readPreset(node: MapNode, report: Report): ChosenPreset | undefined {
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
  node: MapNode,
  chosen: Map<string, readonly Protection[]>,
  context: ZoneContext,
): void {
  const facts = presetContext(node, context)
  const notice = context.direction === "in" ? preset.notice?.(facts) : undefined
  if (notice) context.report.problem(notice, span, "warning")
  const highest = [preset.action, context.action].filter((action) => action !== undefined)
  for (const [name, words] of Object.entries(preset.protections(facts))) {
    const kind = context.kinds.find(name)
    if (!kind || (context.direction === "out" && !kind.outgoing)) continue
    const key = { kind: "scalar", text: name, plain: false, span } as const
    const protections = readProtection(kind, { key, value: treeOf(words, span) }, context)
    const limited = protections.map((protection) => ({
      ...protection,
      action: highest.reduce(lowerAction, protection.action),
      origin: { ...protection.origin, text: `preset: ${preset.name}` },
    }))
    chosen.set(kind.name, limited)
  }
}

function presetContext(node: MapNode, { host, facesInternet, kinds }: ZoneContext): PresetContext {
  // Read for themselves, and their mistakes told, when their turn comes.
  const scratch = new Report()
  const named = node.entries.flatMap(({ key, value }) => {
    const form = kinds.find(key.text)?.value
    if (form === "ports" || form === "openings") return portsNamed(value, scratch)
    const isPerPort = form === "setting-per-port" || form === "setting-and-per-port"
    if (!isPerPort || value.kind !== "map") return []
    const ofPorts = value.entries.filter(({ key: port }) => form === "setting-per-port" || isPortKey(port))
    return ofPorts.flatMap((entry) => readPortWords(entry.key, scratch))
  })
  return {
    facesInternet,
    defaultRoutes: host.defaultRoutes,
    isInUse: (port, protocol) =>
      [...host.listening, ...named].some(
        (other) =>
          (other.protocol === "any" || other.protocol === protocol) &&
          other.range.from <= port &&
          port <= other.range.to,
      ),
  }
}

/** Words that other firewalls have for what stands in a zone. */
const neighbours = new Map([
  ["protection", "write preset: strong, or the protection's name and its setting"],
  ["protections", "protections stand right here, without a key above them"],
  ["reverse", "write outgoing: { … }, with the same words"],
  ["server", "write open: [ssh, http, https]"],
  ["services", "write open: [ssh, http, https]"],
  ["ports", "write open: [ssh, http, https]"],
  [
    "allow",
    "write open: [ssh, http, https] for ports; hosts go under never-block or bypass, at the left margin",
  ],
  [
    "accept",
    "write open: [ssh, http, https] for ports; hosts go under never-block or bypass, at the left margin",
  ],
  ["whitelist", "never-block and bypass do that; they stand at the left margin, beside protect"],
  ["allowlist", "never-block and bypass do that; they stand at the left margin, beside protect"],
  ["policy", "what is not dropped is accepted; open: [ssh, http, https] closes all other ports"],
])

function unknownProtection({ key }: MapEntry, { report, kinds, direction }: ZoneContext): void {
  const detectors = detectorWords.map(({ name }) => name)
  const topLevel = ["bypass", "never-block", "addresses", "interfaces", "detect", "include", "protect"]
  const isPluralMeant = kinds.find(`${key.text}s`) !== undefined
  const hint = isPluralMeant
    ? `did you mean "${key.text}s"?`
    : detectors.includes(key.text)
      ? `it stands under detect: detect: { ${key.text}: … }`
      : topLevel.includes(key.text)
        ? "it stands at the left margin, beside protect"
        : (commonKeys as readonly string[]).includes(key.text)
          ? "it stands behind a protection: syn-floods: { limit: … }"
          : (neighbours.get(key.text.toLowerCase()) ??
            kinds.nearest(key.text, direction === "in" ? zoneKeys : []))
  report.error("unknown-protection", key.span, `"${key.text}" is not a protection`, {
    hint: hint ?? "floodwall help protections lists them",
  })
}
