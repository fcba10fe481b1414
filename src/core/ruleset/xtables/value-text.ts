import type { ValueSpec } from "./extension.js"
import { badValue } from "./problem.js"
import { quoteWord } from "./quote.js"

interface TextRange {
  readonly minimum?: number
  /** Bytes. */
  readonly maximum: number
  /** iptables-save prints it as it is. */
  readonly bare?: boolean
}

/** Any text. The value is a string. */
export function text({ minimum = 0, maximum, bare = false }: TextRange): ValueSpec {
  return {
    shape: `text of ${minimum > 0 ? `${minimum} to` : "at most"} ${maximum} characters`,
    parse: (word) => {
      const length = bytesOf(word)
      if (length < minimum) return badValue(length === 0 ? "the text is empty" : `"${word}" is too short`)
      if (length > maximum)
        return badValue(`the text has ${length} characters, and at most ${maximum} are taken`)
      return word
    },
    print: (value) => (bare ? String(value) : quoteWord(String(value))),
  }
}

/** Bytes of a text in UTF-8. */
export function bytesOf(word: string): number {
  let bytes = 0
  for (const character of word) {
    const code = character.codePointAt(0)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
