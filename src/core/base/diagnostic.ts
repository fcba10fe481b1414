import type { DiagnosticId } from "./diagnostic-ids.js"

/** Where in a text something stands. Lines and columns count from 1, as editors do. */
export interface Span {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine?: number
  readonly endColumn?: number
}

/** `error` refuses the input; `warning` is told; `lint` is told by `check`, and fails `check --strict`. */
export type Severity = "error" | "warning" | "lint"

/**
 * A mistake as a value: what (id), where (span), why (a sentence), and where we can, what to do (hint).
 * Ids are kebab-case, stable, and listed in `diagnostic-ids.ts`.
 */
export interface Diagnostic {
  readonly id: DiagnosticId
  readonly severity: Severity
  readonly message: string
  readonly span?: Span
  readonly hint?: string
  /** A second place, where a mistake has two: "first written here". */
  readonly related?: { readonly span: Span; readonly message: string }
}

/** A mistake whose place the finder does not know: a word read by one of the small parsers of base/. */
export interface Problem {
  readonly id: DiagnosticId
  readonly message: string
  readonly hint?: string
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "id" in value && "message" in value
}

/** The problem with its place. */
export function diagnose(problem: Problem, span: Span | undefined, severity: Severity = "error"): Diagnostic {
  return {
    id: problem.id,
    severity,
    message: problem.message,
    ...(span && { span }),
    ...(problem.hint && { hint: problem.hint }),
  }
}

/** `file:line:column: message [id]`, then the hint on a line of its own. */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const { span, related, hint } = diagnostic
  const lines = [`${span ? `${printSpan(span)}: ` : ""}${diagnostic.message} [${diagnostic.id}]`]
  if (related) lines.push(`  ${printSpan(related.span)}: ${related.message}`)
  if (hint) lines.push(`  hint: ${hint}`)
  return lines.join("\n")
}

export function printSpan(span: Span): string {
  return `${span.file}:${span.line}:${span.column}`
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error")
}
