import type { Piece, Token, Word } from "./shell-text.js"

export interface Lexed {
  readonly tokens: readonly Token[]
  /** A quotation mark or bracket without its end: where it stands. What comes behind it was not read. */
  readonly open?: { readonly what: string; readonly at: number }
}

const blank = /[ \t\r]/
const operators = [
  ";;&",
  "&>>",
  "<<<",
  "<<-",
  "&&",
  "||",
  ";;",
  ";&",
  "<<",
  ">>",
  "<&",
  ">&",
  "<>",
  "&>",
  "\n",
  ";",
  "&",
  "|",
  "(",
  ")",
  "<",
  ">",
]

/**
 * Words and operators of bash: quotation marks, comments, continued lines, variables, commands in the middle of words. A newline is an operator.
 * Documents behind `<<` are left out. Never throws.
 */
export function lex(text: string): Lexed {
  return new Lexer(text).all()
}

/** Something without its end. */
class Open {
  readonly what: string
  readonly at: number

  constructor(what: string, at: number) {
    this.what = what
    this.at = at
  }
}

class Lexer {
  private readonly text: string
  private at = 0
  private readonly documents: { readonly end: string; readonly tabs: boolean }[] = []

  constructor(text: string) {
    this.text = text
  }

  all(): Lexed {
    const tokens: Token[] = []
    for (;;) {
      this.skip()
      if (this.at >= this.text.length) return { tokens }
      const start = this.at
      const operator = operators.find((each) => this.text.startsWith(each, start))
      if (operator !== undefined) {
        this.at += operator.length
        tokens.push({ operator, start, end: this.at })
        if (operator === "<<" || operator === "<<-") this.document(operator === "<<-")
        if (operator === "\n") this.skipDocuments()
        continue
      }
      const word = this.word()
      if (word instanceof Open) return { tokens, open: { what: word.what, at: word.at } }
      tokens.push(word)
    }
  }

  /** Blanks, continued lines and comments. */
  private skip(): void {
    for (;;) {
      const character = this.text[this.at]
      if (character === undefined) return
      if (blank.test(character)) this.at++
      else if (character === "\\" && this.isLineEnd(this.at + 1)) this.at = this.afterLine(this.at + 1)
      else if (character === "#") {
        const end = this.text.indexOf("\n", this.at)
        this.at = end < 0 ? this.text.length : end
      } else return
    }
  }

  private isLineEnd(at: number): boolean {
    return this.text[at] === "\n" || (this.text[at] === "\r" && this.text[at + 1] === "\n")
  }

  private afterLine(at: number): number {
    return this.text[at] === "\r" ? at + 2 : at + 1
  }

  private word(): Word | Open {
    const start = this.at
    const pieces: Piece[] = []
    let plain = ""
    const push = (piece: Piece | undefined) => {
      if (plain !== "") pieces.push({ piece: "text", text: plain, quoted: false })
      plain = ""
      if (piece) pieces.push(piece)
    }
    while (this.at < this.text.length) {
      const character = this.text[this.at]!
      if (blank.test(character) || character === "\n") break
      if (character === "(" && /^[A-Za-z_]\w*\+?=$/.test(plain) && pieces.length === 0) {
        const list = this.list()
        if (list instanceof Open) return list
        push(undefined)
        return { pieces, list, text: this.text.slice(start, this.at), start, end: this.at }
      }
      if (";&|<>()".includes(character)) break
      if (character === "\\") {
        if (this.isLineEnd(this.at + 1)) this.at = this.afterLine(this.at + 1)
        else {
          push({ piece: "text", text: this.text[this.at + 1] ?? "\\", quoted: true })
          this.at += 2
        }
        continue
      }
      if (character === "'") {
        const end = this.text.indexOf("'", this.at + 1)
        if (end < 0) return new Open("'", this.at)
        push({ piece: "text", text: this.text.slice(this.at + 1, end), quoted: true })
        this.at = end + 1
        continue
      }
      if (character === '"') {
        const quoted = this.quoted()
        if (quoted instanceof Open) return quoted
        push(undefined)
        pieces.push(...quoted)
        continue
      }
      if (character === "$" || character === "`") {
        const piece = this.expansion(false)
        if (piece instanceof Open) return piece
        push(piece)
        continue
      }
      plain += character
      this.at++
    }
    push(undefined)
    return { pieces, text: this.text.slice(start, this.at), start, end: Math.min(this.at, this.text.length) }
  }

