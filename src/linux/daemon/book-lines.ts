import { printAddress } from "../../core/base/address.js"
import { type Block, sourceText } from "../../core/block/block.js"
import type { Decision } from "../../core/block/decide.js"
import type { Change } from "../../core/block/ledger.js"
import type { Finding } from "../../core/event/finding.js"
import type { BlockedLine, EventLine } from "./protocol.js"

/** Seconds since 1970 as ISO 8601; null: for ever. */
export function time(seconds: number): string | null {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null
}

export function blockedLine(
  block: Block,
  counted: { readonly packets: number; readonly bytes: number } | undefined,
): BlockedLine {
  return {
    source: sourceText(block.source),
    scope: block.scope,
    // A prefix of many is the guard's own conclusion.
    by: block.by === "neighbours" ? "detector" : block.by,
    kind: block.kind,
    why: block.why,
    since: time(block.since) ?? "",
    until: time(block.until),
    times: block.times,
    droppedPackets: block.droppedPackets + (counted?.packets ?? 0),
    droppedBytes: block.droppedBytes + (counted?.bytes ?? 0),
  }
}

/** A block that began, or grew longer, or ended. */
export function changeEvent(change: Extract<Change, { block: Block }>, now: number): EventLine {
  const { block } = change
  const source = sourceText(block.source)
  if (change.change === "end")
    return { time: time(now) ?? "", kind: "unblock", source, text: endings[change.how] }
  const until = time(block.until)
  const what = block.scope === "everything" ? "blocked" : "kept from new connections"
  return {
    time: time(now) ?? "",
    kind: "block",
    source,
    text: `${what} ${until === null ? "for ever" : `until ${until}`}: ${block.why}`,
    action: "block",
    evidence: { by: block.by, kind: block.kind, times: block.times, scope: block.scope, until },
  }
}

const endings = {
  over: "its time is over",
  unblocked: "let in again by hand",
  regrouped:
    "too few of its sources are left, or one of them was let in again: the others are blocked one by one",
} as const

export function findingEvent(finding: Finding, decisions: readonly Decision[]): EventLine {
  const { sources, sourceCount, target } = finding
  const [first] = sources
  const isBlocked = decisions.some(({ verdict }) => verdict === "block")
  const reasons = [...new Set(decisions.map(({ reason }) => reason))]
  const ports =
    target.ports.length > 0
      ? ` ${target.ports.slice(0, 4).join(",")}${target.portCount > 4 ? "…" : ""}/${target.protocol}`
      : ""
  const address = target.address ? printAddress(target.address) : `${target.addressCount} addresses`
  return {
    time: time(finding.at) ?? "",
    kind: finding.detector,
    ...(first && { source: printAddress(first) }),
    target: `${address}${ports}`,
    text: sourceCount > 1 ? `${sourceCount} sources: ${finding.sentence}` : finding.sentence,
    action: isBlocked ? "block" : finding.action === "block" ? "notify" : finding.action,
    confidence: finding.confidence,
    evidence: {
      kind: finding.kind,
      sources: sources.map(printAddress),
      sourceCount,
      proven: finding.proven,
      count: finding.evidence.count,
      first: time(finding.evidence.first),
      last: time(finding.evidence.last),
      packets: finding.evidence.packets,
      threshold: finding.threshold.phrase,
      reason: reasons.join("; "),
    },
  }
}
