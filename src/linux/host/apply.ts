import { createHash } from "node:crypto"
import {
  renderApply,
  renderConfirm,
  renderPause,
  renderRemove,
  renderResume,
  renderRollback,
} from "../../core/backend/nft/transaction.js"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import { hasErrors } from "../../core/base/diagnostic.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { conntrackIsOn } from "./conntrack.js"
import { firstApplyLines } from "./first-apply.js"
import { type KernelState, readKernel } from "./kernel.js"
import { digestChain } from "./kernel-table.js"
import { flatten, listRules } from "./listing.js"
import { load, loadTransaction, refusedByKernel } from "./nft.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import {
  dropTrial,
  forget,
  promoteTrial,
  readConfirmed,
  readTrial,
  rememberConfirmed,
  type Saved,
  type State,
  saveTrial,
  writing,
} from "./state.js"

export interface ApplyRequest {
  readonly ruleset: Ruleset
  /** The same policy compiled without ingress chains, for boots at which a device is not there yet. */
  readonly fallback: Ruleset
  /** Absolute path of the policy. */
  readonly policy: string
  /** Null: for good. */
  readonly trialSeconds: number | null
  readonly warmUpSeconds: number
  /** The wall clock. */
  readonly clock: () => Date
  /** Take them for good even where the folder cannot be written: whoever asks remembers them, and writes later. */
  readonly evenUnwritten?: boolean
}

export interface AppliedRules {
  readonly result: "changed" | "unchanged"
  readonly digest: string
  readonly warnings: readonly Diagnostic[]
  /** When the kernel goes back; never later than it really does. */
  readonly trialEnds?: Date
  /** No rules of ours were in force, or conntrack was off: what was done for the connections that are alive. */
  readonly first?: FirstReport
}

export interface FirstReport {
  readonly conntrackWasOn: boolean
  /** Connections of this host that are let in by name, and those that had no room. */
  readonly admitted: number
  readonly left: number
  /** 0: conntrack was on, or no warm-up was asked for. */
  readonly warmUpSeconds: number
}

/** What an apply would be: made of what the kernel holds now, so it is good as long as the lock is held. */
export interface Plan {
  /** The same rules are kept already, and nobody has changed them: there is nothing to do. */
  readonly isUnchanged: boolean
  readonly digest: string
  readonly warnings: readonly Diagnostic[]
  readonly kernel: KernelState
}

/** Looks whether there is anything to do. The caller holds the lock. */
export function planApply(ruleset: Ruleset, state: State): Outcome<Plan> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  settle(state, kernel.value)
  const boot = renderApply(ruleset, null, null)
  if (hasErrors(boot.diagnostics)) return { failure: { kind: "wrong", diagnostics: boot.diagnostics } }
  const digest = digestFor(boot.text)
  const unchanged = isUnchanged(kernel.value, digest, state)
  return done({ isUnchanged: unchanged, digest, warnings: boot.diagnostics, kernel: kernel.value })
}

/**
 * Puts rules in the kernel, in one transaction. The caller holds the lock.
 *
 * There is no moment at which a kill leaves half of it: what may become the boot text is written before the kernel is touched, the transaction is the
 * kernel's, and the way back is in the kernel. A kill after it and before the files are in place is made good by the next command (`settle`).
 * Where the folder cannot be written, rules that are remembered already are put back all the same, and others are refused unless `evenUnwritten`.
 */
