import type { Diagnostic, Span } from "../../base/diagnostic.js"
import { isProblem } from "../../base/diagnostic.js"
import type { DialectFile, ImportOptions } from "../imported.js"
import { testOutcome } from "./condition.js"
import { expand, expandValue, type Field, type Value, type Variables } from "./expand.js"
import { lex } from "./lexer.js"
import { parseShell, type Statement } from "./shell.js"
import { isOperator, ShellText, type Token, type Word } from "./shell-text.js"

/** A command with its words as it gets them. */
export interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly span: Span
  /** As written, on one line. */
  readonly text: string
  /** Why it is not known whether it runs, or what its words are. */
  readonly uncertain?: string
  /** Why bash does not run it. */
  readonly skipped?: string
  /** A quotation mark or bracket in it has no end. */
  readonly broken?: boolean
  readonly diagnostics: readonly Diagnostic[]
}

export interface Ran {
  readonly commands: readonly Command[]
  /** The variables at the end. */
  readonly variables: Variables
  readonly diagnostics: readonly Diagnostic[]
}

const MOST_COMMANDS = 20_000
const MOST_CALLS = 20
const MOST_FILES = 100
/** Statements that are walked, loops unrolled. */
const MOST_STEPS = 100_000

/** Follows configurations of bash as far as they can be followed without running anything. Never throws. */
export function runStatically(
  files: readonly DialectFile[],
  options: ImportOptions,
  known: Readonly<Record<string, string>>,
): Ran {
  const variables: Variables = new Map(
    Object.entries(known).map(([name, text]) => [name, { texts: [text], isList: false }]),
  )
  const runner = new Runner(options, variables)
  for (const file of files) runner.file(file, 0)
  return { commands: runner.commands, variables, diagnostics: runner.diagnostics }
}

interface Frame {
  readonly source: ShellText
  readonly uncertain: string | undefined
  /** The condition that is false, where that is known. */
  readonly skipped?: string
  readonly depth: number
}

interface Definition {
  readonly body: readonly Statement[]
  readonly source: ShellText
}

class Runner {
  readonly commands: Command[] = []
  readonly diagnostics: Diagnostic[] = []
  private readonly options: ImportOptions
  private readonly variables: Variables
  private readonly functions = new Map<string, Definition>()
  private read = 0
  private steps = 0

  constructor(options: ImportOptions, variables: Variables) {
    this.options = options
    this.variables = variables
  }

  file(file: DialectFile, depth: number, uncertain?: string): void {
    if (++this.read > MOST_FILES) return
    const text = file.text.startsWith("\uFEFF") ? ` ${file.text.slice(1)}` : file.text
    const source = new ShellText(file.path, text)
    const { tokens, open } = lex(text)
    if (open) {
      this.diagnostics.push({
        id: "firehol-syntax",
        severity: "error",
        message: `${open.what} has no end: bash reads nothing from here on, and FireHOL does not start`,
        span: source.span(open.at, open.at + open.what.length),
      })
    }
    // Of the line that has no end nothing is known.
    const whole = open ? tokens.slice(0, lineBefore(tokens)) : tokens
    this.run(parseShell(whole), { source, uncertain, depth })
    if (open) this.broken(source, tokens[whole.length]?.start ?? open.at)
  }

  private broken(source: ShellText, start: number): void {
    const end = source.text.indexOf("\n", start)
    this.commands.push({
      name: "",
      words: [],
      span: source.span(start, end < 0 ? source.text.length : end),
      text: oneLine(source.text.slice(start, end < 0 ? undefined : end)),
      broken: true,
      diagnostics: [],
    })
  }

  private run(statements: readonly Statement[], frame: Frame): void {
    for (const statement of statements) {
      if (++this.steps > MOST_STEPS || this.commands.length >= MOST_COMMANDS) {
        this.tooMuch(statement, frame)
        return
      }
      switch (statement.statement) {
        case "command":
          this.command(statement, frame)
          break
        case "block":
          this.run(statement.body, frame)
          break
        case "maybe":
          this.run(statement.body, { ...frame, uncertain: frame.uncertain ?? `it stands ${statement.why}` })
          break
        case "if":
          this.branch(statement, frame)
          break
        case "and-or":
          this.chain(statement, frame)
          break
        case "function":
          if (frame.skipped === undefined)
            this.functions.set(statement.name, { body: statement.body, source: frame.source })
          break
        case "for":
          this.loop(statement, frame)
          break
      }
    }
  }

