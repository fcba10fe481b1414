import { isProblem, type Span } from "../base/diagnostic.js"
import type { Origin } from "../ruleset/origin.js"
import type { AddressBook } from "./addresses.js"
import { limitExamples } from "./limit.js"
import { readOpenList } from "./opening.js"
import { perSource } from "./per.js"
import type { Action, PortSelector, Protection } from "./policy.js"
import { parsePort, readPortList, readPortWords } from "./port-list.js"
import type { ProtectionKind } from "./protection.js"
import type { Report } from "./report.js"
import { commonKeys, readMap, readSetting, type Setting } from "./setting.js"
import {
  describe,
  entryOf,
  flowText,
  type MapEntry,
  type MapNode,
  type Node,
  type ScalarNode,
} from "./tree.js"
import { booleanProblem, lowerAction } from "./word.js"

/** Sources are kept out for an hour unless the policy says else; Kaspersky's default, and long enough to outlast a scan. */
export const defaultBlockFor = 3600e9

export interface ValueContext {
  readonly report: Report
  readonly addresses: AddressBook
  readonly zone: string
  /** The highest step that the protection takes where it does not say itself. */
  readonly action: Action | undefined
}

/** Reads what stands behind the name of a protection, in the form of value that its kind declares. */
export function readProtection(
  kind: ProtectionKind,
  entry: MapEntry,
  context: ValueContext,
): readonly Protection[] {
  return valueReaders[kind.value](kind, entry, context)
}

type ValueReader = (kind: ProtectionKind, entry: MapEntry, context: ValueContext) => readonly Protection[]

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
  openings(kind, entry, context) {
    const { value } = entry
    if (isOff(value, context.report)) return []
    if (isForSome(value)) {
      return (
        context.report.error(
          "wrong-kind",
          value.span,
          `ports that are ${kind.name} in part are an item of a list`,
          {
            hint: `${kind.name}: [{ ports: [ssh], from: [office] }]`,
          },
        ) ?? []
      )
    }
    const isMap = value.kind === "map"
    const setting = isMap ? readMap(value, settable(kind, ["ports"]), context, ["ports"]) : {}
    const list = isMap ? entryOf(value, "ports")?.value : value
    if (!list) {
      context.report.error("ports-missing", value.span, `${kind.name} does not say which ports`, {
        hint: `${kind.name}: { ports: [ssh, http] }`,
      })
      return []
    }
    const { ports, openings } = readOpenList(list, context)
    const protection = complete(kind, { ...setting, ports }, entry, context)
    return [{ ...protection, ...(openings.length > 0 && { openings }) }]
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
  "setting-and-per-port"(kind, entry, context) {
    const { value } = entry
    const ofPorts = value.kind === "map" ? value.entries.filter(({ key }) => isPortKey(key)) : []
    if (value.kind !== "map" || ofPorts.length === 0) return valueReaders.setting(kind, entry, context)
    const general = value.entries.filter((each) => !ofPorts.includes(each))
    const perPort = readPerPort(kind, { ...value, entries: ofPorts }, context)
    if (general.length === 0) return perPort
    // Which ports the general one is for would be a second answer to the same question.
    const setting = readMap({ ...value, entries: general }, settable(kind, ["ports"]), context)
    return [complete(kind, setting, entry, context), ...perPort]
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

function readPerPort(kind: ProtectionKind, node: MapNode, context: ValueContext): Protection[] {
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

/** Whether a key of such a map is a port, or meant for one. */
export function isPortKey({ text }: ScalarNode): boolean {
  return /^\d/.test(text) || text.split(",").every((word) => !isProblem(parsePort(word.trim())))
}

function overlap(left: PortSelector, right: PortSelector): boolean {
  const protocols = left.protocol === "any" || right.protocol === "any" || left.protocol === right.protocol
  return protocols && left.range.from <= right.range.to && right.range.from <= left.range.to
}

/** Where whose ports they are stands beside the ports of the whole. */
function isForSome(node: Node): boolean {
  return node.kind === "map" && node.entries.some(({ key }) => ["from", "to", "only"].includes(key.text))
}

function isOff(node: Node, report: Report): boolean {
  if (node.kind !== "scalar") return false
  if (node.text === "off") return true
  const boolean = booleanProblem(node.text)
  if (boolean) report.problem(boolean, node.span)
  return boolean !== undefined
}

/** What was said, and the kind's defaults for the rest. */
function complete(
  kind: ProtectionKind,
  setting: Setting,
  entry: MapEntry,
  context: ValueContext,
): Protection {
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
