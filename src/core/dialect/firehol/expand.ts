import { testOutcome } from "./condition.js"
import { lex } from "./lexer.js"
import { parseShell, type Statement } from "./shell.js"
import type { Piece, Word } from "./shell-text.js"

/** A word as the command gets it. `unknown`: a part of it is only known by running something; `text` has the rest. */
export interface Field {
  readonly text: string
  readonly unknown?: string
}

/** What a variable holds: one text, or the members of a list. */
export interface Value {
  readonly texts: readonly string[]
  readonly isList: boolean
  /** Why it is not known. */
  readonly unknown?: string
}

export type Variables = Map<string, Value>

export interface Expanded {
  readonly fields: readonly Field[]
  /** Variables that nothing has set: bash takes them for nothing. */
  readonly unset: readonly string[]
}

/** More is nobody's configuration: variables that double themselves. */
const MOST_TEXT = 100_000
const MOST_FIELDS = 20_000

/** What bash makes of words: variables put in, and split at blanks where they stand without quotation marks. */
export function expand(words: readonly Word[], variables: Variables): Expanded {
  const fields: Field[] = []
  const unset: string[] = []
  for (const word of words) {
    if (fields.length > MOST_FIELDS) break
    for (const field of expandWord(word, variables, unset, true)) fields.push(field)
  }
  return { fields: fields.slice(0, MOST_FIELDS), unset }
}

/** What stands behind `NAME=`: nothing is split. */
export function expandValue(
  pieces: readonly Piece[],
  variables: Variables,
): { readonly field: Field; readonly unset: readonly string[] } {
  const unset: string[] = []
  const word = { pieces, text: "", start: 0, end: 0 }
  const [field] = expandWord(word, variables, unset, false)
  return { field: field ?? { text: "" }, unset }
}

function expandWord(word: Word, variables: Variables, unset: string[], split: boolean): Field[] {
  const done: Field[] = []
  let text = ""
  let unknown: string | undefined
  // A word of nothing but unset variables is no word; "" is one.
  let isThere = false
  const close = () => {
    if (isThere) done.push(unknown === undefined ? { text } : { text, unknown })
    text = ""
    unknown = undefined
    isThere = false
  }
  for (const piece of word.pieces) {
    if (done.length > MOST_FIELDS) break
    if (piece.piece === "text") {
      text += piece.text
      isThere = true
      if (split && !piece.quoted && /\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}/.test(piece.text)) unknown = piece.text
      continue
    }
    const value = piece.piece === "command" ? printed(piece.text, variables) : lookUp(piece, variables, unset)
    if (value.unknown !== undefined) unknown = value.unknown
    if (value.unknown !== undefined || piece.quoted) isThere = true
    const isSeparate = value.isList && piece.quoted && piece.piece === "variable" && /@\]?$/.test(piece.name)
    const parts =
      piece.quoted || !split
        ? isSeparate && split
          ? value.texts
          : [value.texts.join(" ")]
        : fieldsOf(value.texts.join(" "))
    for (const [index, part] of parts.entries()) {
      if (index > 0) close()
      if (part === null) continue
      text += part
      if (text.length > MOST_TEXT) {
        text = text.slice(0, MOST_TEXT)
        unknown = "a text without end"
      }
      isThere = true
    }
  }
  close()
  return done
}

/** Split at blanks; null: a blank at the beginning or the end, where a new word begins. */
function fieldsOf(text: string): (string | null)[] {
  const words: (string | null)[] = text.split(/[ \t\n]+/).slice(0, MOST_FIELDS)
  return words.map((word) => (word === "" ? null : word))
}

const nothing: Value = { texts: [], isList: false }

function lookUp(piece: Piece & { piece: "variable" }, variables: Variables, unset: string[]): Value {
  const { operation } = piece
  const bracket = /^(\w+)\[(.*)\]$/.exec(piece.name)
  const name = bracket ? bracket[1]! : piece.name
  const found = variables.get(name)
  const member = bracket && found ? memberOf(found, bracket[2]!) : found
  if (operation === "") {
    if (member) return member
    if (isShells(name)) return { ...nothing, unknown: `$${name}` }
    // Brackets of a list that is there, but has no such member, are nothing as well.
    if (!found) unset.push(name)
    return nothing
  }
  if (operation === "^^" || operation === ",,") {
    if (!member) unset.push(name)
    const texts = member?.texts.map((text) => (operation === "^^" ? text.toUpperCase() : text.toLowerCase()))
    return member && texts ? { ...member, texts } : nothing
  }
  const otherwise = /^:?([-=+])([\s\S]*)$/.exec(operation)
  if (!otherwise || /[$`\\"']/.test(otherwise[2]!))
    return { ...nothing, unknown: `\${${piece.name}${operation}}` }
  if (member?.unknown !== undefined) return member
  const isSet = member !== undefined && (member.texts.join(" ") !== "" || !operation.startsWith(":"))
  const other: Value = { texts: [otherwise[2]!], isList: false }
  if (otherwise[1] === "+") return isSet ? other : nothing
  return isSet ? member : other
}

/** What a command in backticks prints, where it does no more than to test words and to echo them. */
function printed(text: string, variables: Variables): Value {
  const inside = text.startsWith("`") ? text.slice(1, -1) : text.slice(2, -1)
  const { tokens, open } = lex(inside)
  const [statement, ...more] = open ? [] : parseShell(tokens)
  const output = statement && more.length === 0 ? outputOf(statement, variables) : undefined
  return output === undefined
    ? { ...nothing, unknown: text }
    : { texts: [output.replace(/\n+$/, "")], isList: false }
}

function outputOf(statement: Statement, variables: Variables): string | undefined {
  if (statement.statement === "and-or") {
    const [next, ...more] = statement.rest
    const { first } = statement
    if (first.statement !== "command" || !next || more.length > 0) return undefined
    const [name, ...fields] = expand(first.words, variables).fields
    const outcome = name && /^(?:test|\[|\[\[)$/.test(name.text) ? testOutcome(name.text, fields) : undefined
    if (outcome === undefined) return undefined
    return outcome === (next.operator === "&&") ? outputOf(next.statement, variables) : ""
  }
  if (statement.statement !== "command") return undefined
  const [name, ...fields] = expand(statement.words, variables).fields
  if (name?.text !== "echo" || fields.some(({ unknown }) => unknown !== undefined)) return undefined
  return fields[0]?.text.startsWith("-") ? undefined : fields.map((field) => field.text).join(" ")
}

/** `$?`, `$$`, `$#` and what the login brings. */
function isShells(name: string): boolean {
  return /^(?:[?$#!-]|HOME|USER|HOSTNAME|RANDOM|PATH|PWD|SECONDS|EUID|UID|IFS|BASH\w*|LINENO|SSH_\w+)$/.test(
    name,
  )
}

function memberOf(value: Value, index: string): Value | undefined {
  if (index === "@" || index === "*") return { ...value, isList: true }
  if (!/^\d+$/.test(index)) return { ...nothing, unknown: `[${index}]` }
  const text = value.texts[Number(index)]
  return text === undefined ? undefined : { ...value, texts: [text], isList: false }
}
