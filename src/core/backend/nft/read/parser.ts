import { type Diagnostic, isProblem, type Span } from "../../../base/diagnostic.js"
import type { DiagnosticId } from "../../../base/diagnostic-ids.js"
import { didYouMean } from "../../../base/nearest.js"
import { reservedNames } from "../../../ruleset/name.js"
import type { RuleFile } from "../../read-rules.js"
import { Token, valueOfNumber } from "./lexer.js"
import { plainSpan, Source } from "./place.js"
import type { Syntax } from "./syntax.js"
import { TokenWindow } from "./token-window.js"
import { leaf } from "./tree.js"

/** Thrown once the mistake is reported, caught where reading can go on: at the next line. It never leaves the reader. */
export class SyntaxFailure extends Error {}

/** nft's own limit (MAX_INCLUDE_DEPTH). */
const includeMaximum = 16
/** The kernel's (NFT_NAME_MAXLEN, with a zero at the end). */
const NAME_MAXIMUM = 255
/** Parentheses, blocks and sets inside each other. */
const depthMaximum = 200

interface Frame {
  readonly file: RuleFile
  readonly tokens: TokenWindow
  /** How many includes led here. */
  readonly depth: number
}

/** The tokens of a file and of what it includes, the variables in force, and what is wrong: what all parts of the grammar share. */
export class Parser {
  readonly diagnostics: Diagnostic[] = []
  /** Commands that stand before the one being read: chains without a name. */
  readonly pending: Syntax[] = []
  anonymousChains = 0
  private readonly frames: Frame[] = []
  private frame: Frame
  private readonly scopes: Map<string, Syntax>[] = [new Map()]
  private depth = 0

  constructor(file: RuleFile) {
    this.frame = this.open(file, 0)
  }

  private open(file: RuleFile, depth: number, before?: Token): Frame {
    return { file, tokens: new TokenWindow(new Source(file.path, file.text), before), depth }
  }

  /** Looking ahead stays inside a file. */
  peek(ahead = 0): Token {
    const token = this.frame.tokens.peek(ahead)
    if (token.kind !== "end" || this.frames.length === 0) return token
    while (this.frame.tokens.peek(0).kind === "end" && this.frames.length > 0) this.frame = this.frames.pop()!
    return this.frame.tokens.peek(ahead)
  }

  next(): Token {
    const token = this.peek()
    if (token.kind !== "end") this.frame.tokens.advance()
    return token
  }

  /** The token before: where what was read ends. */
  previous(): Token {
    return this.frame.tokens.previous()
  }

  /** A word or a sign; never a text in quotation marks. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.text === text && (token.kind === "word" || token.kind === "sign")
  }

  isOneOf(texts: ReadonlySet<string>, ahead = 0): boolean {
    const token = this.peek(ahead)
    return (token.kind === "word" || token.kind === "sign") && texts.has(token.text)
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.next()
    return true
  }

  expect(text: string, after: string): Token {
    if (!this.is(text)) this.fail(`${after} nft takes "${text}", not ${describe(this.peek())}`)
    return this.next()
  }

  /** Where a statement or a line ends. */
  isEnd(): boolean {
    const { kind } = this.peek()
    return kind === "line" || kind === "end" || this.is(";") || this.is("}")
  }

  skipLines(): void {
    while (this.peek().kind === "line") this.next()
  }

  /** Ends of lines and semicolons. */
  skipSeparators(): void {
    while (this.peek().kind === "line" || this.is(";")) this.next()
  }

  /** The end of a command: the file's end is one too. */
  endCommand(what: string): void {
    if (this.peek().kind !== "end") this.endLine(what)
  }

  /** What stands in braces ends before they are closed (nft 1.0.6 and 1.1). */
  endLine(what: string): void {
    if (this.is("}"))
      this.fail(`behind ${what} nft takes the end of the line or ";"`, this.peek(), 'put ";" before "}"')
    if (this.peek().kind !== "line" && !this.is(";"))
      this.fail(`behind ${what} nft takes the end of the line or ";", not ${describe(this.peek())}`)
    this.skipSeparators()
  }

  /** On to the next line of the same block, past what was not understood and the blocks inside it. */
  recover(): void {
    let braces = 0
    for (;;) {
      const { kind } = this.peek()
      if (kind === "end") return
      if (braces === 0 && (kind === "line" || this.is(";") || this.is("}"))) return
      if (this.is("{")) braces++
      if (this.is("}")) braces--
      this.next()
    }
  }

  /** Runs a part of the grammar; after a mistake in it, goes on with the next line. */
  attempt(read: () => void): void {
    const { depth } = this
    try {
      read()
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure
      this.depth = depth
      this.recover()
    }
  }

  nested<Result>(read: () => Result): Result {
    if (this.depth >= depthMaximum) this.fail("this is nested too deep")
    this.depth++
    const result = read()
    this.depth--
    return result
  }

  fail(message: string, token: Token = this.peek(), hint?: string): never {
    this.report("nft-syntax", message, token.span, hint)
    throw new SyntaxFailure(message)
  }

  /** The word at hand is none of the known ones. */
  failUnknown(what: string, known: Iterable<string>): never {
    const token = this.peek()
    this.fail(`${describe(token)} is not ${what}`, token, didYouMean(token.text, [...known]))
  }

  report(id: DiagnosticId, message: string, span: Span, hint?: string): void {
    this.diagnostics.push({
      id,
      severity: "error",
      message,
      span: plainSpan(span),
      ...(hint !== undefined && { hint }),
    })
  }

