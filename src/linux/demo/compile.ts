import { hasErrors, printDiagnostic } from "../../core/base/diagnostic.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { loadPolicy } from "../../core/policy/load.js"
import type { HostFacts } from "../../core/policy/policy.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { demoPolicy } from "./policy.js"

/** The demonstration's policy as a ruleset for a host. Throws where it does not compile: that is a fault of the program. */
export function compileDemo(host: HostFacts): Ruleset {
  const nothing = { read: () => ({ problem: "the policy stands alone" }), glob: () => [], host }
  const { policy, diagnostics } = loadPolicy({ path: "default.yaml", text: demoPolicy }, nothing)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const compiled = compilePolicy(policy, host)
  if (hasErrors(compiled.diagnostics)) throw new Error(compiled.diagnostics.map(printDiagnostic).join("\n"))
  return compiled.ruleset
}
