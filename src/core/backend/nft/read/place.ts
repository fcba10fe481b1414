import type { Span } from "../../../base/diagnostic.js"

/** A text, and where its lines begin: found when somebody asks for the first line. */
export class Source {
  readonly file: string
  readonly text: string
  private starts: readonly number[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  /** The line that an offset lies on, from 0. */
  lineAt(offset: number): number {
    this.starts ??= startsOf(this.text)
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  startOf(line: number): number {
    return this.starts![line]!
  }
}

function startsOf(text: string): readonly number[] {
  const found = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) found.push(at + 1)
  return found
}

/** A span as two offsets: most are never told, and need no line. What leaves the reader is `plainSpan` of it. */
export class Place implements Span {
  readonly source: Source
  /** First offset, and one behind the last. */
  readonly from: number
  readonly to: number

  constructor(source: Source, from: number, to: number) {
    this.source = source
    this.from = from
    this.to = to
  }

  get file(): string {
    return this.source.file
  }

  get line(): number {
    return this.source.lineAt(this.from) + 1
  }

  get column(): number {
    return this.from - this.source.startOf(this.source.lineAt(this.from)) + 1
  }

  get endLine(): number {
    return this.source.lineAt(this.last) + 1
  }

  get endColumn(): number {
    return this.to - this.source.startOf(this.source.lineAt(this.last)) + 1
  }

  private get last(): number {
    return this.to > this.from ? this.to - 1 : this.to
  }
}

/** An object of its own, as diagnostics and origins hold it. */
export function plainSpan(span: Span): Span {
  if (!(span instanceof Place)) return span
  const { file, line, column, endLine, endColumn } = span
  return { file, line, column, endLine, endColumn }
}

/** From the beginning of one to the end of the other. */
export function spanning(first: Span, last: Span): Span {
  if (!(first instanceof Place) || !(last instanceof Place) || first.source !== last.source) return first
  return last.to === first.to ? first : new Place(first.source, first.from, last.to)
}
