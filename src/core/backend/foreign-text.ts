/** What editors of other systems leave in a text: the tools refuse it, and what it says is read without it, so that all mistakes are found at once. */
export interface ForeignMark {
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint: string
}

const MARK = "\uFEFF"

/**
 * A byte order mark, and lines that end with carriage return and line feed. iptables-restore 1.8.9, ip6tables-restore and nft 1.0.6 take neither (`line 2 table name 'raw\r'
 * invalid`, `unexpected junk`).
 */
export function foreignMarks(text: string, reader: string): readonly ForeignMark[] {
  const marks: ForeignMark[] = []
  if (text.startsWith(MARK))
    marks.push({
      line: 1,
      column: 1,
      message: `the text begins with a byte order mark, which ${reader} refuses`,
      hint: "sed -i '1s/^\\xef\\xbb\\xbf//' FILE takes it away",
    })
  const end = text.indexOf("\r\n")
  if (end >= 0) {
    const before = text.slice(0, end).split("\n")
    marks.push({
      line: before.length,
      column: before.at(-1)!.length + 1,
      message: `lines end with a carriage return, which ${reader} refuses`,
      hint: "sed -i 's/\\r$//' FILE takes them away",
    })
  }
  return marks
}

/** The text without a byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith(MARK) ? text.slice(1) : text
}
