import { expect } from "vitest"
import { hasErrors, printDiagnostic } from "../../../src/core/base/diagnostic.js"
import { compilePolicy } from "../../../src/core/policy/compile.js"
import { loadPolicy } from "../../../src/core/policy/load.js"
import type { HostFacts } from "../../../src/core/policy/policy.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"

/** The rules of a policy that asks for one thing (`open: [80/tcp]`) on wan0. */
export function compiled(line: string, host: HostFacts): Ruleset {
  const text = `version: 1\ninterfaces: { wan: wan0 }\nprotect:\n  wan:\n    ${line}\n`
  const environment = { read: () => ({ problem: "no files here" }), glob: () => [], host }
  const loaded = loadPolicy({ path: "policy.yaml", text }, environment)
  expect(loaded.diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
  const { ruleset, diagnostics } = compilePolicy(loaded.policy!, host)
  expect(hasErrors(diagnostics)).toBe(false)
  return ruleset
}
