import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import type { Io } from "./output.js"
import { formatCount, formatSeconds, formatShare, formatTable, plural } from "./text.js"

/** What a replay knows besides its summary. */
export interface ReplayStory {
  readonly captures: readonly string[]
  /** Seconds since 1970 of the first and the last packet. */
  readonly first: number
  readonly last: number
  /** Packets that reached no hook, by why. */
  readonly leftAside: ReadonlyMap<string, number>
  /** Packets of which the capture does not say whether they arrived or left. */
  readonly withoutDirection: number
  /** `--local` was given. */
  readonly knowsLocal: boolean
}

/** Rows of each list that are shown. */
const SHOWN = 10
/** From this share on, an address is probably the host that was captured on. */
const PROBABLY_LOCAL = 0.5

/** Five lines, who would be blocked, and which policy lines dropped packets. */
export function replayText(summary: ReplaySummary, story: ReplayStory, io: Io): string {
  const sections = [
    fiveLines(summary, story, io),
    blockedText(summary, io),
    ruleText(summary, io),
    hints(summary, story),
  ]
  return sections.filter((section) => section !== "").join("\n\n")
}

function fiveLines(
  { packets, verdicts, ctstates, protections, blockedCount }: ReplaySummary,
  story: ReplayStory,
  io: Io,
): string {
  const { good, bad, warn, bold } = io.style
  const dropped = verdicts.drop + verdicts.reject
  const aside = verdicts.none + verdicts.absorbed
  const span =
    packets > 0 ? ` in ${formatSeconds(story.last - story.first)}, from ${formatInstant(story.first)}` : ""
  const states = Object.entries(ctstates).map(([name, count]) => [name, count] as const)
  const asideBy = [...story.leftAside, ["fragments put together", verdicts.absorbed] as const]
  const rejected: readonly (readonly [string, number])[] = [["of them rejected", verdicts.reject]]
  const rows = [
    [bold("Packets"), formatCount(packets), "", `${story.captures.join(", ")}${span}`],
    [good("Accepted"), formatCount(verdicts.accept), formatShare(verdicts.accept, packets), listed(states)],
    [
      bad("Dropped"),
      formatCount(dropped),
      formatShare(dropped, packets),
      listed([
        ...protections.map(({ protection, packets: count }) => [protection, count] as const),
        ...rejected,
      ]),
    ],
    [warn("Left aside"), formatCount(aside), formatShare(aside, packets), listed(asideBy)],
    [
      bold("Blocked"),
      formatCount(blockedCount),
      "",
      `${blockedCount === 1 ? "source" : "sources"} would be kept out`,
    ],
  ]
  const columns = [
    { title: "" },
    { title: "", align: "right" },
    { title: "", align: "right" },
    { title: "" },
  ] as const
  return formatTable(columns, rows)
}

function blockedText({ blocked, blockedCount }: ReplaySummary, io: Io): string {
  if (blocked.length === 0) return ""
  const { bold, faint, bad } = io.style
  const rows = blocked
    .slice(0, SHOWN)
    .map(({ source, time, until, protection, rule }) => [
      `  ${bad(source)}`,
      clock(time),
      until === null ? "ever" : clock(until),
      protection ?? rule,
    ])
  const table = formatTable(
    [{ title: "  Would be blocked" }, { title: "from" }, { title: "until" }, { title: "for" }],
    rows,
  )
  return bold(firstLine(table)) + restLines(table) + more(blockedCount, faint)
}

function ruleText({ rules }: ReplaySummary, io: Io): string {
  const dropping = rules.filter(({ verdict }) => verdict === "drop" || verdict === "reject")
  if (dropping.length === 0) return ""
  const { bold, faint } = io.style
  const rows = dropping
    .slice(0, SHOWN)
    .map(({ rule: { chain, index, origin }, packets }) => [
      `  ${origin ? `${origin.file}:${origin.line}` : `policy of chain ${chain}`}`,
      formatCount(packets),
      origin?.text ?? (index === null ? "" : `rule ${index} of chain ${chain}`),
    ])
  const table = formatTable(
    [{ title: "  Dropped by" }, { title: "packets", align: "right" }, { title: "" }],
    rows,
  )
  return bold(firstLine(table)) + restLines(table) + more(dropping.length, faint)
}

/** What would make the replay truer. */
function hints({ packets, mostFrequent, badChecksums }: ReplaySummary, story: ReplayStory): string {
  const lines: string[] = []
  if (
    !story.knowsLocal &&
    mostFrequent &&
    mostFrequent.share >= PROBABLY_LOCAL &&
    story.withoutDirection > 0
  ) {
    const { address, share } = mostFrequent
    lines.push(
      `${formatShare(share * packets, packets)} of packets are from or to ${address}: add --local ${address}`,
    )
  }
  if (badChecksums > 0) {
    lines.push(
      `${plural(badChecksums, "packet has a checksum that is wrong", "packets have checksums that are wrong")}, as in captures ` +
        "of a sending host, whose card fills them in: add --sysctl nf_conntrack_checksum=0",
    )
  }
  return lines.join("\n")
}

/** `new 12, established 3,400`, without those that are none. */
function listed(counts: Iterable<readonly [name: string, count: number]>): string {
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${formatCount(count)}`)
    .join(", ")
}

function more(all: number, faint: (text: string) => string): string {
  return all > SHOWN ? `\n  ${faint(`and ${formatCount(all - SHOWN)} more: --json has them`)}` : ""
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? ""
}

function restLines(text: string): string {
  return text.slice(firstLine(text).length)
}

/** `2026-01-02 03:04:05 UTC`. */
function formatInstant(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime())
    ? "an unknown time"
    : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`
}

/** `2026-01-02T03:04:05.123456Z` to the second. */
function clock(time: string): string {
  return time.slice(0, 19).replace("T", " ")
}
