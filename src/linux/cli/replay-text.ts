import type { RuleReference } from "../../core/engine/reference.js"
import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import type { Finding } from "../../core/event/finding.js"
import { findingText as describeFinding } from "../../core/event/print-finding.js"
import type { Io } from "./output.js"
import { replayHints } from "./replay-hints.js"
import { type Column, formatCount, formatSeconds, formatShare, formatTable, plural } from "./text.js"

/** What a replay knows besides its summary. */
export interface ReplayStory {
  /** What they went through. */
  readonly kind: "policy" | "rules"
  readonly captures: readonly string[]
  /** Seconds since 1970 of the first and the last packet. */
  readonly first: number
  readonly last: number
  /** Accepted packets by what conntrack says of them. */
  readonly accepted: ReadonlyMap<string, number>
  /** Packets that reached no hook, by why. */
  readonly leftAside: ReadonlyMap<string, number>
  /** Packets of which the capture does not say whether they arrived or left. */
  readonly withoutDirection: number
  /** `--local` was given. */
  readonly knowsLocal: boolean
  /** Somebody's rules ask which addresses are this host's. */
  readonly asksLocal?: boolean
  /** `--interface` was given. */
  readonly knowsNetworks: boolean
  /** What `--sysctl` said. */
  readonly settings: readonly (readonly [name: string, value: number])[]
  /** Devices that captures name and the policy or the rules do not. */
  readonly strangeDevices: readonly string[]
  /** Where their packets are taken to arrive. */
  readonly firstInterface: string
  /** The first ten thousand, and how many there are; absent where nothing was looked for. */
  readonly findings?: readonly Finding[]
  readonly findingCount?: number
  /** Packets of an IP version for which there are no rules. */
  readonly unasked?: { readonly version: 4 | 6; readonly packets: number } | undefined
}

/** Rows of each list that are shown. */
const SHOWN = 10
const SHOWN_IN_LINE = 5

/** Five lines, who would be blocked, and which policy lines dropped packets. */
export function replayText(summary: ReplaySummary, story: ReplayStory, io: Io): string {
  const sections = [
    lines(summary, story, io),
    findingText(story, io),
    blockedText(summary, io),
    ruleText(summary, story, io),
    replayHints(summary, story, io.lineWidth),
  ]
  return sections.filter((section) => section !== "").join("\n\n")
}

/** `monday.pcap, 5 min 00 s from 2026-03-02 08:00:00 UTC`. */
export function captureText({ packets }: ReplaySummary, { captures, first, last }: ReplayStory): string {
  const span = packets > 0 ? `, ${formatSeconds(last - first)} from ${formatInstant(first)}` : ""
  return captures.join(", ") + span
}

function lines(summary: ReplaySummary, story: ReplayStory, io: Io): string {
  const { packets, verdicts, protections, blockedCount, noticed } = summary
  const { good, bad, warn, bold } = io.style
  const count = (name: string, number: number, what: string) => [
    name,
    formatCount(number),
    formatShare(number, packets),
    what,
  ]
  const aside: [string, number][] = [...story.leftAside, ["fragments put together", verdicts.absorbed]]
  const by = story.kind === "policy" ? pairs(protections) : byChain(summary)
  const dropped = [...by, ["of them rejected", verdicts.reject] as const]
  const told = noticed.reduce((sum, each) => sum + each.packets, 0)
  const rows = [
    [bold("Packets"), formatCount(packets), "", captureText(summary, story)],
    count(good("Accepted"), verdicts.accept, listed(story.accepted)),
    count(bad("Dropped"), verdicts.drop + verdicts.reject, listed(dropped)),
    count(warn("Left aside"), verdicts.none + verdicts.absorbed, listed(aside)),
    ...(told > 0 ? [[warn("Noticed"), formatCount(told), "", listed(pairs(noticed))]] : []),
    ...(story.kind === "policy" || blockedCount > 0
      ? [
          [
            bold("Blocked"),
            formatCount(blockedCount),
            "",
            `${blockedCount === 1 ? "source" : "sources"} would be kept out`,
          ],
        ]
      : []),
  ]
  return formatTable([text, number, number, text], rows, io.lineWidth)
}

const text: Column = { title: "" }
const number: Column = { title: "", align: "right" }

