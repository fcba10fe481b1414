import type { OriginReference } from "../../core/engine/reference.js"
import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import type { Io } from "./output.js"
import { type Column, formatCount, formatSeconds, formatShare, formatTable, plural } from "./text.js"

/** What a replay knows besides its summary. */
export interface ReplayStory {
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
  /** Devices that captures name and the policy does not. */
  readonly strangeDevices: readonly string[]
  /** Where their packets are taken to arrive. */
  readonly firstInterface: string
}

/** Rows of each list that are shown. */
const SHOWN = 10
const SHOWN_IN_LINE = 5
/** From this share on, an address is probably the host that was captured on. */
const PROBABLY_LOCAL = 0.5
/** From this share on, wrong checksums are probably the card's work and not an attacker's. */
const PROBABLY_OFFLOADED = 0.02

/** Five lines, who would be blocked, and which policy lines dropped packets. */
export function replayText(summary: ReplaySummary, story: ReplayStory, io: Io): string {
  const sections = [
    lines(summary, story, io),
    blockedText(summary, io),
    ruleText(summary, io),
    hints(summary, story),
  ]
  return sections.filter((section) => section !== "").join("\n\n")
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
  const span =
    packets > 0 ? `, ${formatSeconds(story.last - story.first)} from ${formatInstant(story.first)}` : ""
  const aside: [string, number][] = [...story.leftAside, ["fragments put together", verdicts.absorbed]]
  const dropped = [...pairs(protections), ["of them rejected", verdicts.reject] as const]
  const told = noticed.reduce((sum, each) => sum + each.packets, 0)
  const rows = [
    [bold("Packets"), formatCount(packets), "", story.captures.join(", ") + span],
    count(good("Accepted"), verdicts.accept, listed(story.accepted)),
    count(bad("Dropped"), verdicts.drop + verdicts.reject, listed(dropped)),
    count(warn("Left aside"), verdicts.none + verdicts.absorbed, listed(aside)),
    ...(told > 0 ? [[warn("Noticed"), formatCount(told), "", listed(pairs(noticed))]] : []),
    [
      bold("Blocked"),
      formatCount(blockedCount),
      "",
      `${blockedCount === 1 ? "source" : "sources"} would be kept out`,
    ],
  ]
  return formatTable([text, number, number, text], rows)
}

const text: Column = { title: "" }
const number: Column = { title: "", align: "right" }

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
  return withHeading(formatTable(columns, rows), blockedCount, io)
}

function ruleText({ rules }: ReplaySummary, io: Io): string {
  const byOrigin = new Map<string, { origin: OriginReference | null; place: string; packets: number }>()
  for (const { rule, verdict, packets } of rules) {
    if (verdict !== "drop" && verdict !== "reject") continue
    const { origin, chain, index } = rule
    const place = origin
      ? `${origin.file}:${origin.line}`
      : index === null
        ? `policy of ${chain}`
        : `${chain} ${index}`
    const key = `${place} ${origin?.protection}`
    const before = byOrigin.get(key)
    if (before) before.packets += packets
    else byOrigin.set(key, { origin, place, packets })
  }
  if (byOrigin.size === 0) return ""
  const dropping = [...byOrigin.values()].sort((left, right) => right.packets - left.packets)
  const rows = dropping
    .slice(0, SHOWN)
    .map(({ origin, place, packets }) => [
      `  ${origin?.protection ?? "rule"}`,
      formatCount(packets),
      io.style.name(place),
      origin?.text ?? "",
    ])
  const columns: Column[] = [
    { title: "  Dropped by" },
    { title: "packets", align: "right" },
    { title: "policy line" },
    text,
  ]
  return withHeading(formatTable(columns, rows), dropping.length, io)
}

/** What would make the replay truer. */
function hints({ packets, mostFrequent, badChecksums }: ReplaySummary, story: ReplayStory): string {
  const told: string[] = []
  const { strangeDevices, firstInterface } = story
  if (strangeDevices.length > 0) {
    const names = strangeDevices.slice(0, SHOWN_IN_LINE).join(", ")
    const more = strangeDevices.length > SHOWN_IN_LINE ? " and others" : ""
    told.push(
      `captured on ${names}${more}, in no zone of the policy: taken for ${firstInterface}; --interface NAME=CIDR,… says otherwise`,
    )
  }
  if (
    !story.knowsLocal &&
    mostFrequent &&
    mostFrequent.share >= PROBABLY_LOCAL &&
    story.withoutDirection > 0
  ) {
    const { address, share } = mostFrequent
    const part = formatShare(Math.round(share * packets), packets)
    told.push(`${part} of packets are from or to ${address}: add --local ${address}`)
  }
  if (badChecksums > packets * PROBABLY_OFFLOADED) {
    told.push(
      `${plural(badChecksums, "packet has", "packets have")} a wrong checksum, as in captures of a sending host, whose card fills it in: ` +
        "add --sysctl nf_conntrack_checksum=0",
    )
  }
  return told.join("\n")
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