  private quoted(): Piece[] | Open {
    const start = this.at++
    const pieces: Piece[] = []
    let text = ""
    for (;;) {
      const character = this.text[this.at]
      if (character === undefined) return new Open('"', start)
      if (character === '"') {
        this.at++
        pieces.push({ piece: "text", text, quoted: true })
        return pieces
      }
      if (character === "\\") {
        const next = this.text[this.at + 1] ?? ""
        if (this.isLineEnd(this.at + 1)) this.at = this.afterLine(this.at + 1)
        else {
          text += '$`"\\'.includes(next) ? next : `\\${next}`
          this.at += 2
        }
        continue
      }
      if (character === "$" || character === "`") {
        const piece = this.expansion(true)
        if (piece instanceof Open) return piece
        pieces.push({ piece: "text", text, quoted: true }, piece)
        text = ""
        continue
      }
      text += character
      this.at++
    }
  }

  /** What begins with `$` or a backtick. */
  private expansion(quoted: boolean): Piece | Open {
    const start = this.at
    const { text } = this
    if (text[start] === "`") {
      for (let end = start + 1; end < text.length; end++) {
        if (text[end] === "\\") end++
        else if (text[end] === "`") {
          this.at = end + 1
          return { piece: "command", text: text.slice(start, this.at), quoted }
        }
      }
      return new Open("`", start)
    }
    if (text[start + 1] === "(") {
      const end = closing(text, start + 1)
      if (end < 0) return new Open("$(", start)
      this.at = end + 1
      return { piece: "command", text: text.slice(start, this.at), quoted }
    }
    if (text[start + 1] === "{") {
      const end = closing(text, start + 1)
      if (end < 0) return new Open("${", start)
      this.at = end + 1
      const inside = text.slice(start + 2, end)
      const name = /^(?:[A-Za-z_]\w*(?:\[[^\]]*\])?|\d+|[@*])/.exec(inside)?.[0]
      if (name === undefined) return { piece: "command", text: text.slice(start, this.at), quoted }
      return { piece: "variable", name, operation: inside.slice(name.length), quoted }
    }
    const name = /^(?:[A-Za-z_]\w*|[0-9@*?$#!-])/.exec(text.slice(start + 1, start + 200))?.[0]
    if (name === undefined) {
      this.at++
      return { piece: "text", text: "$", quoted }
    }
    this.at = start + 1 + name.length
    return { piece: "variable", name, operation: "", quoted }
  }

  /** `(one "two three")`, up to its end. */
  private list(): Word[] | Open {
    const start = this.at++
    const words: Word[] = []
    for (;;) {
      this.skip()
      const character = this.text[this.at]
      if (character === undefined) return new Open("(", start)
      if (character === ")") {
        this.at++
        return words
      }
      if ("\n;&|<>(".includes(character)) {
        this.at++
        continue
      }
      const word = this.word()
      if (word instanceof Open) return word
      words.push(word)
    }
  }

  private document(tabs: boolean): void {
    const found = /^[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|\\?([^\s;&|<>()]+))/.exec(
      this.text.slice(this.at, this.at + 200),
    )
    const end = found && (found[1] ?? found[2] ?? found[3])
    if (end !== undefined && end !== null) this.documents.push({ end, tabs })
  }

  private skipDocuments(): void {
    for (const { end, tabs } of this.documents.splice(0)) {
      while (this.at < this.text.length) {
        const stop = this.text.indexOf("\n", this.at)
        const line = this.text.slice(this.at, stop < 0 ? this.text.length : stop)
        this.at = stop < 0 ? this.text.length : stop + 1
        if ((tabs ? line.replace(/^\t+/, "") : line) === end) break
      }
    }
  }
}

/** The bracket that closes the one at `start`, past quotation marks; -1: there is none. */
function closing(text: string, start: number): number {
  const pairs: Readonly<Record<string, string>> = { "(": ")", "{": "}" }
  const open = text[start]!
  const close = pairs[open]!
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === "\\") at++
    else if (character === "'" || character === '"') {
      // Inside, a backslash spares a double quotation mark only.
      let end = at + 1
      while (end < text.length && text[end] !== character)
        end += text[end] === "\\" && character === '"' ? 2 : 1
      at = end
    } else if (character === open) depth++
    else if (character === close && --depth === 0) return at
  }
  return -1
}
