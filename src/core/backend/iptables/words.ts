/** One word of a rule, without its quotes. */
export interface Word {
  readonly text: string
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly column: number
  /** It had quotes. iptables does not know; a `!` in quotes is what somebody meant as a value. */
  readonly quoted: boolean
}

export interface SplitLine {
  readonly words: readonly Word[]
  /** The column of a quote that is not closed. */
  readonly unclosed?: number
}

/**
 * A line as iptables-restore takes it apart: blanks end a word, so does a closing quote; only `"` quotes, and a backslash within takes the next character as it is
 * (iptables-restore 1.8.9: `'a b'` is two words, and `#` begins a comment at the line's first column only).
 */
export function splitRestoreLine(text: string, line: number, from = 0): SplitLine {
  const words: Word[] = []
  let current = ""
  let start = -1
  let quote = -1
  const push = (quoted: boolean) => {
    words.push({ text: current, line, column: start + 1, quoted })
    current = ""
    start = -1
  }
  for (let at = from; at < text.length; at++) {
    const character = text[at]!
    if (quote >= 0) {
      if (character === "\\" && at + 1 < text.length) current += text[++at]
      else if (character === '"') {
        quote = -1
        push(true)
      } else current += character
    } else if (character === '"') {
      if (start < 0) start = at
      quote = at
    } else if (character === " " || character === "\t" || character === "\r") {
      if (start >= 0) push(false)
    } else {
      if (start < 0) start = at
      current += character
    }
  }
  if (start >= 0) push(quote >= 0)
  return { words, ...(quote >= 0 && { unclosed: quote + 1 }) }
}
