import { type Generation, pauseSet, trialSet } from "../../core/backend/nft/names.js"
import type { Running } from "../../core/backend/nft/running.js"
import { parseRunning } from "../../core/backend/nft/running.js"
import { isProblem } from "../../core/base/diagnostic.js"
import { digestOf, type KernelTable, parseKernelTables, TABLE_NAME } from "./kernel-table.js"
import { list, listTables } from "./nft.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import { secondsLeft } from "./timers.js"

/** What stands in the kernel, as it says itself; nothing here is remembered. */
export interface KernelState {
  readonly tables: readonly KernelTable[]
  /** Null: no table of ours. */
  readonly running: Running | null
  /** The rules that judge packets now; null: none do. */
  readonly inForce: Generation | null
  /** Digest of the rules in force. */
  readonly digest?: string
  /** Rules that nobody confirmed yet. `secondsLeft` absent: their time is over, the kernel has gone back, and they only lie about. */
  readonly trial?: { readonly digest?: string; readonly secondsLeft?: number }
  /** Everything is let past. */
  readonly pausedSeconds?: number
}

/** Reads the tables of ours. Nothing there is an answer, not a failure. */
export function readKernel(): Outcome<KernelState> {
  const names = listTables()
  if (failed(names)) return names
  const places = names.value.filter((place) => place.split(" ")[1] === TABLE_NAME)
  // One listing of everything: terse, so that neither our full sets nor those of others are read.
  const listed = places.length === 0 ? done('{"nftables":[]}') : list("-j", "-a", "-t", "list", "ruleset")
  if (failed(listed)) return listed
  const running = parseRunning(listed.value, TABLE_NAME)
  if (running !== null && isProblem(running)) return fail("cannot", "kernel-unreadable", running.message)
  return done(describe(parseKernelTables(listed.value, places), running))
}

function describe(tables: readonly KernelTable[], running: Running | null): KernelState {
  const kept = running?.kept ?? null
  const trial = running?.trial ?? null
  const left = trial === null ? undefined : timer(tables, trialSet)
  const paused = timer(tables, pauseSet)
  const inForce = trial !== null && left !== undefined ? trial : kept
  const digest = digestOf(tables, inForce)
  const trialDigest = digestOf(tables, trial)
  return {
    tables,
    running,
    inForce,
    ...(digest === undefined || inForce === null ? {} : { digest }),
    ...(trial === null
      ? {}
      : {
          trial: {
            ...(trialDigest === undefined ? {} : { digest: trialDigest }),
            ...(left === undefined ? {} : { secondsLeft: left }),
          },
        }),
    ...(paused === undefined ? {} : { pausedSeconds: paused }),
  }
}

/** All tables' gates are set in one transaction; the first that has the set tells. */
function timer(tables: readonly KernelTable[], set: string): number | undefined {
  const table = tables.find(({ sets }) => sets.some(({ name }) => name === set))
  return table && secondsLeft(table.place, set)
}
