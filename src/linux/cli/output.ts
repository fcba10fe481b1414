import { isatty } from "node:tty"
import { type Diagnostic, printSpan } from "../../core/base/diagnostic.js"
import type { DiagnosticId } from "../../core/base/diagnostic-ids.js"
import { exit } from "./command.js"
import { noProgress, type Progress, ProgressBar } from "./progress.js"
import { FileSink, type Sink } from "./sink.js"
import { type Style, styleFor } from "./style.js"

/** What a command may print to and ask of its surroundings. Tests give it sinks of their own. */
export interface Io {
  /** Standard output, for what was asked for: the text and a line end. */
  print(text?: string): void
  /** Standard output as it stands, for many small pieces. */
  write(text: string): void
  /** One JSON value on a line of standard output. */
  json(value: unknown): void
  /** Standard error: what is good to know besides the answer. */
  note(text: string): void
  /** Standard error: each as `file:line:column: message [id]`, its hint below. */
  report(diagnostics: readonly Diagnostic[]): void
  /** Reports one sentence, and is exit 2: the words, the policy or the file are wrong. */
  wrong(id: DiagnosticId, message: string, hint?: string): typeof exit.wrong
  /** Reports one sentence and what to do, and is exit 3: this machine can't. */
  cannot(id: DiagnosticId, message: string, hint?: string): typeof exit.cannot
  /** On a terminal, a bar on standard error for anything longer than a second; elsewhere nothing. `done` it before printing again. */
  progress(label: string, unit: string): Progress
  /** Writes out what is buffered. */
  flush(): void
  /** Colours of standard output: plain unless it is a terminal. */
  readonly style: Style
  /** Colours of standard error. */
  readonly noteStyle: Style
  /** Which of the three are terminals. */
  readonly terminal: Terminals
  /** Columns of the terminal, or 100. */
  readonly columns: number
  /** Where lines of listings are broken: at the terminal's columns; elsewhere, for grep and its like, nowhere (Infinity). */
  readonly lineWidth: number
  readonly environment: Environment
}

export interface Terminals {
  readonly input: boolean
  readonly output: boolean
  readonly error: boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface IoParts {
  readonly output: Sink
  readonly error: Sink
  readonly terminal: Terminals
  readonly columns: number
  readonly environment: Environment
  /** Columns of the terminal that standard error is, now: windows change. */
  readonly errorColumns?: () => number
  /** Milliseconds. */
  readonly clock: () => number
}

export function standardIo(): Io {
  const terminal = { input: isatty(0), output: isatty(1), error: isatty(2) }
  return makeIo({
    output: new FileSink(1),
    error: new FileSink(2),
    terminal,
    columns: (terminal.output && process.stdout.columns) || 100,
    errorColumns: () => (terminal.error && process.stderr.columns) || 80,
    environment: process.env,
    clock: () => performance.now(),
  })
}

export function makeIo(parts: IoParts): Io {
  const { output, error, terminal, columns, environment, clock, errorColumns = () => columns } = parts
  const style = styleFor(terminal.output, environment)
  const noteStyle = styleFor(terminal.error, environment)

  function report(diagnostics: readonly Diagnostic[]): void {
    output.flush()
    for (const diagnostic of diagnostics) error.write(`${formatDiagnostic(diagnostic, noteStyle)}\n`)
    error.flush()
  }

  function one(id: DiagnosticId, message: string, hint: string | undefined): void {
    report([
      { id, severity: "error", message: `floodwall: ${message}`, ...(hint === undefined ? {} : { hint }) },
    ])
  }

  return {
    print: (text = "") => output.write(`${text}\n`),
    write: (text) => output.write(text),
    json: (value) => output.write(`${JSON.stringify(value)}\n`),
    note(text) {
      output.flush()
      error.write(`${text}\n`)
      error.flush()
    },
    report,
    wrong(id, message, hint) {
      one(id, message, hint)
      return exit.wrong
    },
    cannot(id, message, hint) {
      one(id, message, hint)
      return exit.cannot
    },
    progress: (label, unit) =>
      terminal.error ? new ProgressBar(error, label, unit, clock, errorColumns) : noProgress,
    flush() {
      output.flush()
      error.flush()
    },
    style,
    noteStyle,
    terminal,
    columns,
    lineWidth: terminal.output ? columns : Number.POSITIVE_INFINITY,
    environment,
  }
}

/** `file:line:column: message [id]`; what is not an error says so in front of its message. */
export function formatDiagnostic(diagnostic: Diagnostic, style: Style): string {
  const { span, related, hint, severity } = diagnostic
  const place = span ? `${style.bold(`${printSpan(span)}:`)} ` : ""
  const kind = severity === "error" ? "" : `${style.warn(`${severity}:`)} `
  const message = severity === "error" ? style.bad(diagnostic.message) : diagnostic.message
  const lines = [`${place}${kind}${message} ${style.faint(`[${diagnostic.id}]`)}`]
  if (related) lines.push(`  ${printSpan(related.span)}: ${related.message}`)
  if (hint) lines.push(`  ${style.faint("hint:")} ${hint.replaceAll("\n", "\n        ")}`)
  return lines.join("\n")
}
