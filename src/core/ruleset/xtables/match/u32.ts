import type { Problem } from "../../../base/diagnostic.js"
import type { Extension, ValueSpec, XtValue } from "../extension.js"
import { badValue } from "../problem.js"
import { toHex } from "../value-number.js"
import { type U32Words, u32Settings, u32Step } from "./u32-step.js"

/** What one rule may hold (XT_U32_MAXSIZE of linux/netfilter/xt_u32.h). */
const MOST = 10

const token = /\s*(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*|&&|<<|>>|[&@=:,])\s*/y

/** `0>>22&0x3C@0>>24=0:15,32&&…`. The value is a list of `U32Words`. */
const tests: ValueSpec = {
  shape: "tests with && between: LOCATION=RANGES, as 6&0xFF=1 or 0>>22&0x3C@0=1:5,9",
  parse: (text) => new Parser(text).tests() as readonly XtValue[] | Problem,
  print: (value) => `"${(value as unknown as readonly U32Words[]).map(printTest).join("&&")}"`,
}

function printTest({ start, operations, ranges }: U32Words): string {
  const location = operations.map(([operator, number]) => `${operator}${toHex(number)}`).join("")
  const values = ranges.map(([from, to]) => (from === to ? toHex(from) : `${toHex(from)}:${toHex(to)}`))
  return `${toHex(start)}${location}=${values.join(",")}`
}

class Parser {
  private readonly words: string[] = []
  private readonly isWhole: boolean
  private at = 0

  constructor(text: string) {
    let from = 0
    token.lastIndex = 0
    for (let match = token.exec(text); match; match = token.exec(text)) {
      this.words.push(match[1]!)
      from = token.lastIndex
    }
    this.isWhole = from === text.length
  }

  tests(): readonly U32Words[] | Problem {
    const found: U32Words[] = []
    do {
      const test = this.test()
      if (typeof test === "string") return badValue(test)
      found.push(test)
    } while (this.take("&&"))
    if (!this.isWhole || this.at < this.words.length)
      return badValue(
        `the tests are not understood${this.at < this.words.length ? ` behind "${this.words[this.at - 1] ?? ""}"` : " to their end"}`,
      )
    return found.length <= MOST ? found : badValue(`at most ${MOST} tests`)
  }

  private test(): U32Words | string {
    const start = this.number()
    if (start === undefined) return this.wanted("a place in the packet")
    const operations: (readonly ["&" | "<<" | ">>" | "@", number])[] = []
    for (;;) {
      const operator = (["&", "<<", ">>", "@"] as const).find((word) => this.take(word))
      if (!operator) break
      const number = this.number()
      if (number === undefined) return this.wanted(`a number behind ${operator}`)
      operations.push([operator, number])
    }
    if (!this.take("=")) return this.wanted("=")
    const ranges: (readonly [number, number])[] = []
    do {
      const from = this.number()
      if (from === undefined) return this.wanted("a value")
      const to = this.take(":") ? this.number() : from
      if (to === undefined) return this.wanted("the end of a range")
      ranges.push([from, to])
    } while (this.take(","))
    if (operations.length >= MOST || ranges.length > MOST) return `at most ${MOST} steps and ${MOST} ranges`
    return { start, operations, ranges }
  }

  private number(): number | undefined {
    const word = this.words[this.at]
    if (word === undefined || !/^\d/.test(word)) return undefined
    const value = /^0[0-7]+$/.test(word) ? Number.parseInt(word, 8) : Number(word)
    if (value > 0xffffffff) return undefined
    this.at++
    return value
  }

  private take(word: string): boolean {
    if (this.words[this.at] !== word) return false
    this.at++
    return true
  }

  private wanted(what: string): string {
    const found = this.words[this.at]
    return `${what} is expected${found === undefined ? " at the end" : `, and there is "${found}"`}`
  }
}

export const u32: Extension = {
  name: "u32",
  role: "match",
  families: [4, 6],
  options: [{ name: "u32", value: tests, required: true, invertible: true }],
  compile: (options) => u32Step(u32Settings(options)),
  manual: {
    title: "iptables: u32",
    text: "Numbers of four bytes anywhere in the packet.",
    example: "@nh,0,32 0x45000028",
  },
}
