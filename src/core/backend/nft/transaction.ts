import type { Diagnostic } from "../../base/diagnostic.js"
import type { Ruleset } from "../../ruleset/ruleset.js"
import type { Running } from "./running.js"

/**
 * Texts for `nft -f -`, each one transaction: all of it happens, or nothing.
 * They are made from what runs, as `parseRunning` read it just before; the caller holds a lock from the listing to the load.
 */

export interface Transaction {
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Puts a ruleset in force in place of what runs. With `trialSeconds` the old rules stay behind a gate whose time runs in the kernel, and
 * are in force again when it is over; null: for good, and what ran goes away. A trial that is still there (running or over) is given up.
 */
export function renderApply(
  _ruleset: Ruleset,
  _running: Running | null,
  _trialSeconds: number | null,
): Transaction {
  return { text: "", diagnostics: [] }
}

/** Keeps the rules on trial. The kernel refuses the transaction ("No such file or directory") once the time is over. */
export function renderConfirm(_running: Running): string {
  return ""
}

/** Ends a trial, before or after its time: the rules before it stay; a table with nothing before is deleted. */
export function renderRollback(_running: Running): string {
  return ""
}

/** Lets every packet past for so many seconds. */
export function renderPause(_running: Running, _seconds: number): string {
  return ""
}

/** Ends a pause, and tidies up after one that is over. */
export function renderResume(_running: Running): string {
  return ""
}

/** Deletes every table of ours. */
export function renderRemove(_running: Running): string {
  return ""
}