  /** The first branch whose condition is true; all of them where that is not known. */
  private branch({ branches, otherwise }: Statement & { statement: "if" }, frame: Frame): void {
    let inside = frame
    for (const { condition, body } of branches) {
      const outcome = this.outcome(condition, inside)
      const text = textOf(condition, frame.source)
      if (outcome === undefined) {
        const doubt = { ...inside, uncertain: inside.uncertain ?? "it stands under if" }
        this.run(condition, doubt)
        this.run(body, doubt)
        inside = doubt
      } else {
        this.run(body, outcome ? inside : { ...inside, skipped: inside.skipped ?? `${text} is false` })
        if (outcome) inside = { ...inside, skipped: inside.skipped ?? `${text} is true` }
      }
    }
    this.run(otherwise, inside)
  }

  private chain({ first, rest }: Statement & { statement: "and-or" }, frame: Frame): void {
    let outcome = this.outcome([first], frame)
    if (outcome === undefined || first.statement !== "command" || !this.isTest(first))
      this.run([first], frame)
    let before: Statement = first
    for (const { operator, statement } of rest) {
      const text = textOf([before], frame.source)
      if (outcome === undefined)
        this.run([statement], { ...frame, uncertain: frame.uncertain ?? `it stands behind ${operator}` })
      else if (outcome === (operator === "&&")) {
        const next = this.outcome([statement], frame)
        this.run([statement], frame)
        outcome = next
        before = statement
      } else this.run([statement], { ...frame, skipped: frame.skipped ?? `${text} is ${outcome}` })
    }
  }

  /** Whether a condition holds, where that is known without running anything. */
  private outcome(condition: readonly Statement[], frame: Frame): boolean | undefined {
    const [only, more] = condition
    if (more !== undefined || only?.statement !== "command" || frame.uncertain !== undefined) return undefined
    if (only.words.every(isAssignment)) return true
    if (!this.isTest(only)) return undefined
    const [name, ...fields] = expand(only.words, this.variables).fields
    if (name?.text === "true" || name?.text === ":") return true
    return name?.text === "false" ? false : testOutcome(name?.text ?? "", fields)
  }

  private isTest({ words }: Statement & { statement: "command" }): boolean {
    return tests.has(words[0]?.text ?? "")
  }

  private tooMuch(statement: Statement, { source }: Frame): void {
    if (this.diagnostics.some(({ id }) => id === "file-too-large")) return
    this.diagnostics.push({
      id: "file-too-large",
      severity: "error",
      message: `more than ${MOST_COMMANDS} commands: what comes behind is not read`,
      span: source.span(statement.start, statement.end),
    })
  }

  private loop(statement: Statement & { statement: "for" }, frame: Frame): void {
    const { fields } = expand(statement.words, this.variables)
    const unknown = fields.find((field) => field.unknown !== undefined)
    if (frame.skipped !== undefined) {
      this.run(statement.body, frame)
      return
    }
    if (unknown || fields.length === 0) {
      const why = unknown ? `its loop goes over ${unknown.unknown}` : "its loop goes over nothing"
      if (unknown)
        this.set(statement.variable, { texts: [], isList: false, unknown: `$${statement.variable}` })
      if (unknown) this.run(statement.body, { ...frame, uncertain: frame.uncertain ?? why })
      else this.run(statement.body, { ...frame, skipped: why })
      return
    }
    for (const { text } of fields) {
      this.set(statement.variable, { texts: [text], isList: false })
      this.run(statement.body, frame)
    }
  }

  private command(statement: Statement & { statement: "command" }, frame: Frame): void {
    const { words } = statement
    const first = words.findIndex((word) => !isAssignment(word))
    if (first < 0) {
      if (frame.skipped === undefined) for (const word of words) this.assign(word, frame)
      return
    }
    const { fields, unset } = expand(words.slice(first), this.variables)
    if (fields.length === 0) return
    const name = fields[0]!
    if (frame.skipped !== undefined) {
      this.skip(statement, fields, frame)
      return
    }
    if (name.unknown === undefined && declares.has(name.text)) {
      for (const word of words.slice(first + 1)) if (isAssignment(word)) this.assign(word, frame)
      return
    }
    if (name.text === "unset") {
      for (const { text } of fields.slice(1)) this.variables.delete(text)
      return
    }
    if (name.unknown === undefined && this.call(name.text, fields.slice(1), frame)) return
    const from = words[first]!
    const span = frame.source.span(from.start, statement.end)
    if ((name.text === "source" || name.text === ".") && fields.length > 1) {
      if (this.include(fields[1]!, span, frame)) return
    }
    const unknown = fields.find((field) => field.unknown !== undefined)?.unknown
    const uncertain =
      frame.uncertain ?? (unknown === undefined ? undefined : `it needs what ${oneLine(unknown)} is`)
    this.commands.push({
      name: name.text,
      words: fields.slice(1).map(({ text }) => text),
      span,
      text: oneLine(frame.source.text.slice(from.start, statement.end)),
      ...(uncertain !== undefined && { uncertain }),
      diagnostics: [...new Set(unset)].map((variable) => ({
        id: "firehol-unset-variable",
        severity: "warning",
        message: `$${variable} is not set: to bash it is nothing`,
        span,
      })),
    })
  }

