import type { Diagnostic, Problem, Severity } from "../../base/diagnostic.js"
import type { DiagnosticId } from "../../base/diagnostic-ids.js"
import type { Word } from "./words.js"

/** A place in the file: a word, or a line from its first column on. */
export interface Place {
  readonly line: number
  readonly column: number
  /** Of the word, for the place's end. */
  readonly text?: string
}

/** Mistakes of one file, in the order in which they are found. */
export class Report {
  readonly path: string
  readonly diagnostics: Diagnostic[] = []
  /** How many of them are errors. */
  errors = 0

  constructor(path: string) {
    this.path = path
  }

  error(id: DiagnosticId, message: string, place: Place, hint?: string): void {
    this.add("error", { id, message, ...(hint !== undefined && { hint }) }, place)
  }

  warning(id: DiagnosticId, message: string, place: Place, hint?: string): void {
    this.add("warning", { id, message, ...(hint !== undefined && { hint }) }, place)
  }

  add(severity: Severity, problem: Problem, place: Place): void {
    const { line, column, text } = place
    if (severity === "error") this.errors++
    this.diagnostics.push({
      id: problem.id,
      severity,
      message: problem.message,
      span: {
        file: this.path,
        line,
        column,
        ...(text !== undefined && { endLine: line, endColumn: column + Math.max(1, text.length) }),
      },
      ...(problem.hint !== undefined && { hint: problem.hint }),
    })
  }
}

export function placeOf(word: Word | undefined, line: number): Place {
  return word ?? { line, column: 1 }
}
