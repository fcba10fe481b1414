import { expect } from "vitest"
import { printDiagnostic } from "../../../src/core/base/diagnostic.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import { type Comparison, type ComparisonOptions, compare } from "../../../src/linux/demo/agreement.js"
import type { ActFrame } from "../../../src/linux/demo/traffic/act.js"
import { settle } from "../../../src/linux/host/namespace/frame-capture.js"
import type { Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { createReferee, type Referee } from "../../../src/linux/host/namespace/referee.js"

/**
 * Sends frames from where each comes, in order; with `pace` at their times, else as fast as they go. After a stall it catches up with the times, but never sends two steps closer than two ticks of the kernel's clock
 * that should be further apart.
 */
export function play(
  laboratory: Laboratory,
  frames: readonly ActFrame[],
  referee: Referee,
  pace = false,
): void {
  let from = 0
  let last = 0
  const begin = performance.now()
  while (from < frames.length) {
    const { side, at } = frames[from]!
    if (pace && at > last)
      settle(Math.max(begin + at / 1e6 - performance.now(), Math.min((at - last) / 1e6, TWO_TICKS)))
    last = at
    let until = from + 1
    while (until < frames.length && frames[until]!.side === side && !(pace && frames[until]!.at > at)) until++
    if (side !== "firewall")
      laboratory[side].sender("eth0").send(
        frames.slice(from, until).map(({ bytes }) => ({ bytes })),
        { batch: 256, between: referee.poll },
      )
    from = until
  }
}

const TWO_TICKS = 12

/**
 * The same rules in the kernel and in the engine, and the same packets through both: what each said, packet by packet. `nft` are the rules as text, or nothing where
 * they are loaded already.
 */
export function judgeBoth(
  laboratory: Laboratory,
  rules: { readonly nft?: string; readonly ruleset: Ruleset },
  frames: readonly ActFrame[],
  options: ComparisonOptions & { readonly pace?: boolean } = {},
): readonly Comparison[] {
  if (rules.nft !== undefined) laboratory.firewall.nft(rules.nft)
  const referee = createReferee(laboratory, { conntrack: options.conntrack !== "auto" })
  play(laboratory, frames, referee, options.pace)
  const { comparisons, diagnostics } = compare(rules.ruleset, referee.finish(), options)
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  return comparisons
}

/** Every packet on which the two differ, as a line. An empty list is agreement only where `compared` says that there was something to agree on. */
export function differences(comparisons: readonly Comparison[]): string[] {
  return comparisons.filter(({ same }) => same === false).map(describe)
}

export function compared(comparisons: readonly Comparison[]): number {
  return comparisons.filter(({ same }) => same !== null).length
}

export function describe({ arrival, kernel, engine }: Comparison): string {
  const { frame, ruling } = arrival
  const bytes = Buffer.from(frame.bytes.subarray(14, 14 + 64)).toString("hex")
  return `kernel ${kernel} ${ruling?.state}, engine ${engine.verdict} ${engine.state}${engine.why ? ` (${engine.why})` : ""}${engine.rule ? ` by ${engine.rule}` : ""}: ${frame.device} ${bytes}`
}

/** How many packets the kernel put into each state. */
export function states(comparisons: readonly Comparison[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { arrival } of comparisons) {
    if (!arrival.ruling) continue
    const state = String(arrival.ruling.state)
    counts[state] = (counts[state] ?? 0) + 1
  }
  return counts
}
