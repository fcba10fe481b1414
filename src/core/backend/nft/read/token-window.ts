import { Lexer, type Token } from "./lexer.js"
import type { Source } from "./place.js"

/** Tokens that were read already, before they are let go. */
const tokensKept = 256

/** A file's tokens as they are read: the one at hand, the one before it, and those that were looked ahead to. */
export class TokenWindow {
  private readonly lexer: Lexer
  private readonly tokens: Token[]
  private at = 0

  /** `before`: a token that is read before those of the file. */
  constructor(source: Source, before?: Token) {
    this.lexer = new Lexer(source)
    this.tokens = before ? [before] : []
  }

  /** Behind the end is the end again. */
  peek(ahead: number): Token {
    const { tokens, at, lexer } = this
    while (tokens.length <= at + ahead) {
      const last = tokens[tokens.length - 1]
      if (last?.kind === "end") return last
      tokens.push(lexer.read())
    }
    return tokens[at + ahead]!
  }

  /** On to the next token. */
  advance(): void {
    this.at++
    if (this.at <= tokensKept) return
    this.tokens.splice(0, this.at - 1)
    this.at = 1
  }

  /** The token before; at the beginning the one at hand. */
  previous(): Token {
    return this.at > 0 ? this.tokens[this.at - 1]! : this.peek(0)
  }
}
