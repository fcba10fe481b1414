import type { Diagnostic } from "../../core/base/diagnostic.js"
import type { DiagnosticId } from "../../core/base/diagnostic-ids.js"

/**
 * Why a piece of work on this machine did not happen. `cannot`: the machine can't (privilege, kernel, tool); `wrong`: what was given is wrong;
 * `no`: it was possible and the answer is no (refused, nothing pending).
 */
export interface Failure {
  readonly kind: "cannot" | "wrong" | "no"
  readonly diagnostics: readonly Diagnostic[]
}

/** What work on this machine comes to: errors are values. */
export type Outcome<Value> = { readonly value: Value } | { readonly failure: Failure }

export function done<Value>(value: Value): { readonly value: Value } {
  return { value }
}

/** One sentence, and what to do. */
export function fail(
  kind: Failure["kind"],
  id: DiagnosticId,
  message: string,
  hint?: string,
): { readonly failure: Failure } {
  const diagnostic: Diagnostic = {
    id,
    severity: "error",
    message,
    ...(hint === undefined ? {} : { hint }),
  }
  return { failure: { kind, diagnostics: [diagnostic] } }
}

export function failed<Value>(outcome: Outcome<Value>): outcome is { readonly failure: Failure } {
  return "failure" in outcome
}
