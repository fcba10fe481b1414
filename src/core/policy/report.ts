import type { Diagnostic, Problem, Severity, Span } from "../base/diagnostic.js"
import { diagnose } from "../base/diagnostic.js"
import type { DiagnosticId } from "../base/diagnostic-ids.js"

interface More {
  readonly hint?: string | undefined
  readonly related?: { readonly span: Span; readonly message: string }
}

/** How many diagnostics are kept: a list of a million bad lines is told by its first thousand and their number. */
const keptMaximum = 1000

/** Collects what is found while a policy is read, so that reading goes on after a mistake. */
export class Report {
  readonly diagnostics: Diagnostic[] = []
  /** Whether there was an error, kept or not. */
  hasErrors = false
  private left = 0
  private readonly known = new Set<string>()

  error(id: DiagnosticId, span: Span, message: string, more: More = {}): undefined {
    this.add("error", id, span, message, more)
  }

  warning(id: DiagnosticId, span: Span, message: string, more: More = {}): undefined {
    this.add("warning", id, span, message, more)
  }

  lint(id: DiagnosticId, span: Span, message: string, more: More = {}): undefined {
    this.add("lint", id, span, message, more)
  }

  problem(problem: Problem, span: Span, severity: Severity = "error"): undefined {
    this.keep(diagnose(problem, span, severity))
  }

  /** Says how many were not kept. */
  close(span: Span): void {
    if (this.left === 0) return
    const severity = this.hasErrors ? "error" : "warning"
    this.diagnostics.push({ id: "more-mistakes", severity, message: `${this.left} more are not shown`, span })
  }

  private add(severity: Severity, id: DiagnosticId, span: Span, message: string, more: More): void {
    const { hint, related } = more
    this.keep({ id, severity, message, span, ...(hint && { hint }), ...(related && { related }) })
  }

  private keep(diagnostic: Diagnostic): void {
    const { span } = diagnostic
    const place = span ? `${span.file}:${span.line}:${span.column}` : ""
    // A group's setting is read for each of its members, and a name wherever it is used.
    const key = `${diagnostic.id} ${place} ${diagnostic.message}`
    if (this.known.has(key)) return
    this.hasErrors ||= diagnostic.severity === "error"
    if (this.diagnostics.length >= keptMaximum) {
      this.left++
      return
    }
    this.known.add(key)
    this.diagnostics.push(diagnostic)
  }
}

/** By file as read (list files last), then by place. */
export function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const fileOrder = ({ span }: Diagnostic) => {
    const index = files.indexOf(span?.file ?? "")
    return index < 0 ? files.length : index
  }
  return [...diagnostics].sort(
    (left, right) =>
      fileOrder(left) - fileOrder(right) ||
      (left.span?.line ?? 0) - (right.span?.line ?? 0) ||
      (left.span?.column ?? 0) - (right.span?.column ?? 0),
  )
}