  /** The name of a chain, a set, a device …: a word, a text in quotation marks, or a variable that holds one. */
  name(what: string): Syntax {
    if (this.is("$")) return this.variable()
    const token = this.peek()
    if (token.kind !== "word" && token.kind !== "string") {
      // `1table` is no name, and a bare number is none either.
      this.fail(`${describe(token)} cannot be the name of a ${what}`)
    }
    this.next()
    return leaf(token.text, token.span)
  }

  /** The name of a table, or of something in one: a word that is none of nft's own, without quotation marks; or a variable. */
  identifier(what: string): Syntax {
    const token = this.peek()
    if (token.kind === "string") this.fail(`the name of a ${what} stands without quotation marks`, token)
    if (token.kind === "word" && reservedNames.has(token.text))
      this.fail(`"${token.text}" is a word of nft's own, and cannot be the name of a ${what}`, token)
    if (token.text.length > NAME_MAXIMUM)
      this.fail(`the name of a ${what} has at most ${NAME_MAXIMUM} characters`, token)
    return this.name(what)
  }

  /** Text, mostly in quotation marks. */
  string(what: string): Syntax {
    if (this.is("$")) return this.variable()
    const token = this.peek()
    if (token.kind !== "word" && token.kind !== "string") this.fail(`${what} is a text in quotation marks`)
    this.next()
    return leaf(token.text, token.span, true)
  }

  number(what: string): Syntax {
    if (this.is("$")) return this.variable()
    const token = this.peek()
    if (token.kind !== "number") this.fail(`${what} is a number, not ${describe(token)}`)
    this.next()
    return leaf(valueOfNumber(token.text), token.span)
  }

  /** `30s`, `1d2h`, or a number of seconds. */
  time(what: string): Syntax {
    if (this.is("$")) return this.variable()
    const token = this.peek()
    if (token.kind === "number") return this.number(what)
    if (token.kind !== "word" && token.kind !== "string") this.fail(`${what} is a time such as 30s or 1h30m`)
    this.next()
    return leaf(token.text, token.span)
  }

  /** `$name`: what it stands for, at the place where it is used. */
  variable(): Syntax {
    const sign = this.expect("$", "here")
    const token = this.next()
    for (let index = this.scopes.length - 1; index >= 0; index--) {
      const value = this.scopes[index]!.get(token.text)
      if (value) return { ...value, span: sign.span }
    }
    const known = this.scopes.flatMap((scope) => [...scope.keys()])
    this.report(
      "nft-unknown-variable",
      `nothing before defines $${token.text}`,
      sign.span,
      didYouMean(token.text, known),
    )
    throw new SyntaxFailure()
  }

  /** A text with what its `$name`s stand for, as nft fills in the prefix of a log. */
  filledText(what: string): Syntax {
    const token = this.peek()
    const text = this.string(what)
    if (token.kind !== "string" || text.kind !== "leaf") return text
    const filled = token.text.replaceAll(/\$(\w*)/g, (_, name: string) => {
      const value = this.scopes.findLast((scope) => scope.has(name))?.get(name)
      if (value?.kind === "leaf") return String(value.value)
      this.report("nft-unknown-variable", `nothing before defines $${name} as a text`, token.span)
      return ""
    })
    return leaf(filled, token.span, true)
  }

  /** Whether the variable at hand is defined: what it stands for. */
  peekVariable(): Syntax | undefined {
    if (!this.is("$")) return undefined
    const { text } = this.peek(1)
    return this.scopes.findLast((scope) => scope.has(text))?.get(text)
  }

  scoped(read: () => void): void {
    const { length } = this.scopes
    this.scopes.push(new Map())
    try {
      read()
    } finally {
      this.scopes.length = length
    }
  }

  define(name: Token, value: Syntax, isRedefinition: boolean): void {
    const scope = this.scopes[this.scopes.length - 1]!
    if (!isRedefinition && scope.has(name.text))
      this.report(
        "nft-unknown-variable",
        `$${name.text} is defined already`,
        name.span,
        "redefine changes it",
      )
    scope.set(name.text, value)
  }

  undefine(name: Token): void {
    if (!this.scopes[this.scopes.length - 1]!.delete(name.text))
      this.report("nft-unknown-variable", `nothing before defines $${name.text}`, name.span)
  }

  /** What the files hold is read next. */
  include(pattern: string, at: Token): void {
    const { file, depth } = this.frame
    if (!file.include) {
      this.report("nft-include", `"${pattern}" is not read: there are no files here to include`, at.span)
      return
    }
    if (depth >= includeMaximum) {
      this.report("nft-include", `includes nest deeper than ${includeMaximum}`, at.span)
      return
    }
    const found = file.include(pattern, file.path)
    if (isProblem(found)) {
      this.report("nft-include", found.message, at.span, found.hint)
      return
    }
    for (const each of found.toReversed()) {
      this.frames.push(this.frame)
      // The line of the include ends here; what ends it in its own file ends the last line that it brings.
      const line = new Token("line", "\n", at.source, at.from, at.from)
      this.frame = this.open({ ...(file.include && { include: file.include }), ...each }, depth + 1, line)
    }
  }

  /** The text from one token to another of the same file, on one line. */
  textFrom(first: Token): string {
    const last = this.previous()
    if (last.source !== first.source) return ""
    const text = first.source.text.slice(first.from, last.to)
    return text.includes("\n") ? text.replaceAll(/\\?\s*\n\s*/g, " ") : text
  }
}

export function describe(token: Token): string {
  if (token.kind === "end") return "the end of the file"
  if (token.kind === "line") return "the end of the line"
  if (token.kind === "bad" && token.text === '"') return "a text whose quotation mark is not closed"
  return `"${token.text}"`
}
