import type { Imported, ImportItem, OwnerOutcome, Relation } from "../../core/dialect/imported.js"
import type { Io } from "./output.js"
import type { Paint, Style } from "./style.js"
import { displayWidth, hang, plural } from "./text.js"

/** Lines of items that are shown without `--all`. */
const SHOWN_LINES = 20

/** A text of somebody's is cut here. */
const LONGEST_TEXT = 160

interface Group {
  readonly relation: Relation
  readonly title: string
  readonly what: string
  readonly paint: keyof Style
}

/** The most important first. */
const groups: readonly Group[] = [
  { relation: "lost", title: "Lost", what: "the policy has nothing for it", paint: "bad" },
  { relation: "looser", title: "Looser", what: "the policy lets more past", paint: "warn" },
  { relation: "stricter", title: "Stricter", what: "the policy stops more", paint: "warn" },
  { relation: "same", title: "Same", what: "", paint: "good" },
  { relation: "not-ours", title: "Not ours", what: "left to who does it now", paint: "faint" },
]

/** What a tool that works less than it says does to a line is worth more than what works. */
const outcomes: readonly OwnerOutcome[] = ["breaks-open", "refused", "nothing", "partly", "works"]

const outcomeWords: Readonly<Record<OwnerOutcome, string>> = {
  works: "",
  partly: "works in part: ",
  nothing: "does nothing: ",
  "breaks-open": "opens the firewall: ",
  refused: "refuses it: ",
}

export interface ReportLook {
  /** Every item, in full. */
  readonly all: boolean
  /** The tool's short name: `CSF`. */
  readonly tool: string
  readonly style: Style
  readonly width: number
}

/** What was read, what its tool does with it and what becomes of it, for people. */
export function importText(imported: Imported, look: ReportLook): string {
  const { closed, handOver, items } = imported
  const { style, width } = look
  const opening = hang(
    `${style.bold("Closed before:")} ${closed.before} ${style.bold("Closed now:")} ${closed.after}`,
    width,
    "  ",
  )
  const steps = handOver.map((step, index) => hang(`  ${index + 1}. ${step}`, width, "     "))
  const sections = [
    `${opening}\n${countsText(items, look)}`,
    ...groupTexts(items, look),
    ...(steps.length > 0 ? [`${style.bold("Handing over")}\n${steps.join("\n")}`] : []),
  ]
  return sections.join("\n\n")
}

function countsText(items: readonly ImportItem[], { style, width }: ReportLook): string {
  const counts = groups
    .map(({ relation, title, paint }) => {
      const count = items.filter((item) => item.relation === relation).length
      return count === 0 ? "" : (style[paint] as Paint)(`${count} ${title.toLowerCase()}`)
    })
    .filter((text) => text !== "")
  const lost = items.filter(isLostProtection).length
  const verdict =
    lost === 0
      ? style.good("everything that protects is carried over")
      : style.bad(`${plural(lost, "protection")} not carried over`)
  return hang(`${plural(items.length, "item")}: ${[...counts, verdict].join(", ")}.`, width, "  ")
}

export function isLostProtection(item: ImportItem): boolean {
  return item.protects && item.relation === "lost"
}

function groupTexts(items: readonly ImportItem[], look: ReportLook): string[] {
  let left = look.all ? Number.POSITIVE_INFINITY : SHOWN_LINES
  const texts: string[] = []
  for (const group of groups) {
    const members = items.filter(({ relation }) => relation === group.relation).sort(byImportance)
    if (members.length === 0) continue
    const { text, used } = groupText(group, members, left, look)
    left -= used
    texts.push(text)
  }
  return texts
}

/** What protects, then what its tool fails at, then as it was written. */
function byImportance(a: ImportItem, b: ImportItem): number {
  return (
    Number(b.protects) - Number(a.protects) ||
    outcomes.indexOf(a.owner) - outcomes.indexOf(b.owner) ||
    b.diagnostics.length - a.diagnostics.length
  )
}

