import type { ChangedTraffic, ComparisonSummary, Decided } from "../../core/engine/comparison.js"
import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import type { ChangedPacket } from "./compared-replay.js"
import type { FoundComparison } from "./found-comparison.js"
import type { Io } from "./output.js"
import { replayHints } from "./replay-hints.js"
import { captureText, type ReplayStory } from "./replay-text.js"
import type { Paint, Style } from "./style.js"
import { type Column, formatCount, formatShare, formatTable, hang, plural } from "./text.js"

/** Rows of each list that are shown. */
const SHOWN = 10

/** What changes between two sets of rules: how much, for whom, and the first packets that it happens to. */
export function comparisonText(
  difference: ComparisonSummary,
  changed: readonly ChangedPacket[],
  [before, after]: readonly [before: string, after: string],
  summary: ReplaySummary,
  story: ReplayStory,
  io: Io,
  found?: FoundComparison,
): string {
  const { style, lineWidth: width } = io
  const { newlyCutOff, newlyLetIn, answeredOtherwise } = difference
  const sections = [
    [
      hang(`${style.bold("From")}  ${before}`, width, "      "),
      hang(`${style.bold("To")}    ${after}`, width, "      "),
    ].join("\n"),
    countsText(difference, summary, story, io),
    trafficText("Newly cut off", newlyCutOff, style.bad, io),
    trafficText("Newly let in", newlyLetIn, style.warn, io),
    trafficText("Answered otherwise", answeredOtherwise, style.warn, io),
    packetsText(changed, difference, io),
    ...(found === undefined ? [] : foundTexts(found, io)),
    replayHints(summary, story, width),
  ]
  return sections.filter((section) => section !== "").join("\n\n")
}

function countsText(
  { packets, same, cutOff, letIn, otherwise, newlyCutOff, newlyLetIn }: ComparisonSummary,
  summary: ReplaySummary,
  story: ReplayStory,
  { style, lineWidth }: Io,
): string {
  const row = (name: string, count: number, what: string) => [
    name,
    formatCount(count),
    formatShare(count, packets),
    what,
  ]
  const rows = [
    [style.bold("Packets"), formatCount(packets), "", captureText(summary, story)],
    row(style.good("The same"), same, ""),
    row(style.bad("Cut off"), cutOff, whoText(newlyCutOff)),
    row(style.warn("Let in"), letIn, whoText(newlyLetIn)),
    ...(otherwise > 0
      ? [row(style.warn("Otherwise"), otherwise, "dropped and rejected packets change places")]
      : []),
  ]
  return formatTable([text, number, number, text], rows, lineWidth)
}

/** `from 3 sources, 12 packets of established connections`. */
function whoText(traffic: readonly ChangedTraffic[]): string {
  if (traffic.length === 0) return ""
  const sources = new Set(traffic.map(({ source }) => source)).size
  const established = traffic.reduce((sum, each) => sum + each.established, 0)
  const alive = established > 0 ? `, ${formatCount(established)} of established connections` : ""
  return `from ${plural(sources, "source")}${alive}`
}

const text: Column = { title: "" }
const number: Column = { title: "", align: "right" }

function trafficText(title: string, traffic: readonly ChangedTraffic[], paint: Paint, io: Io): string {
  if (traffic.length === 0) return ""
  const { style, lineWidth } = io
  const rows = traffic.slice(0, SHOWN).map(({ source, service, packets, before, after }) => [
    `  ${paint(source)}`,
    service,
    formatCount(packets),
    // Who stops it, or has stopped it.
    `${before.verdict} → ${after.verdict}  ${decidedText(isStopped(after) ? after : before)}`.trimEnd(),
  ])
  const columns: Column[] = [
    { title: `  ${title}` },
    { title: "service" },
    { title: "packets", align: "right" },
    { title: "verdict, and who stops it" },
  ]
  const [heading = "", ...lines] = formatTable(columns, rows, lineWidth).split("\n")
  const more =
    traffic.length > SHOWN
      ? [`  ${style.faint(`and ${formatCount(traffic.length - SHOWN)} more: --json has them`)}`]
      : []
  return [style.bold(heading), ...lines, ...more].join("\n")
}

/** Attacks that are found by only one of the two, and whom only one would keep out. */
function foundTexts(found: FoundComparison, { style, lineWidth }: Io): string[] {
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string => {
    if (rows.length === 0) return ""
    const columns = titles.map((title) => ({ title }))
    const [heading = "", ...lines] = formatTable(columns, rows.slice(0, SHOWN), lineWidth).split("\n")
    const rest = rows.length - SHOWN
    const more = rest > 0 ? [`  ${style.faint(`and ${formatCount(rest)} more: --json has them`)}`] : []
    return [style.bold(heading), ...lines, ...more].join("\n")
  }
  const attacks = (title: string, list: FoundComparison["newlyFound"]) =>
    table(
      [`  ${title}`, "action", ""],
      list.map(({ detector, action, text: what }) => [`  ${detector}`, action, what]),
    )
  const blocks = (title: string, list: FoundComparison["newlyBlocked"]) =>
    table(
      [`  ${title}`, "for"],
      list.map(({ source, protection, rule }) => [`  ${source}`, protection ?? rule]),
    )
  return [
    attacks("Newly found", found.newlyFound),
    attacks("No longer found", found.noLongerFound),
    blocks("Newly blocked", found.newlyBlocked),
    blocks("No longer blocked", found.noLongerBlocked),
  ]
}

function packetsText(
  changed: readonly ChangedPacket[],
  { packets, same }: ComparisonSummary,
  { style, lineWidth }: Io,
): string {
  if (changed.length === 0) return ""
  const all = packets - same
  const count =
    changed.length < all ? `the first ${changed.length} of ${formatCount(all)}` : `${changed.length}`
  const lines = changed.flatMap(({ n, time, source, destination, service, before, after }) => [
    hang(
      `  ${style.bold(String(n))}  ${time.slice(11, -1)}  ${source} > ${destination}  ${service}`,
      lineWidth,
      "      ",
    ),
    hang(`      ${sideText(before, style)} → ${sideText(after, style)}`, lineWidth, "        "),
  ])
  return [style.bold(`  Packets that change (${count})`), ...lines].join("\n")
}

function sideText(decided: Decided, style: Style): string {
  const paint = decided.verdict === "accept" ? style.good : style.bad
  const by = placeText(decided)
  return `${paint(decided.verdict)}${by === "" ? "" : ` ${by}`}`
}

function isStopped({ verdict }: Decided): boolean {
  return verdict === "drop" || verdict === "reject"
}

/** `rules.v4:12 -A INPUT -j DROP`; the policy of a chain by its name. */
function decidedText({ rule }: Decided): string {
  if (rule === null) return ""
  const { origin, chain, index } = rule
  if (origin === null) return index === null ? `policy of ${chain}` : `rule ${index} of ${chain}`
  const named = origin.protection === undefined || origin.text.startsWith(origin.protection)
  return `${origin.file}:${origin.line} ${named ? "" : `${origin.protection}: `}${origin.text.replaceAll(/\s+/g, " ").trim()}`
}

/** Shorter: a policy's line by its protection, which the lists above tell in full. */
function placeText(decided: Decided): string {
  const origin = decided.rule?.origin
  return origin?.protection === undefined
    ? decidedText(decided)
    : `${origin.file}:${origin.line} ${origin.protection}`
}
