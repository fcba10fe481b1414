import { compilePolicy } from "../../core/policy/compile.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { openPolicy, reportProblems } from "./open-policy.js"
import type { Io } from "./output.js"
import { hostOf } from "./path.js"
import type { PathOptions } from "./replay-options.js"

export interface OpenedRuleset {
  readonly path: string
  readonly policy: Policy
  readonly ruleset: Ruleset
  readonly host: HostFacts
}

/** The policy that the words name, compiled. Undefined: there are mistakes, which have been reported; the exit is 2. */
export function openRuleset(
  named: string | undefined,
  options: PathOptions,
  io: Io,
): OpenedRuleset | undefined {
  const opened = openPolicy(named, io)
  if (opened === undefined || !reportProblems(opened.diagnostics, io) || !opened.policy) return undefined
  const host = hostOf(opened.host, options)
  const { ruleset, diagnostics } = compilePolicy(opened.policy, host)
  if (!reportProblems(diagnostics, io)) return undefined
  return { path: opened.path, policy: opened.policy, ruleset, host }
}