function groupText(
  { title, what, paint, relation }: Group,
  items: readonly ImportItem[],
  left: number,
  look: ReportLook,
): { readonly text: string; readonly used: number } {
  const { style, width, all } = look
  const head = `${(style[paint] as Paint)(title)} (${items.length})${what === "" ? "" : `: ${what}`}`
  // What is not ours is of interest to who asks for all of it.
  if (relation === "not-ours" && !all)
    return { text: hang(`${head}  ${style.faint(placesText(items))}`, width, "  "), used: 1 }
  const lines: string[] = []
  let shown = 0
  for (const item of items) {
    const full = itemLines(item, look)
    if (lines.length + full.length > left) break
    lines.push(...full)
    shown++
  }
  const rest = items.slice(shown)
  // A protection that is gone is named, however many there are.
  const named = rest.filter(isLostProtection)
  for (const item of named.slice(0, NAMED)) lines.push(hang(`  ${placeText(item, look)}`, width, "      "))
  const others = rest.length - Math.min(named.length, NAMED)
  if (others > 0)
    lines.push(
      hang(
        `  ${style.faint(`${shown === 0 && named.length === 0 ? "" : "and "}${others} more, --all shows them: ${placesText(rest.slice(-others))}`)}`,
        width,
        "    ",
      ),
    )
  return { text: [head, ...lines].join("\n"), used: lines.length }
}

const NAMED = 20

function placeText({ span, text }: ImportItem, { style }: ReportLook): string {
  return `${style.bold(`${span.file}:${span.line}`)}  ${cut(text)}`
}

/** Written → what its tool does → what the policy does, and why they differ. */
function itemLines(item: ImportItem, look: ReportLook): string[] {
  const { style, width, tool } = look
  const indent = "      "
  const owner = `${tool} ${outcomeWords[item.owner]}`
  const outcome =
    item.owner === "works" ? `${tool}: ` : item.owner === "partly" ? style.warn(owner) : style.bad(owner)
  const lines = [
    hang(`  ${placeText(item, look)}`, width, indent),
    hang(`    → ${outcome}${item.ownerDoes}`, width, indent),
  ]
  const why = item.why ?? ""
  if (item.becomes !== null || why !== "") {
    const becomes = item.becomes === null ? "nothing" : style.name(item.becomes)
    lines.push(hang(`    → ${becomes}${why === "" ? "" : `  ${why}`}`, width, indent))
  }
  const told = new Set([item.ownerDoes, why])
  for (const { id, message, hint } of item.diagnostics) {
    if (told.has(message)) continue
    lines.push(hang(`    ! ${message} ${style.faint(`[${id}]`)}`, width, indent))
    if (hint) lines.push(hang(`      ${style.faint("hint:")} ${hint}`, width, `${indent}      `))
  }
  return lines.flatMap((line) => line.split("\n"))
}

/** `csf.conf:3, 7, 9-12`: at most so many places that a line holds them. */
function placesText(items: readonly ImportItem[]): string {
  const byFile = new Map<string, number[]>()
  for (const { span } of items) {
    const lines = byFile.get(span.file) ?? []
    if (!lines.includes(span.line)) lines.push(span.line)
    byFile.set(span.file, lines)
  }
  const texts = [...byFile].map(([file, lines]) => `${file}:${rangesText(lines.sort((a, b) => a - b))}`)
  const text = texts.join("; ")
  return displayWidth(text) <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`
}

function rangesText(lines: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const line of lines) {
    const last = ranges.at(-1)
    if (last && last[1] === line - 1) last[1] = line
    else ranges.push([line, line])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ")
}

function cut(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: somebody's text may hold escape sequences, which are not for this terminal
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim()
  return line.length <= LONGEST_TEXT ? line : `${line.slice(0, LONGEST_TEXT - 1)}…`
}

/** One object for each item, in the order of the files. */
export function importJson({ items }: Imported, io: Io): void {
  for (const { span, text, owner, ownerDoes, becomes, relation, why, protects, diagnostics } of items)
    io.json({
      ...{ file: span.file, line: span.line, column: span.column, text, owner, owner_does: ownerDoes },
      ...{ becomes, relation, ...(why !== undefined && { why }), protects, diagnostics },
    })
}
