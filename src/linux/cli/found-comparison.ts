import { printAddress } from "../../core/base/address.js"
import type { BlockedSource } from "../../core/engine/replay-summary.js"
import type { Finding } from "../../core/event/finding.js"
import { findingText } from "../../core/event/print-finding.js"
import type { ReplayDetection } from "./replay-detection.js"

/** An attack that only one of two policies finds, told once, however often it was found. */
export interface FoundAttack {
  readonly detector: string
  readonly kind: string
  readonly sources: readonly string[]
  readonly action: string
  readonly text: string
}

/** What two policies find in the same packets, as far as it differs. */
export interface FoundComparison {
  readonly newlyFound: readonly FoundAttack[]
  readonly noLongerFound: readonly FoundAttack[]
  readonly newlyBlocked: readonly BlockedSource[]
  readonly noLongerBlocked: readonly BlockedSource[]
}

/** An attack is the same where detector and source are. */
export function compareFound(before: ReplayDetection, after: ReplayDetection): FoundComparison {
  const [first, second] = [attacksOf(before.findings), attacksOf(after.findings)]
  const [kept, keptAfter] = [blocksOf(before), blocksOf(after)]
  return {
    newlyFound: onlyIn(second, first),
    noLongerFound: onlyIn(first, second),
    newlyBlocked: onlyIn(keptAfter, kept),
    noLongerBlocked: onlyIn(kept, keptAfter),
  }
}

function attacksOf(findings: readonly Finding[]): ReadonlyMap<string, FoundAttack> {
  const found = new Map<string, FoundAttack>()
  for (const finding of findings) {
    const { detector, kind, manySources, action } = finding
    const sources = manySources ? [] : finding.sources.map(printAddress)
    const name = `${detector} ${sources.join()}`
    if (!found.has(name)) found.set(name, { detector, kind, sources, action, text: findingText(finding) })
  }
  return found
}

function blocksOf(detection: ReplayDetection): ReadonlyMap<string, BlockedSource> {
  return new Map(detection.blocked().map((block) => [block.source, block]))
}

function onlyIn<Value>(these: ReadonlyMap<string, Value>, those: ReadonlyMap<string, Value>): Value[] {
  return [...these].filter(([name]) => !those.has(name)).map(([, value]) => value)
}
