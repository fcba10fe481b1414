import { printAddress } from "../base/address.js"
import type { Finding } from "./finding.js"

/** A finding for programs: addresses and times as text. `{"finding":…}` of `replay --json` and `run`. */
export interface FindingLine {
  readonly time: string
  readonly detector: string
  readonly kind: string
  readonly sources: readonly string[]
  readonly sourceCount: number
  readonly manySources: boolean
  readonly proven: boolean
  readonly target: {
    readonly address: string | null
    readonly addressCount: number
    readonly protocol: string
    readonly ports: readonly number[]
    readonly portCount: number
  }
  readonly evidence: {
    readonly count: number
    readonly first: string
    readonly last: string
    readonly packets: readonly string[]
  }
  readonly confidence: string
  readonly threshold: string
  /** `FILE:LINE` of the policy; null: it is the default. */
  readonly policy: string | null
  readonly action: string
  /** Seconds; null: for ever. */
  readonly blockFor: number | null
  readonly repetition: number
  readonly text: string
}

export function findingLine(finding: Finding): FindingLine {
  const { target, evidence, threshold, sources } = finding
  const span = threshold.origin?.span
  return {
    time: instantText(finding.at),
    detector: finding.detector,
    kind: finding.kind,
    sources: sources.map(printAddress),
    sourceCount: finding.sourceCount,
    manySources: finding.manySources,
    proven: finding.proven,
    target: { ...target, address: target.address ? printAddress(target.address) : null },
    evidence: { ...evidence, first: instantText(evidence.first), last: instantText(evidence.last) },
    confidence: finding.confidence,
    threshold: threshold.phrase,
    policy: span && span.line > 0 ? `${span.file}:${span.line}` : null,
    action: finding.action,
    blockFor: Number.isFinite(finding.blockFor) ? finding.blockFor : null,
    repetition: finding.repetition,
    text: findingText(finding),
  }
}

/** `198.51.100.7 tried 20 or more closed TCP ports within 0.4 s, of 192.0.2.1`. */
export function findingText(finding: Finding): string {
  const { sources, sourceCount, manySources, sentence, target } = finding
  const who = manySources ? "" : `${sources.map(printAddress).join(", ")} `
  const others = !manySources && sourceCount > sources.length ? "and others " : ""
  const whom = target.address
    ? `, towards ${printAddress(target.address)}`
    : target.addressCount > 1
      ? `, towards ${target.addressCount} or more hosts`
      : ""
  return `${who}${others}${sentence}${whom}`
}

/** `2026-01-02T03:04:05.000000Z`, in microseconds as far as the number has them. */
export function instantText(seconds: number): string {
  const whole = Math.floor(seconds)
  const date = new Date(whole * 1000)
  if (Number.isNaN(date.getTime())) return "1970-01-01T00:00:00.000000Z"
  const micros = String(Math.min(999_999, Math.round((seconds - whole) * 1e6))).padStart(6, "0")
  return `${date.toISOString().slice(0, -5)}.${micros}Z`
}
