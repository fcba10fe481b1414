import { resolve } from "node:path"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { type ApplyRequest, applyRules, loadSaved, planApply, standsAsSaved } from "../host/apply.js"
import { type KernelState, readKernel } from "../host/kernel.js"
import { takeLock } from "../host/lock.js"
import type { TableChange } from "../host/netlink/table-watch.js"
import { done, fail, failed, type Outcome } from "../host/outcome.js"
import { readConfirmed, type Saved, type State } from "../host/state.js"

/** The policy as rules for this host, compiled just now. */
export interface GuardedRules {
  readonly path: string
  readonly ruleset: Ruleset
  readonly fallback: Ruleset
}

/** What was found when somebody else had changed our table. */
export type Restored =
  | { readonly what: "put-back" }
  /** Nothing was missing. */
  | { readonly what: "nothing" }
  /** Another floodwall has rules on trial, for so many more seconds. */
  | { readonly what: "trial"; readonly seconds: number }
  /** Everything is let past for so many seconds. */
  | { readonly what: "paused"; readonly seconds: number }
  /** Another floodwall has put rules of another policy there for good, and they stand. */
  | { readonly what: "other"; readonly saved: Saved }
  /** `floodwall remove`: nothing is to be there. */
  | { readonly what: "removed" }
  /** Another floodwall is at work. */
  | { readonly what: "busy" }

/** Seconds in which packets of unknown connections pass, where conntrack was off. */
const WARM_UP = 5

/**
 * Puts the rules in force for good, as `floodwall apply --keep` does; where `cuts` finds an administrator's session that they would cut, nothing is changed. A trial that is running is left to its owner.
 * Where nothing is in force, or nobody remembers what is, rules that the disk does not take are in force all the same.
 */
export function enforceRules(
  rules: GuardedRules,
  state: State,
  cuts: () => readonly string[],
): Outcome<"changed" | "unchanged" | "trial"> {
  return locked(state, () => {
    const plan = planApply(rules.ruleset, state)
    if (failed(plan)) return plan
    const { kernel } = plan.value
    if (kernel.trial?.secondsLeft !== undefined) return done("trial")
    const cut = plan.value.isUnchanged ? [] : cuts()
    if (cut.length > 0)
      return fail(
        "no",
        "cuts-session",
        `this would cut ${cut.join("; ")}`,
        "never-block, open, for and bypass make exceptions",
      )
    // Rules that somebody remembers stay rather than give way to some that nobody could put back.
    const evenUnwritten = kernel.inForce === null || readConfirmed(state) === undefined
    const request = { ...requestFor(rules), evenUnwritten }
    const applied = applyRules(request, plan.value, state)
    return failed(applied) ? applied : done(applied.value.result)
  })
}

/**
 * Looks at the kernel after a change that was not the guard's, and puts back what is missing: what was confirmed last, of whatever policy it is. What another floodwall did is told apart by what it
 * remembers: a removal leaves its mark, an apply and a trial stand in the kernel as they are remembered, and a pause ends by itself.
 */
export function restoreRules(rules: GuardedRules, state: State): Outcome<Restored> {
  const restored = locked<Restored>(state, () => {
    const confirmed = readConfirmed(state)
    if (confirmed === undefined) return done({ what: "removed" })
    const kernel = readKernel()
    if (failed(kernel)) return kernel
    const { trial, pausedSeconds } = kernel.value
    if (trial?.secondsLeft !== undefined) return done({ what: "trial", seconds: trial.secondsLeft })
    if (pausedSeconds !== undefined) return done({ what: "paused", seconds: pausedSeconds })
    const plan = planApply(rules.ruleset, state)
    if (failed(plan)) return plan
    if (plan.value.isUnchanged) return done({ what: "nothing" })
    if (confirmed.digest !== plan.value.digest) return restoreOther(kernel.value, confirmed, state)
    const applied = applyRules(requestFor(rules), plan.value, state)
    return failed(applied) ? applied : done({ what: "put-back" })
  })
  const isBusy = failed(restored) && restored.failure.diagnostics.some(({ id }) => id === "already-running")
  return isBusy ? done({ what: "busy" }) : restored
}

/** Whether these rules are the ones that are in force for good. */
export function areInForce(rules: GuardedRules, state: State): Outcome<boolean> {
  return locked(state, () => {
    const plan = planApply(rules.ruleset, state)
    if (failed(plan)) return plan
    const { kernel, digest } = plan.value
    return done(kernel.trial?.secondsLeft === undefined && kernel.digest === digest)
  })
}

/** Rules that another floodwall confirmed, and whose policy the guard does not work by. */
function restoreOther(kernel: KernelState, saved: Saved, state: State): Outcome<Restored> {
  // An apply that was killed right behind its transaction left no listing to compare with.
  const stands = saved.listing === undefined ? kernel.digest === saved.digest : standsAsSaved(kernel, saved)
  if (stands) return done({ what: "other", saved })
  const loaded = loadSaved(saved, state)
  return failed(loaded) ? loaded : done({ what: "put-back" })
}

function requestFor(rules: GuardedRules): ApplyRequest {
  return {
    ruleset: rules.ruleset,
    fallback: rules.fallback,
    policy: resolve(rules.path),
    trialSeconds: null,
    warmUpSeconds: WARM_UP,
    clock: () => new Date(),
  }
}

function locked<Value>(state: State, work: () => Outcome<Value>): Outcome<Value> {
  const lock = takeLock(state.lockFile)
  if (failed(lock)) return lock
  try {
    return work()
  } finally {
    lock.value.release()
  }
}

/** Who did it and what, for the report. */
export function describeChange({ program, process, hasTableGone }: TableChange): string {
  const who = program === "" ? "somebody" : `${program} (process ${process})`
  return hasTableGone ? `${who} took the table away` : `${who} changed the rules`
}

/** Diagnostics as one sentence each, for the log. */
export function sentencesOf(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ span, message }) => (span ? `${span.file}:${span.line}: ${message}` : message))
}
