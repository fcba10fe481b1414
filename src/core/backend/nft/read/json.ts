import type { Diagnostic, Span } from "../../../base/diagnostic.js"
import type { RuleFile } from "../../read-rules.js"
import { EntryList } from "./entry-list.js"
import { Place, plainSpan, Source } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf } from "./tree.js"

/** Objects and arrays inside each other. */
const depthMaximum = 200

class JsonFailure extends Error {}

/** JSON (RFC 8259) with the place of each value. Undefined, and one diagnostic, where it is none. */
export function readJson(file: RuleFile, diagnostics: Diagnostic[]): Syntax | undefined {
  const reader = new JsonReader(file)
  try {
    return reader.document()
  } catch (failure) {
    if (!(failure instanceof JsonFailure)) throw failure
    diagnostics.push({
      id: "nft-json-syntax",
      severity: "error",
      message: failure.message,
      span: plainSpan(reader.here()),
    })
    return undefined
  }
}

const plainText = /[^"\\\n\r\t]*/y
const numberText = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
}

class JsonReader {
  private readonly text: string
  private readonly source: Source
  private at = 0

  constructor(file: RuleFile) {
    this.text = file.text
    this.source = new Source(file.path, file.text)
  }

  document(): Syntax {
    const value = this.value(0)
    this.space()
    if (this.at < this.text.length) this.fail("something stands behind the end of the JSON text")
    return value
  }

  here(): Span {
    return new Place(this.source, this.at, this.at)
  }

  private fail(message: string): never {
    throw new JsonFailure(message)
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 32 && code !== 10 && code !== 9 && code !== 13 && code !== 0xfeff) return
      this.at++
    }
  }

  private value(depth: number): Syntax {
    if (depth > depthMaximum) this.fail("this is nested too deep")
    this.space()
    const span = this.here()
    switch (this.text[this.at]) {
      case "{":
        return this.object(span, depth)
      case "[":
        return this.array(span, depth)
      case '"':
        return leaf(this.string(), span, true)
      case "t":
        return this.word("true", true, span)
      case "f":
        return this.word("false", false, span)
      case "n":
        return this.word("null", null, span)
    }
    numberText.lastIndex = this.at
    const number = numberText.exec(this.text)?.[0]
    if (number === undefined)
      this.fail(this.at < this.text.length ? "this is no JSON value" : "the JSON text ends too early")
    this.at += number.length
    const value = Number(number)
    // 64-bit counters and 128-bit numbers keep their digits.
    return leaf(Number.isInteger(value) && !Number.isSafeInteger(value) ? number : value, span)
  }

  private word(text: string, value: boolean | null, span: Span): Syntax {
    if (!this.text.startsWith(text, this.at)) this.fail("this is no JSON value")
    this.at += text.length
    return leaf(value, span)
  }

  private object(span: Span, depth: number): Syntax {
    const entries = new Map<string, Syntax>()
    this.at++
    this.space()
    if (this.text[this.at] === "}") {
      this.at++
      return { kind: "object", entries: listOf(entries), span }
    }
    for (;;) {
      this.space()
      if (this.text[this.at] !== '"') this.fail("a name in quotation marks is missing")
      const name = this.string()
      this.space()
      if (this.text[this.at] !== ":") this.fail(`":" is missing behind "${name}"`)
      this.at++
      entries.set(name, this.value(depth + 1))
      this.space()
      const sign = this.text[this.at]
      if (sign !== "," && sign !== "}") this.fail('"," or "}" is missing')
      this.at++
      if (sign === "}") return { kind: "object", entries: listOf(entries), span }
    }
  }

  private array(span: Span, depth: number): Syntax {
    const items: Syntax[] = []
    this.at++
    this.space()
    if (this.text[this.at] === "]") {
      this.at++
      return array(items, span)
    }
    for (;;) {
      items.push(this.value(depth + 1))
      this.space()
      const sign = this.text[this.at]
      if (sign !== "," && sign !== "]") this.fail('"," or "]" is missing')
      this.at++
      if (sign === "]") return array(items, span)
    }
  }

  private string(): string {
    this.at++
    let value = ""
    for (;;) {
      plainText.lastIndex = this.at
      const plain = plainText.exec(this.text)![0]
      value += plain
      this.at += plain.length
      const sign = this.text[this.at]
      if (sign === '"') {
        this.at++
        return value
      }
      if (sign !== "\\") this.fail("a text's quotation mark is not closed")
      const letter = this.text[this.at + 1] ?? ""
      if (letter === "u") {
        const digits = this.text.slice(this.at + 2, this.at + 6)
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("\\u takes four hexadecimal digits")
        value += String.fromCharCode(Number.parseInt(digits, 16))
        this.at += 6
        continue
      }
      const character = escapes[letter]
      if (character === undefined) this.fail(`JSON knows no \\${letter}`)
      value += character
      this.at += 2
    }
  }
}

function listOf(entries: ReadonlyMap<string, Syntax>): EntryList {
  const pairs = new Array<string | Syntax>(entries.size * 2)
  let end = 0
  for (const [name, value] of entries) {
    pairs[end++] = name
    pairs[end++] = value
  }
  return new EntryList(pairs)
}
