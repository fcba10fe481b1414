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
  const present = groups
    .map((group) => {
      const members = items.filter(({ relation }) => relation === group.relation).sort(byImportance)
      const kinds = look.all ? members.map((item) => [item]) : alike(members)
      return { group, kinds, count: members.length }
    })
    .filter(({ count }) => count > 0)
  // The most important of each group is told, however much there is in those before.
  const told = present.map(({ group, kinds }) =>
    kinds.filter((kind, index) => look.all || (index === 0 && isTold(group, kind[0]!))),
  )
  let left = SHOWN_LINES - told.flat().reduce((sum, kind) => sum + kindLines(kind, look).length, 0)
  if (!look.all)
    for (const [index, { group, kinds }] of present.entries())
      for (const kind of kinds.slice(told[index]!.length)) {
        const size = kindLines(kind, look).length
        if (size > left || group.relation === "not-ours") break
        told[index]!.push(kind)
        left -= size
      }
  return present.map(({ group, kinds, count }, index) =>
    groupText(
      group,
      count,
      told[index]!,
      kinds.filter((kind) => !told[index]!.includes(kind)),
      look,
    ),
  )
}

/** What is not ours is of interest to who asks for all of it; nor is it news, unless there is room, that what works, or is switched off, stays as it is. */
function isTold({ relation }: Group, { diagnostics, owner }: ImportItem): boolean {
  const isNews = diagnostics.length > 0 || (owner !== "works" && owner !== "nothing")
  return relation !== "not-ours" && (relation !== "same" || isNews)
}

/** What protects and is done otherwise, then what is worth a warning, then what its tool fails at, then as it was written. */
function byImportance(a: ImportItem, b: ImportItem): number {
  const weight = (item: ImportItem) =>
    Number(item.protects && item.relation !== "same") * 2 + Number(item.diagnostics.length > 0)
  return weight(b) - weight(a) || outcomes.indexOf(a.owner) - outcomes.indexOf(b.owner)
}

/** Items of which the same is to be said, but for numbers and names: told once. */
function alike(items: readonly ImportItem[]): readonly (readonly ImportItem[])[] {
  const kinds = new Map<string, ImportItem[]>()
  for (const item of items) {
    const said = (item.why ?? item.ownerDoes).replace(/"[^"]*"|[\d.:/]+/g, "0")
    const key = [item.owner, ...item.diagnostics.map(({ id }) => id), said].join("\n")
    const own = kinds.get(key)
    if (own) own.push(item)
    else kinds.set(key, [item])
  }
  return [...kinds.values()]
}

function groupText(
  { title, what, paint, relation }: Group,
  count: number,
  told: readonly (readonly ImportItem[])[],
  rest: readonly (readonly ImportItem[])[],
  look: ReportLook,
): string {
  const { style, width } = look
  const head = `${(style[paint] as Paint)(title)} (${count})${what === "" ? "" : `: ${what}`}`
  // A protection that is gone is named, however many there are.
  const isNamed = (kind: readonly ImportItem[]) => isLostProtection(kind[0]!)
  const named = rest.filter(isNamed).slice(0, NAMED)
  const others = rest.filter((kind) => !named.includes(kind)).flat()
  const lines = [
    ...told.flatMap((kind) => kindLines(kind, look)),
    ...named.flatMap(([first, ...same]) => [
      hang(`  ${placeText(first!, look)}`, width, "      "),
      ...othersLines(same, look),
    ]),
  ]
  if (others.length === 0) return [head, ...lines].join("\n")
  const places = placesText(others)
  if (relation === "not-ours") return hang(`${head}  ${style.faint(places)}`, width, "  ")
  const isAlone = lines.length === 0
  const more = `${isAlone ? "" : "and "}${others.length} more, --all shows them: ${places}`
  return [head, ...lines, hang(`  ${style.faint(more)}`, width, "    ")].join("\n")
}

/** One in full, and where the same holds. */
function kindLines([first, ...others]: readonly ImportItem[], look: ReportLook): string[] {
  return [...itemLines(first!, look), ...othersLines(others, look)]
}

const NAMED = 20

/** What the same holds for: a protection that is gone by its text, all else by its place. */
function othersLines(others: readonly ImportItem[], { style, width }: ReportLook): string[] {
  if (others.length === 0) return []
  const isNamed = others.every(isLostProtection) && others.length <= NAMED
  const texts = isNamed
    ? others.map(({ span, text }) => `${span.line} ${cut(text)}`).join("; ")
    : placesText(others)
  const line = `    ${style.faint(`and so ${others.length} more:`)} ${texts}`
  return hang(line, width, "      ").split("\n")
}

function placeText({ span, text }: ImportItem, { style }: ReportLook): string {
  return `${style.bold(`${span.file}:${span.line}`)}  ${cut(text)}`
}

/** Written → what its tool does → what the policy does, and why they differ. */
function itemLines(item: ImportItem, look: ReportLook): string[] {
  const { style, width, tool, all } = look
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
  for (const { id, message, hint } of item.diagnostics) {
    // In short the lines above say it; what to do about it they do not.
    if (all || (item.owner === "works" && why === ""))
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