  /** What bash passes over is told, and does nothing. */
  private skip(
    { start, end }: Statement & { statement: "command" },
    fields: readonly Field[],
    { source, skipped = "" }: Frame,
  ): void {
    this.commands.push({
      name: fields[0]!.text,
      words: fields.slice(1).map(({ text }) => text),
      span: source.span(start, end),
      text: oneLine(source.text.slice(start, end)),
      skipped,
      diagnostics: [],
    })
  }

  /** A function that the configuration defines; whether there is one. */
  private call(name: string, values: readonly Field[], frame: Frame): boolean {
    const definition = this.functions.get(name)
    if (!definition || frame.depth >= MOST_CALLS) return false
    const before = new Map(this.variables)
    const unknown = values.find((value) => value.unknown !== undefined)?.unknown
    const all: Value = {
      texts: values.map(({ text }) => text),
      isList: true,
      ...(unknown !== undefined && { unknown }),
    }
    for (let index = 1; index <= 9; index++) {
      const value = values[index - 1]
      if (!value) this.variables.set(`${index}`, { texts: [], isList: false })
      else
        this.variables.set(`${index}`, {
          texts: [value.text],
          isList: false,
          ...(value.unknown !== undefined && { unknown: value.unknown }),
        })
    }
    this.variables.set("@", all)
    this.variables.set("*", all)
    this.run(definition.body, { ...frame, source: definition.source, depth: frame.depth + 1 })
    for (const position of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "@", "*"]) {
      const value = before.get(position)
      if (value) this.variables.set(position, value)
      else this.variables.delete(position)
    }
    return true
  }

  private include({ text, unknown }: Field, span: Span, frame: Frame): boolean {
    if (unknown !== undefined || frame.depth >= MOST_CALLS) return false
    const file = this.options.read(text, span.file)
    if (isProblem(file)) return false
    this.file(file, frame.depth + 1, frame.uncertain)
    return true
  }

  private assign(word: Word, frame: Frame): void {
    const [first, ...rest] = word.pieces
    const found =
      first?.piece === "text" ? /^([A-Za-z_]\w*)(?:\[[^\]]*\])?(\+?)=([\s\S]*)$/.exec(first.text) : null
    if (!found) return
    const [, name, more, behind] = found
    const before = more === "+" ? this.variables.get(name!) : undefined
    if (frame.uncertain !== undefined) {
      this.set(name!, { texts: [], isList: false, unknown: `$${name}, for ${frame.uncertain}` })
      return
    }
    if (word.list) {
      const { fields } = expand(word.list, this.variables)
      const unknown = fields.find((field) => field.unknown !== undefined)?.unknown ?? before?.unknown
      const texts = [...(before?.texts ?? []), ...fields.map(({ text }) => text)]
      this.set(name!, { texts, isList: true, ...(unknown !== undefined && { unknown }) })
      return
    }
    const pieces = [{ piece: "text", text: behind!, quoted: true } as const, ...rest]
    const { field } = expandValue(pieces, this.variables)
    const text = (before?.texts.join(" ") ?? "") + field.text
    const unknown = field.unknown ?? before?.unknown
    this.set(name!, {
      texts: [text.slice(0, 100_000)],
      isList: false,
      ...(unknown !== undefined && { unknown }),
    })
  }

  private set(name: string, value: Value): void {
    this.variables.set(name, value)
  }
}

/** Where the tokens of the last line begin. */
function lineBefore(tokens: readonly Token[]): number {
  const at = tokens.findLastIndex((token) => isOperator(token) && token.operator === "\n")
  return at + 1
}

/** Commands whose outcome may be known from their words. */
const tests: ReadonlySet<string> = new Set(["test", "[", "[[", "true", "false", ":"])

function textOf(statements: readonly Statement[], source: ShellText): string {
  const [first] = statements
  return first ? oneLine(source.text.slice(first.start, statements.at(-1)!.end)) : "the condition"
}

const declares = new Set(["export", "local", "declare", "typeset", "readonly"])

function isAssignment({ pieces }: Word): boolean {
  const [first] = pieces
  return first?.piece === "text" && !first.quoted && /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/.test(first.text)
}

/** As written, without the ends of lines that go on. */
export function oneLine(text: string): string {
  return text
    .replace(/\\\r?\n/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 500)
}
