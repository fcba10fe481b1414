import type { Word } from "./words.js"

/** A command of a shell script: its words, and what of it could not be read. */
export interface ShellCommand {
  readonly words: readonly Word[]
  /** A substitution or a variable that nobody set: what it stands for is not known here. */
  readonly unknown?: string
  readonly unclosed?: Word
}

/**
 * The simple commands of a shell's text: quotes, backslashes, comments, lines that go on, `;`, `&&`, `||`, `|` and `&` between commands, redirections left out, and variables that
 * the text itself has set to plain words (`IPT=/sbin/iptables`). Nothing is run: conditions and loops are commands like others, and whoever reads them says so.
 */
export function shellCommands(text: string): readonly ShellCommand[] {
  return new Shell(text).commands()
}

const NAME = /^[A-Za-z_]\w*/

class Shell {
  private readonly text: string
  private readonly variables = new Map<string, string>()
  private readonly found: ShellCommand[] = []
  private words: Word[] = []
  /** Words that begin with `NAME=`, quotes or not behind it. */
  private readonly assignments = new Set<Word>()
  private unknown: string | undefined
  private unclosed: Word | undefined
  private at = 0
  private line = 1
  private lineStart = 0

  constructor(text: string) {
    this.text = text
  }

  commands(): readonly ShellCommand[] {
    while (this.at < this.text.length) {
      const character = this.text[this.at]!
      if (character === "\n") {
        this.newLine()
        this.endCommand()
      } else if (character === "\\" && this.text[this.at + 1] === "\n") {
        this.at++
        this.newLine()
      } else if (" \t\r".includes(character)) this.at++
      else if (character === "#") this.skipLine()
      else if (";&|".includes(character)) {
        this.at++
        this.endCommand()
      } else if (this.redirection()) this.dropRedirected()
      else this.word()
    }
    this.endCommand()
    return this.found
  }

  private newLine(): void {
    this.at++
    this.line++
    this.lineStart = this.at
  }

  private skipLine(): void {
    while (this.at < this.text.length && this.text[this.at] !== "\n") this.at++
  }

  private endCommand(): void {
    let words = this.words
    const { unknown, unclosed } = this
    this.words = []
    this.unknown = undefined
    this.unclosed = undefined
    while (words[0] && this.assignments.has(words[0])) {
      const at = words[0].text.indexOf("=")
      if (unknown === undefined) this.variables.set(words[0].text.slice(0, at), words[0].text.slice(at + 1))
      words = words.slice(1)
    }
    if (words.length === 0) return
    this.found.push({ words, ...(unknown !== undefined && { unknown }), ...(unclosed && { unclosed }) })
  }

  /** `>`, `2>&1`, `</dev/null`: at the start of a word. */
  private redirection(): boolean {
    const found = /^\d*(?:>>|>&|<&|>|<)&?/.exec(this.text.slice(this.at, this.at + 8))
    if (!found) return false
    this.at += found[0].length
    return true
  }

  private dropRedirected(): void {
    while (" \t".includes(this.text[this.at] ?? "\n")) this.at++
    const count = this.words.length
    if (!"\n;&|".includes(this.text[this.at] ?? "\n")) this.word()
    this.words.length = count
  }

  private word(): void {
    const start = { line: this.line, column: this.at - this.lineStart + 1 }
    const isAssignment = /^[A-Za-z_]\w*=/.test(this.text.slice(this.at, this.at + 100))
    let text = ""
    let quoted = false
    /** An unquoted variable's blanks end words. */
    const parts: string[] = []
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]!
      if (" \t\r\n;&|<>".includes(character)) break
      if (character === "'") {
        quoted = true
        text += this.singleQuoted(start)
      } else if (character === '"') {
        quoted = true
        text += this.doubleQuoted(start)
      } else if (character === "\\") {
        if (this.text[this.at + 1] === "\n") {
          this.at++
          this.line++
          this.lineStart = this.at + 1
        } else text += this.text[++this.at] ?? ""
      } else if (character === "$" || character === "`") {
        const value = this.expansion()
        const pieces = value.split(/\s+/)
        if (pieces.length > 1 && !isAssignment) {
          parts.push(text + pieces[0]!, ...pieces.slice(1, -1))
          text = pieces.at(-1)!
        } else text += value
      } else text += character
    }
    const texts = [...parts, text].filter(
      (each, index, all) => each !== "" || (quoted && index === all.length - 1),
    )
    for (const each of texts) {
      const word = { text: each, ...start, quoted: quoted && texts.length === 1 }
      this.words.push(word)
      if (isAssignment) this.assignments.add(word)
    }
  }

  private singleQuoted(start: { readonly line: number; readonly column: number }): string {
    const from = this.at + 1
    const end = this.text.indexOf("'", from)
    const text = this.text.slice(from, end < 0 ? this.text.length : end)
    if (end < 0) this.unclosed = { text, ...start, quoted: true }
    this.countLines(from, from + text.length)
    this.at = end < 0 ? this.text.length : end
    return text
  }

  private doubleQuoted(start: { readonly line: number; readonly column: number }): string {
    let text = ""
    for (this.at++; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]!
      if (character === '"') return text
      if (character === "\\" && '"\\$`\n'.includes(this.text[this.at + 1] ?? "")) {
        this.at++
        if (this.text[this.at] !== "\n") text += this.text[this.at]
      } else if (character === "$" || character === "`") text += this.expansion()
      else text += character
      if (this.text[this.at] === "\n") this.countLines(this.at, this.at + 1)
    }
    this.unclosed = { text, ...start, quoted: true }
    return text
  }

  private countLines(from: number, to: number): void {
    for (let at = from; at < to; at++) {
      if (this.text[at] !== "\n") continue
      this.line++
      this.lineStart = at + 1
    }
  }

  /** At `$` or a backquote; leaves `at` on its last character. */
  private expansion(): string {
    const rest = this.text.slice(this.at, this.at + 200)
    const braced = /^\$\{([A-Za-z_]\w*)\}/.exec(rest)
    const plain = braced ? undefined : NAME.exec(rest.slice(1))
    const name = rest.startsWith("$") ? (braced?.[1] ?? plain?.[0]) : undefined
    if (name === undefined) {
      if (/^\$(?![({@*#?$!\d-])/.test(rest)) return "$"
      this.unknown ??= rest.startsWith("`") ? "`…`" : /^\$\S{0,20}/.exec(rest)![0]
      return rest[0]!
    }
    this.at += braced ? braced[0].length - 1 : name.length
    const value = this.variables.get(name)
    if (value !== undefined) return value
    this.unknown ??= `$${name}`
    return `$${name}`
  }
}