/** The attacks, the gravest first: what is blocked before what is only told. */
function findingText({ findings = [], findingCount = 0 }: ReplayStory, io: Io): string {
  if (findings.length === 0) return ""
  const firsts = findings.filter(({ repetition }) => repetition === 1)
  const ordered = [...firsts].sort((left, right) => rank(left) - rank(right) || left.at - right.at)
  const rows = ordered
    .slice(0, SHOWN)
    .map((finding) => [
      `  ${io.style.bad(finding.detector)}`,
      clock(new Date(finding.at * 1000).toISOString()),
      finding.action,
      describeFinding(finding),
    ])
  const columns = ["  Found", "at (UTC)", "action", ""].map((title) => ({ title }))
  return withHeading(formatTable(columns, rows, io.lineWidth), Math.max(firsts.length, findingCount), io)
}

function rank({ action, confidence }: Finding): number {
  const ranks = { high: 0, medium: 1, low: 2 }
  return (action === "block" ? 0 : 3) + ranks[confidence]
}

function blockedText({ blocked, blockedCount }: ReplaySummary, io: Io): string {
  if (blocked.length === 0) return ""
  const rows = blocked
    .slice(0, SHOWN)
    .map(({ source, time, until, protection, rule }) => [
      `  ${io.style.bad(source)}`,
      clock(time),
      until === null ? "ever" : clock(until),
      protection ?? rule,
    ])
  const columns = ["  Would be blocked", "from (UTC)", "until", "for"].map((title) => ({ title }))
  return withHeading(formatTable(columns, rows, io.lineWidth), blockedCount, io)
}

/** Which lines of the policy, or whose rules, dropped packets. */
function ruleText({ rules }: ReplaySummary, { kind }: ReplayStory, io: Io): string {
  const byOrigin = new Map<string, { rule: RuleReference; packets: number }>()
  for (const { rule, verdict, packets } of rules) {
    if (verdict !== "drop" && verdict !== "reject") continue
    const key = `${placeOf(rule)} ${rule.origin?.protection}`
    const before = byOrigin.get(key)
    if (before) before.packets += packets
    else byOrigin.set(key, { rule, packets })
  }
  if (byOrigin.size === 0) return ""
  const dropping = [...byOrigin.values()].sort((left, right) => right.packets - left.packets)
  const rows = dropping
    .slice(0, SHOWN)
    .map(({ rule, packets }) => [
      `  ${kind === "policy" ? (rule.origin?.protection ?? "rule") : `${rule.table} ${rule.chain}`}`,
      formatCount(packets),
      placeOf(rule),
      oneLine(rule.origin?.text ?? ""),
    ])
  const columns: Column[] = [
    { title: "  Dropped by" },
    { title: "packets", align: "right" },
    { title: kind === "policy" ? "policy line" : "rule" },
    text,
  ]
  return withHeading(formatTable(columns, rows, io.lineWidth), dropping.length, io)
}

/** The line that it comes from; a chain's policy has none. */
function placeOf({ origin, chain, index }: RuleReference): string {
  if (origin) return `${origin.file}:${origin.line}`
  return index === null ? `policy of ${chain}` : `${chain} ${index}`
}

/** Dropped and rejected packets by the chain that decided: somebody's rules know no protections. */
function byChain({ rules }: ReplaySummary): (readonly [string, number])[] {
  const chains = new Map<string, number>()
  for (const { rule, verdict, packets } of rules)
    if (verdict === "drop" || verdict === "reject")
      chains.set(rule.chain, (chains.get(rule.chain) ?? 0) + packets)
  return [...chains]
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim()
}

function pairs(
  counts: readonly { readonly protection: string; readonly packets: number }[],
): (readonly [string, number])[] {
  return counts.map(({ protection, packets }) => [protection, packets])
}

/** `established 3,400, new 12`: the most first, without those that are none. */
function listed(counts: Iterable<readonly [name: string, count: number]>): string {
  const some = [...counts].filter(([, count]) => count > 0).sort((left, right) => right[1] - left[1])
  const shown = some.slice(0, SHOWN_IN_LINE).map(([name, count]) => `${name} ${formatCount(count)}`)
  if (some.length > SHOWN_IN_LINE) shown.push(plural(some.length - SHOWN_IN_LINE, "other"))
  return shown.join(", ")
}

function withHeading(table: string, all: number, io: Io): string {
  const [heading = "", ...rows] = table.split("\n")
  const more =
    all > SHOWN ? [`  ${io.style.faint(`and ${formatCount(all - SHOWN)} more: --json has them`)}`] : []
  return [io.style.bold(heading), ...rows, ...more].join("\n")
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
