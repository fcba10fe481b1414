import { resolve } from "node:path"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { applyRules, planApply } from "../host/apply.js"
import { readKernel } from "../host/kernel.js"
import { takeLock } from "../host/lock.js"
import type { TableChange } from "../host/netlink/table-watch.js"
import { done, fail, failed, type Outcome } from "../host/outcome.js"
import { readConfirmed, type State } from "../host/state.js"

/** The policy as rules for this host, compiled just now. */
export interface GuardedRules {
  readonly path: string
  readonly ruleset: Ruleset
  readonly fallback: Ruleset
}

/** What was found when somebody else had changed our table. */
export type Restored =
  /** Put back. */
  | { readonly what: "put-back"; readonly digest: string }
  /** Nothing was missing. */
  | { readonly what: "nothing" }
  /** Another floodwall did it, and it is as it should be: a trial, an apply, a pause. */
  | { readonly what: "ours" }
  /** `floodwall remove`: nothing is to be there. */
  | { readonly what: "removed" }
  /** Another floodwall is at work. */
  | { readonly what: "busy" }

/** Seconds in which packets of unknown connections pass, where conntrack was off. */
const WARM_UP = 5

/** Puts the rules in force for good, as `floodwall apply --keep` does; where `cuts` finds an administrator's session that they would cut, nothing is changed. A trial that is running is left to its owner. */
export function enforceRules(
  rules: GuardedRules,
  state: State,
  cuts: () => readonly string[],
): Outcome<"changed" | "unchanged" | "trial"> {
  const lock = takeLock(state.lockFile)
  if (failed(lock)) return lock
  try {
    const plan = planApply(rules.ruleset, state)
    if (failed(plan)) return plan
    if (plan.value.kernel.trial?.secondsLeft !== undefined) return done("trial")
    const cut = plan.value.isUnchanged ? [] : cuts()
    if (cut.length > 0)
      return fail(
        "no",
        "cuts-session",
        `this would cut ${cut.join("; ")}`,
        "never-block, open, for and bypass make exceptions",
      )
    const applied = applyRules(
      {
        ruleset: rules.ruleset,
        fallback: rules.fallback,
        policy: resolve(rules.path),
        trialSeconds: null,
        warmUpSeconds: WARM_UP,
        clock: () => new Date(),
      },
      plan.value,
      state,
    )
    return failed(applied) ? applied : done(applied.value.result)
  } finally {
    lock.value.release()
  }
}

/**
 * Looks at the kernel after a change that was not the guard's, and puts back what is missing. What another floodwall did is told apart by what it remembers: a removal leaves
 * nothing remembered, an apply and a trial stand in the kernel as they are remembered, and a pause ends by itself.
 */
export function restoreRules(rules: GuardedRules, state: State): Outcome<Restored> {
  const lock = takeLock(state.lockFile)
  if (failed(lock)) return lock.failure.kind === "no" ? done({ what: "busy" }) : lock
  try {
    const confirmed = readConfirmed(state)
    if (confirmed === undefined) return done({ what: "removed" })
    const kernel = readKernel()
    if (failed(kernel)) return kernel
    if (kernel.value.trial?.secondsLeft !== undefined || kernel.value.pausedSeconds !== undefined)
      return done({ what: "ours" })
    const plan = planApply(rules.ruleset, state)
    if (failed(plan)) return plan
    if (plan.value.isUnchanged) return done({ what: "nothing" })
    // Another policy was confirmed, and stands: it is that one now that the kernel should hold.
    if (confirmed.digest !== plan.value.digest && kernel.value.digest === confirmed.digest)
      return done({ what: "ours" })
    const applied = applyRules(
      {
        ruleset: rules.ruleset,
        fallback: rules.fallback,
        policy: resolve(rules.path),
        trialSeconds: null,
        warmUpSeconds: WARM_UP,
        clock: () => new Date(),
      },
      plan.value,
      state,
    )
    return failed(applied) ? applied : done({ what: "put-back", digest: applied.value.digest })
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
