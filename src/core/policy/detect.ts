import { didYouMean } from "../base/nearest.js"
import type { AddressBook } from "./addresses.js"
import { type DetectorWords, detectorWords } from "./detectors.js"
import type { Action, DetectorSetting } from "./policy.js"
import type { ChosenPreset } from "./protect.js"
import { defaultBlockFor } from "./protection-value.js"
import type { Report } from "./report.js"
import { type CommonKey, readSetting, type Settable } from "./setting.js"
import { describe, flowText, type MapEntry, type Node, treeOf } from "./tree.js"
import { lowerAction } from "./word.js"

interface DetectContext {
  readonly report: Report
  readonly addresses: AddressBook
}

/** Reads `detect`; presets bring theirs, and what is named here takes their place. */
export function readDetectors(
  node: Node | undefined,
  presets: readonly ChosenPreset[],
  ceiling: Action | undefined,
  context: DetectContext,
): DetectorSetting[] {
  const chosen = new Map<string, DetectorSetting>()
  for (const { preset, span } of presets) {
    for (const [name, words] of Object.entries(preset.detect)) {
      const key = { kind: "scalar", text: name, plain: false, span } as const
      const detector = detectorWords.find((known) => known.name === name)
      const setting =
        detector && readDetector(detector, { key, value: treeOf(words, span) }, undefined, context)
      if (!setting) continue
      const highest = [preset.action, ceiling].filter((step) => step !== undefined)
      const action = highest.reduce(lowerAction, setting.action)
      const first = chosen.get(name)
      // Zones with several presets: the strictest of them.
      const isStricter = !first || lowerAction(first.action, action) === first.action
      if (isStricter)
        chosen.set(name, {
          ...setting,
          action,
          origin: { ...setting.origin, text: `preset: ${preset.name}` },
        })
    }
  }
  for (const entry of entriesOf(node, context.report)) {
    const detector = detectorWords.find(({ name }) => name === entry.key.text)
    if (!detector) {
      const names = detectorWords.map(({ name }) => name)
      context.report.error("unknown-detector", entry.key.span, `"${entry.key.text}" is not a detector`, {
        hint: didYouMean(entry.key.text, names) ?? `detectors are ${names.join(", ")}`,
      })
      continue
    }
    const setting = readDetector(detector, entry, ceiling, context)
    if (setting) chosen.set(detector.name, setting)
    else chosen.delete(detector.name)
  }
  return [...chosen.values()]
}

function entriesOf(node: Node | undefined, report: Report): readonly MapEntry[] {
  if (!node) return []
  if (node.kind === "map") return node.entries
  const id = node.kind === "empty" ? "empty-value" : "wrong-kind"
  report.error(id, node.span, `detect is a map of detectors, not ${describe(node)}`, {
    hint: "detect: { port-scan: more than 20 in 60s }",
  })
  return []
}

function readDetector(
  detector: DetectorWords,
  entry: MapEntry,
  ceiling: Action | undefined,
  context: DetectContext,
): DetectorSetting | undefined {
  const settable: Settable = { name: detector.name, limits: detector.limits, keys: keysOf(detector) }
  const setting = readSetting(entry.value, settable, context)
  if (setting === "off") return undefined
  const limit = setting.limit ?? detector.limit
  return {
    name: detector.name,
    action: setting.action ?? (ceiling ? lowerAction(detector.action, ceiling) : detector.action),
    ...(limit && { limit }),
    blockFor: setting.blockFor ?? defaultBlockFor,
    exceptions: setting.exceptions ?? [],
    ...(setting.per && { per: setting.per }),
    ...(setting.ports && { ports: setting.ports }),
    origin: { span: entry.key.span, text: `${entry.key.text}: ${flowText(entry.value)}` },
  }
}

/** Every detector as it is by itself, where no policy says how: for others' rules. */
export function standardDetectors(): DetectorSetting[] {
  return detectorWords
    .filter(({ isOptional }) => !isOptional)
    .map(({ name, action, limit }) => ({
      name,
      action,
      ...(limit && { limit }),
      blockFor: defaultBlockFor,
      exceptions: [],
      origin: { span: { file: "", line: 0, column: 0 }, text: "default" },
    }))
}

/** What a detector may be told. */
export function keysOf({ limits, hasPorts }: DetectorWords): readonly CommonKey[] {
  return [
    ...(limits.length > 0 ? (["limit", "per"] as const) : []),
    ...(hasPorts ? (["ports"] as const) : []),
    "for",
    "action",
    "block-for",
  ]
}
