import type { Diagnostic, Severity, Span } from "../base/diagnostic.js"
import type { DiagnosticId } from "../base/diagnostic-ids.js"

export function problem(
  id: DiagnosticId,
  severity: Severity,
  message: string,
  span: Span,
  hint?: string,
): Diagnostic {
  return { id, severity, message, span, ...(hint !== undefined && { hint }) }
}
