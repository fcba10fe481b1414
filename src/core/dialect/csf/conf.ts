import type { Span } from "../../base/diagnostic.js"
import type { DialectFile } from "../imported.js"

/** One line of csf.conf: `KEY = "VALUE"`. */
export interface Setting {
  readonly name: string
  /** What stands between the first and the last quote. */
  readonly value: string
  /** The line as written, without spaces around it. */
  readonly text: string
  readonly span: Span
  /** Where the value begins in its line, from 1. */
  readonly valueColumn: number
  /** Why csf does not start with this line: it has no quotes, or the setting stood before. Then nothing of the file counts. */
  readonly refusal?: string
}

/** A line that csf passes over, though somebody may have meant something. */
export interface StrayLine {
  readonly text: string
  readonly span: Span
}

export interface Conf {
  readonly settings: readonly Setting[]
  readonly strays: readonly StrayLine[]
}

/** Reads csf.conf as csf does: comments begin a line, spaces in names do not count, and the value is all from the first quote to the last. */
export function readConf({ path, text }: DialectFile): Conf {
  const settings: Setting[] = []
  const strays: StrayLine[] = []
  const lines = new Map<string, number>()
  for (const [index, line] of text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    const written = line.trim()
    if (written === "" || written.startsWith("#")) continue
    const number = index + 1
    const column = line.indexOf(written) + 1
    const span = { file: path, line: number, column, endLine: number, endColumn: column + written.length }
    const equals = line.indexOf("=")
    if (equals < 0) {
      strays.push({ text: written, span })
      continue
    }
    const name = line.slice(0, equals).replace(/\s/g, "")
    const first = line.indexOf('"', equals)
    const last = line.lastIndexOf('"')
    const hasQuotes = first >= 0 && last > first
    const before = lines.get(name)
    const refusal = hasQuotes
      ? before === undefined
        ? undefined
        : `${name} stands in line ${before} already`
      : "the value is not in double quotes"
    if (before === undefined) lines.set(name, number)
    settings.push({
      name,
      value: hasQuotes ? line.slice(first + 1, last) : line.slice(equals + 1).trim(),
      text: written,
      span,
      valueColumn: hasQuotes ? first + 2 : equals + 2,
      ...(refusal !== undefined && { refusal }),
    })
  }
  return { settings, strays }
}

/** One item of a list with commas. */
export interface ListItem {
  /** As written, without spaces around it. */
  readonly text: string
  /** Without any spaces, as csf reads it. */
  readonly plain: string
  readonly span: Span
}

/** The items of a value, each with its own columns; empty ones at the end are none, as in Perl's split. */
export function listItems({ value, span, valueColumn }: Setting): readonly ListItem[] {
  const items: ListItem[] = []
  let at = 0
  for (const part of value.split(",")) {
    const text = part.trim()
    const column = valueColumn + at + (text === "" ? 0 : part.indexOf(text))
    const ends = { endLine: span.line, endColumn: column + text.length }
    items.push({ text, plain: part.replace(/\s/g, ""), span: { ...span, column, ...ends } })
    at += part.length + 1
  }
  while (items.length > 0 && items.at(-1)!.plain === "") items.pop()
  return items
}
