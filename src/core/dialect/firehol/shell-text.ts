import type { Span } from "../../base/diagnostic.js"

/** A piece of a word of bash. `quoted`: what it stands for is not split at blanks. */
export type Piece =
  | { readonly piece: "text"; readonly text: string; readonly quoted: boolean }
  /** `$NAME`, `${NAME}`, `${NAME:-otherwise}`; `operation` is what stands behind the name. */
  | {
      readonly piece: "variable"
      readonly name: string
      readonly operation: string
      readonly quoted: boolean
    }
  /** `$(…)`, backticks, `$((…))`: what it prints is not known, for nothing is run. */
  | { readonly piece: "command"; readonly text: string; readonly quoted: boolean }

export interface Word {
  readonly pieces: readonly Piece[]
  /** `NAME=(…)`: the words in the brackets. */
  readonly list?: readonly Word[]
  /** As written, and where that is in the text. */
  readonly text: string
  readonly start: number
  readonly end: number
}

export interface Operator {
  readonly operator: string
  readonly start: number
  readonly end: number
}

export type Token = Word | Operator

export function isOperator(token: Token | undefined): token is Operator {
  return token !== undefined && "operator" in token
}

/** A text, and the places of its lines. */
export class ShellText {
  readonly path: string
  readonly text: string
  private readonly starts: readonly number[]

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    const starts = [0]
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
    this.starts = starts
  }

  span(start: number, end: number): Span {
    const from = this.place(start)
    const to = this.place(Math.max(start, end))
    return { file: this.path, ...from, endLine: to.line, endColumn: to.column }
  }

  private place(offset: number): { readonly line: number; readonly column: number } {
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.starts[low]! + 1 }
  }
}