export function applyRules(request: ApplyRequest, plan: Plan, state: State): Outcome<AppliedRules> {
  const { trialSeconds, warmUpSeconds } = request
  const { digest, kernel, warnings } = plan
  if (plan.isUnchanged) return done({ result: "unchanged", digest, warnings })
  const ruleset = withDigest(request.ruleset, digest)
  const transaction = renderApply(ruleset, kernel.running, trialSeconds)
  const first = firstApply(ruleset, kernel, warmUpSeconds)
  const saved: Saved = {
    digest,
    policy: request.policy,
    at: request.clock().toISOString(),
    bootText: bootText(ruleset),
    bootFallbackText: bootText(withDigest(request.fallback, digest)),
  }
  const before = readTrial(state)
  const page = writing(state, () => saveTrial(state, saved))
  const isTaken = trialSeconds === null && (request.evenUnwritten || readConfirmed(state)?.digest === digest)
  if (failed(page) && !isTaken) return page
  // The kernel's time begins somewhere in the transaction, which takes a second where a block list is long.
  const started = request.clock().getTime()
  const loaded = load(transaction.text + (first?.text ?? ""))
  if (failed(loaded)) {
    // The kernel is as it was, with a trial that may still be running.
    writing(state, () => (before ? saveTrial(state, before) : dropTrial(state)))
    return loaded
  }
  const listing = listInForce()
  const kept = failed(listing) ? saved : { ...saved, listing: listing.value }
  const written = writing(state, () => {
    if (!failed(listing)) saveTrial(state, kept)
    if (trialSeconds === null) promoteTrial(state)
  })
  if (trialSeconds === null) rememberConfirmed(state, kept, failed(written))
  const untold = failed(written) ? written.failure.diagnostics : []
  return done({
    result: "changed",
    digest,
    warnings: [...warnings, ...untold.map((each) => ({ ...each, severity: "warning" as const }))],
    ...(trialSeconds === null ? {} : { trialEnds: new Date(started + trialSeconds * 1000) }),
    ...(first && { first: first.report }),
  })
}

/**
 * Where no rules of ours are in force, connections may be alive that conntrack does not know: this host's are named in any case, for somebody may have switched
 * conntrack on a moment ago; the warm-up is for where it is off.
 */
function firstApply(ruleset: Ruleset, kernel: KernelState, warmUpSeconds: number) {
  const isOn = conntrackIsOn()
  if (isOn && kernel.inForce !== null) return undefined
  const seconds = isOn ? 0 : warmUpSeconds
  const { text, admitted, left } = firstApplyLines(ruleset, seconds)
  const report: FirstReport = { conntrackWasOn: isOn, admitted, left, warmUpSeconds: seconds }
  return { text, report }
}

/** Keeps the rules on trial. There is no race with their end: it is the kernel that says whether it was in time. `remembered`: they are what boots now. */
export function confirmTrial(state: State): Outcome<{ readonly remembered: boolean }> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  const { running, trial } = kernel.value
  if (running === null || trial === undefined) {
    settle(state, kernel.value)
    return nothingPending()
  }
  if (trial.secondsLeft === undefined) return tooLate(state, kernel.value)
  const errors = loadTransaction(renderConfirm(running))
  if (errors === undefined) return done({ remembered: rememberTrial(state) })
  return errors.some(({ message }) => /No such file or directory/.test(message))
    ? tooLate(state, kernel.value)
    : refusedByKernel(errors)
}

/** Ends a trial now. `expired`: it was over already, and this only tidied up. */
export function rollbackTrial(state: State): Outcome<{ readonly expired: boolean }> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  const { running, trial } = kernel.value
  if (running === null || trial === undefined) return nothingPending()
  const loaded = load(renderRollback(running))
  if (failed(loaded)) return loaded
  writing(state, () => dropTrial(state))
  return done({ expired: trial.secondsLeft === undefined })
}

/** Lets every packet past for a while, timed by the kernel. */
export function pauseRules(seconds: number): Outcome<void> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  if (kernel.value.running === null || kernel.value.inForce === null) return nothingRuns()
  return load(renderPause(kernel.value.running, seconds))
}

/** Ends a pause before its time. */
export function resumeRules(): Outcome<void> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  const { running, pausedSeconds } = kernel.value
  if (running === null) return nothingRuns()
  if (pausedSeconds === undefined) return fail("no", "not-paused", "nothing is paused")
  return load(renderResume(running))
}

/** Takes every table of ours away, and what is remembered of them. */
export function removeRules(state: State): Outcome<{ readonly tables: number }> {
  const kernel = readKernel()
  if (failed(kernel)) return kernel
  const { running, tables } = kernel.value
  if (running !== null) {
    const loaded = load(renderRemove(running))
    if (failed(loaded)) return loaded
  }
  const forgotten = writing(state, () => forget(state))
  return failed(forgotten) ? forgotten : done({ tables: tables.length })
}

