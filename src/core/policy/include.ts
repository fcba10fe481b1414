import type { Span } from "../base/diagnostic.js"
import { type PolicyEnvironment, type PolicyText, pathFrom, unreadable } from "./environment.js"
import type { Report } from "./report.js"
import { describe, type MapEntry, type MapNode, type Node, type ScalarNode } from "./tree.js"
import { readYaml } from "./yaml.js"

/** A policy of so many files is a mistake, and more likely a loop through links. */
const filesMaximum = 1000

export interface MergedText {
  readonly root: MapNode
  /** In the order of reading, the main one first. */
  readonly files: readonly string[]
  /** For each file whose syntax is broken, the first such line. */
  readonly brokenAt: ReadonlyMap<string, number>
}

/** Reads a policy and what it includes into one tree: maps merge, lists append, the same scalar twice is an error. */
export function readIncluded(main: PolicyText, environment: PolicyEnvironment, report: Report): MergedText {
  const reader = new IncludeReader(environment, report)
  const root = reader.file(main, [])
  return { root, files: reader.files, brokenAt: reader.brokenAt }
}

class IncludeReader {
  readonly files: string[] = []
  readonly brokenAt = new Map<string, number>()
  private readonly environment: PolicyEnvironment
  private readonly report: Report

  constructor(environment: PolicyEnvironment, report: Report) {
    this.environment = environment
    this.report = report
  }

  file({ path, text }: PolicyText, chain: readonly string[]): MapNode {
    this.files.push(path)
    const { root, brokenAt } = readYaml(path, text, this.report)
    if (brokenAt !== undefined) this.brokenAt.set(path, brokenAt)
    const start: Span = { file: path, line: 1, column: 1 }
    if (!root) return { kind: "map", entries: [], span: start }
    if (root.kind !== "map") {
      this.report.error("wrong-kind", root.span, `a policy is a map, this is ${describe(root)}`, {
        hint: "it begins with keys, such as interfaces: and protect:, at the left margin",
      })
      return { kind: "map", entries: [], span: start }
    }
    this.checkVersion(root)
    const own = root.entries.filter(({ key }) => key.text !== "include" && key.text !== "version")
    let merged: MapNode = { ...root, entries: own.map(presetAsMap) }
    const include = root.entries.find(({ key }) => key.text === "include")
    for (const pattern of include ? this.patterns(include.value) : []) {
      for (const found of this.included(pattern, [...chain, path])) {
        merged = mergeMaps(merged, found, this.report)
      }
    }
    return merged
  }

  /** Each file may say which language it is written in; today there is one. */
  private checkVersion(root: MapNode): void {
    const version = root.entries.find(({ key }) => key.text === "version")?.value
    if (!version || (version.kind === "scalar" && version.text === "1")) return
    this.report.error(
      "unknown-version",
      version.span,
      `${describe(version)} is not a version of the policy language`,
      {
        hint: "write version: 1",
      },
    )
  }

  private patterns(node: Node): ScalarNode[] {
    const items = node.kind === "list" ? node.items : [node]
    return items.flatMap((item) => {
      if (item.kind === "scalar") return [item]
      this.report.error("wrong-kind", item.span, `include takes the path of a file, not ${describe(item)}`, {
        hint: "include: policy.d/*.yaml",
      })
      return []
    })
  }

  private *included(pattern: ScalarNode, chain: readonly string[]): Iterable<MapNode> {
    const path = pathFrom(pattern.span.file, pattern.text)
    const hasWildcard = /[*?[]/.test(pattern.text)
    const paths = hasWildcard ? [...this.environment.glob(path)].sort() : [path]
    if (paths.length === 0) {
      this.report.warning("include-nothing", pattern.span, `no file matches ${path}`)
    }
    for (const found of paths) {
      if (chain.includes(found)) {
        // A pattern that also matches the file it stands in is common and harmless.
        if (hasWildcard && chain.at(-1) === found) continue
        this.report.error("include-cycle", pattern.span, `${found} includes itself`, {
          hint: `by way of ${[...chain.slice(chain.indexOf(found)), found].join(" > ")}`,
        })
        continue
      }
      // Once is enough: a second time would write every scalar twice.
      if (this.files.includes(found)) continue
      if (this.files.length >= filesMaximum) {
        this.report.error("include-cycle", pattern.span, `more than ${filesMaximum} files are included`)
        return
      }
      const read = this.environment.read(found)
      if ("problem" in read) this.report.problem(unreadable(found, read.problem), pattern.span)
      else yield this.file({ path: found, text: read.text }, chain)
    }
  }
}

/** `protect: { wan: default }` is short for `protect: { wan: { preset: default } }`; as a map it merges. */
function presetAsMap(entry: MapEntry): MapEntry {
  if (entry.key.text !== "protect" || entry.value.kind !== "map") return entry
  const entries = entry.value.entries.map((zone): MapEntry => {
    if (zone.value.kind !== "scalar") return zone
    const key: ScalarNode = { ...zone.value, text: "preset" }
    return {
      key: zone.key,
      value: { kind: "map", entries: [{ key, value: zone.value }], span: zone.value.span },
    }
  })
  return { key: entry.key, value: { ...entry.value, entries } }
}

function mergeMaps(left: MapNode, right: MapNode, report: Report): MapNode {
  const entries = new Map(left.entries.map((entry) => [entry.key.text, entry]))
  for (const entry of right.entries) {
    const first = entries.get(entry.key.text)
    entries.set(entry.key.text, first ? mergeEntries(first, entry, report) : entry)
  }
  return { ...left, entries: [...entries.values()] }
}

function mergeEntries(first: MapEntry, second: MapEntry, report: Report): MapEntry {
  const { key, value: left } = first
  const { value: right } = second
  if (left.kind === "map" && right.kind === "map") return { key, value: mergeMaps(left, right, report) }
  if (left.kind === "list" && right.kind === "list") {
    return { key, value: { ...left, items: [...left.items, ...right.items] } }
  }
  const isList = left.kind === "list" || right.kind === "list"
  report.error("written-twice", second.key.span, `"${key.text}" is written in two files`, {
    related: { span: key.span, message: "first written here" },
    hint: isList ? "two lists append, so write both as lists" : "keep one of them",
  })
  return first
}
