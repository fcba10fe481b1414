import { topLevelKeys } from "../policy/load.js"
import { protectionKinds } from "../policy/protections/index.js"
import { commonKeys } from "../policy/setting.js"
import type { Draft, DraftMap, ImportItem } from "./imported.js"

/** Lines of what is written on one line end here at the latest. */
const LINE_WIDTH = 100

/** Lines of one entry's sources that are named. */
const SOURCES_SHOWN = 3

/**
 * A policy as text, as a person would write it: keys in the order of the manual, short maps and lists on one line, and behind each entry the line of
 * the old configuration that it comes from.
 */
export function printDraft(policy: DraftMap, items: readonly ImportItem[], title: string): string {
  const sources = sourcesOf(items)
  const blocks = ordered(policy, topLevelKeys).map(([key, value]) =>
    entryLines([], key, value, sources).join("\n"),
  )
  const heading = [
    `# ${oneLine(title)}`,
    "# Try it before it counts:",
    "#   floodwall check                   every mistake at once",
    "#   floodwall replay traffic.pcap     what it would do to a capture of your traffic",
    "#   floodwall apply                   to the kernel; undone by itself unless you confirm",
  ]
  return `${heading.join("\n")}\n${blocks.join("\n\n")}\n`
}

/** By paths, `protect.wan.invalid`: where it comes from. */
type Sources = ReadonlyMap<string, readonly Place[]>

type Place = readonly [file: string, line: number]

function sourcesOf(items: readonly ImportItem[]): Sources {
  const sources = new Map<string, Place[]>()
  for (const { becomes, span } of items) {
    const place: Place = [oneLine(span.file), span.line]
    for (const part of becomes?.split("; ") ?? []) {
      const path = part.replace(/: .*$/s, "")
      const places = sources.get(path)
      if (places === undefined) sources.set(path, [place])
      else places.push(place)
    }
  }
  return sources
}

/** What stands at a path or, where it is written on one line, below it. */
function comment(path: string, isWhole: boolean, sources: Sources): string {
  const places = [...sources]
    .filter(([other]) => other === path || (isWhole && other.startsWith(`${path}.`)))
    .flatMap(([, found]) => found)
  const distinct = [...new Map(places.map((place) => [place.join(":"), place])).values()]
  if (distinct.length === 0) return ""
  // The file is named once for all its lines.
  const texts = distinct
    .slice(0, SOURCES_SHOWN)
    .map(([file, line], index) => (file === distinct[index - 1]?.[0] ? `${line}` : `${file}:${line}`))
  const more = distinct.length > SOURCES_SHOWN ? ` and ${distinct.length - SOURCES_SHOWN} more` : ""
  return `# ${texts.join(", ")}${more}`
}

function entryLines(above: readonly string[], key: string, value: Draft, sources: Sources): string[] {
  const path = [...above, key]
  const indent = "  ".repeat(above.length)
  const head = `${indent}${scalarText(key)}:`
  const name = path.join(".")
  const line = `${head} ${flowText(value, path)}`
  if (!isAlwaysBlock(value, path) && (isScalar(value) || line.length <= LINE_WIDTH)) {
    return withComment(line, comment(name, true, sources), indent)
  }
  const lines = withComment(head, comment(name, false, sources), indent)
  if (isList(value)) return [...lines, ...value.map((item) => `${indent}  - ${flowText(item, path)}`)]
  const entries = ordered(value as DraftMap, keysAt(path))
  return [...lines, ...entries.flatMap(([inner, each]) => entryLines(path, inner, each, sources))]
}

function withComment(line: string, text: string, indent: string): string[] {
  if (text === "") return [line]
  const together = `${line}  ${text}`
  return together.length <= LINE_WIDTH ? [together] : [`${indent}${text}`, line]
}

/** Zones always stand on lines of their own: there people add to them. */
function isAlwaysBlock(value: Draft, path: readonly string[]): boolean {
  if (isScalar(value) || isEmpty(value)) return false
  return path[0] === "protect" && path.length <= 2
}

function flowText(value: Draft, path: readonly string[]): string {
  if (isScalar(value)) return scalarText(value)
  if (isList(value)) return `[${value.map((item) => flowText(item, path)).join(", ")}]`
  const entries = ordered(value, keysAt(path))
  if (entries.length === 0) return "{}"
  const texts = entries.map(([key, each]) => `${scalarText(key)}: ${flowText(each, [...path, key])}`)
  return `{ ${texts.join(", ")} }`
}

/** The order of keys below a path; those that are not named stand behind, as they come. */
function keysAt(path: readonly string[]): readonly string[] {
  if (path[0] === "protect" && (path.length === 2 || path.at(-1) === "outgoing")) return zoneOrder
  return path.length >= 2 ? commonKeys : []
}

const zoneOrder: readonly string[] = [
  "preset",
  "action",
  ...protectionKinds.map(({ name }) => name),
  "outgoing",
]

function ordered(map: DraftMap, keys: readonly string[]): [string, Draft][] {
  const rank = (key: string) => (keys.includes(key) ? keys.indexOf(key) : keys.length)
  return Object.entries(map).sort(([left], [right]) => rank(left) - rank(right))
}

/** As it is where YAML reads it so; in quotes where it has a trap: colons, stars, commas, signs, words for nothing. */
function scalarText(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value)
  const isPlain =
    /^[A-Za-z0-9_/.](?:[A-Za-z0-9_/.+@%=~ -]*[A-Za-z0-9_/.+@%=~-])?$/.test(value) && !words.test(value)
  return isPlain ? value : JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffd]/g, escaped)
}

/** Words that some YAML takes for something else than text; `off` is the policy's own. */
const words = /^(?:null|true|false|yes|no|on|y|n|\.\.\.|[-+]?\.(?:inf|nan))$/i

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names of files may hold anything
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffd]+/g, " ")
}

function isScalar(value: Draft): value is string | number | boolean {
  return typeof value !== "object"
}

function isList(value: Draft): value is readonly Draft[] {
  return Array.isArray(value)
}

function isEmpty(value: Draft): boolean {
  return typeof value === "object" && Object.keys(value).length === 0
}
