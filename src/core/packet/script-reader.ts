import type { Diagnostic, Span } from "../base/diagnostic.js"
import type { DiagnosticId } from "../base/diagnostic-ids.js"
import { parseHex } from "./script-draft.js"
import type { Token } from "./script-lexer.js"

/** Takes the words of a line one after another, as what they shall be, and reports those that are not. */
export class TokenReader {
  protected readonly tokens: readonly Token[]
  protected readonly report: (mistake: Diagnostic) => void
  protected at = 0
  protected mistakes = 0

  constructor(tokens: readonly Token[], report: (mistake: Diagnostic) => void) {
    this.tokens = tokens
    this.report = report
  }

  protected word(what: string): string {
    const token = this.take()
    if (!token) this.mistake("script-no-packet", `${what} is missing`, this.previous())
    return token?.text ?? ""
  }

  protected number(name: string, largest: number): number {
    const token = this.take()
    const value = parseNumber(token?.text ?? "")
    if (value !== undefined && value <= largest) return value
    this.mistake(
      "script-number",
      `${name} takes a number from 0 to ${largest}, not "${token?.text ?? ""}"`,
      this.spanOf(token),
    )
    return 0
  }

  protected hex(): Uint8Array {
    const token = this.take()
    const bytes = parseHex(token?.text ?? "")
    if (bytes) return bytes
    this.mistake(
      "script-hex",
      `"${token?.text ?? ""}" is not made of whole hexadecimal bytes`,
      this.spanOf(token),
    )
    return new Uint8Array(0)
  }

  protected expect(text: string): void {
    if (this.peek() === text) this.at++
    else this.mistake("script-word", `"${text}" is missing here`, this.spanOf(this.tokens[this.at]))
  }

  protected peek(): string | undefined {
    const token = this.tokens[this.at]
    return token?.quoted ? undefined : token?.text
  }

  protected take(): Token | undefined {
    return this.tokens[this.at++]
  }

  protected previous(): Span {
    return this.tokens[Math.min(this.at, this.tokens.length) - 1]?.span ?? this.tokens[0]!.span
  }

  protected spanOf(token: Token | undefined): Span {
    return token?.span ?? this.tokens.at(-1)!.span
  }

  protected mistake(id: DiagnosticId, message: string, span: Span, hint?: string): void {
    this.mistakes++
    this.report({ id, severity: "error", message, span, ...(hint === undefined ? {} : { hint }) })
  }
}

/** Decimal, or hexadecimal with 0x. */
export function parseNumber(text: string): number | undefined {
  return /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined
}

const timeUnits: Readonly<Record<string, number>> = {
  "": 1e9,
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  ns: 1,
  m: 60e9,
  h: 3600e9,
}

/** `0.3` and `2s` in seconds, `5ms`, `10us`, `7ns`, `2m`, `1h`: in nanoseconds. */
export function parseTime(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(s|ms|us|ns|m|h|)$/.exec(text)
  const unit = timeUnits[found?.[2] ?? "none"]
  if (!found || unit === undefined) return undefined
  return Math.round(Number(found[1]) * unit)
}
