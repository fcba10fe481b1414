import type { Diagnostic, Span } from "../base/diagnostic.js"

export interface Token {
  readonly text: string
  /** A quoted text, its quotes and escapes taken away. */
  readonly quoted: boolean
  readonly span: Span
}

/** The words of one line: `(` and `)` are words of their own, `#` starts a comment. */
export function lexLine(
  line: string,
  file: string,
  number: number,
  report: (mistake: Diagnostic) => void,
): Token[] {
  const tokens: Token[] = []
  const word = /\s*(?:(#.*)|("(?:[^"\\]|\\.)*"?)|([()])|([^\s()"]+))/y
  while (word.lastIndex < line.length) {
    const found = word.exec(line)
    if (!found || found[1] !== undefined) break
    const text = found[2] ?? found[3] ?? found[4] ?? ""
    const end = word.lastIndex
    const span = { file, line: number, column: end - text.length + 1, endLine: number, endColumn: end + 1 }
    if (found[2] === undefined) {
      tokens.push({ text, quoted: false, span })
      continue
    }
    const closed = text.length > 1 && text.endsWith('"')
    if (!closed)
      report({ id: "script-quote", severity: "error", message: "the text has no closing quote", span })
    tokens.push({
      text: unescapeText(closed ? text.slice(1, -1) : text.slice(1), span, report),
      quoted: true,
      span,
    })
  }
  return tokens
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" }

function unescapeText(text: string, span: Span, report: (mistake: Diagnostic) => void): string {
  const plain = text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex?: string, letter = "") =>
    hex === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  for (const character of plain) {
    if (character.charCodeAt(0) <= 0xff) continue
    report({
      id: "script-character",
      severity: "error",
      message: `"${character}" is not one byte`,
      span,
      hint: "write its bytes with hex",
    })
    break
  }
  return plain
}