/** False: what was confirmed cannot be written down, so that the next command tries again. */
function rememberTrial(state: State): boolean {
  let isDone = false
  writing(state, () => {
    isDone = promoteTrial(state)
  })
  return isDone
}

/**
 * Brings the files in line with the kernel, which is the truth: an apply that was killed after its transaction left rules in force whose boot text is
 * still on the trial's page; a trial that was given up or ran out left a page that nobody needs.
 */
export function settle(state: State, kernel: KernelState): void {
  const pending = readTrial(state)
  if (pending === undefined) return
  // A disk that is full now is asked again by the next command.
  writing(state, () => {
    if (kernel.trial === undefined && kernel.digest === pending.digest) promoteTrial(state)
    else if (kernel.trial?.digest !== pending.digest) dropTrial(state)
  })
}

/** The same rules, kept, and nobody has changed them since. */
function isUnchanged(kernel: KernelState, digest: string, state: State): boolean {
  if (kernel.trial !== undefined || kernel.pausedSeconds !== undefined) return false
  const confirmed = readConfirmed(state)
  return confirmed?.digest === digest && standsAsSaved(kernel, confirmed)
}

/** Whether the rules in force are the ones that were remembered, line for line. */
export function standsAsSaved(kernel: KernelState, { digest, listing }: Saved): boolean {
  if (kernel.digest !== digest || listing === undefined) return false
  const listed = listInForce(kernel)
  return !failed(listed) && listed.value.join("\n") === listing.join("\n")
}

/** Puts remembered rules back, in place of whatever stands in our tables: for those whose policy cannot be compiled any more. They are remembered as they stand then. */
export function loadSaved(saved: Saved, state: State): Outcome<void> {
  const whole = load(saved.bootText)
  const loaded = failed(whole) ? load(saved.bootFallbackText) : whole
  if (failed(loaded)) return loaded
  const listing = listInForce()
  if (!failed(listing)) rememberConfirmed(state, { ...saved, listing: listing.value }, true)
  return loaded
}

function listInForce(known?: KernelState): Outcome<readonly string[]> {
  const kernel = known === undefined ? readKernel() : done(known)
  if (failed(kernel)) return kernel
  const { tables, inForce } = kernel.value
  if (inForce === null) return done([])
  const listed = listRules(
    tables.map(({ place }) => place),
    inForce,
  )
  return failed(listed) ? listed : done(flatten(listed.value))
}

/** Plain nft text that replaces whatever stands in our tables: naming a table first makes deleting it possible where it is not there. */
export function bootText(ruleset: Ruleset): string {
  const places = ruleset.tables.map(({ family, name }) => `${family} ${name}`)
  const clear = places.map((place) => `table ${place}\ndelete table ${place}\n`).join("")
  return `#!/usr/sbin/nft -f\n# Written by floodwall; the next confirmed apply replaces it.\n${clear}${renderApply(ruleset, null, null).text}`
}

/** Names rules by what the kernel gets. */
function digestFor(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}

/** The rules with an empty chain that bears their digest: it goes where they go, so that the kernel itself says what runs. */
function withDigest(ruleset: Ruleset, digest: string): Ruleset {
  return {
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: [...table.chains, { name: digestChain(digest), rules: [] }],
    })),
  }
}

function tooLate(state: State, { running }: KernelState): Outcome<never> {
  // The kernel went back by itself; what lies about is taken away, and if that fails the next apply does it.
  if (running !== null) load(renderRollback(running))
  writing(state, () => dropTrial(state))
  return fail(
    "no",
    "trial-over",
    "too late: the time was over, and the kernel has gone back to the rules before",
    "floodwall apply tries again",
  )
}

function nothingPending(): Outcome<never> {
  return fail("no", "nothing-pending", "nothing is on trial", "floodwall status shows what runs")
}

function nothingRuns(): Outcome<never> {
  return fail("no", "not-running", "no rules of floodwall are in force", "floodwall apply puts them there")
}
