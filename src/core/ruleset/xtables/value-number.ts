import type { Problem } from "../../base/diagnostic.js"
import type { ValueSpec, XtValue } from "./extension.js"
import { badValue } from "./problem.js"

/** Numbers as strtoul(3) with base 0 reads them: decimal, `0x` hexadecimal, or octal behind a zero. Undefined: it is none, or is negative. */
export function parseNumber(text: string): number | undefined {
  const value = parseWhole(text)
  return value === undefined ? undefined : Number(value)
}

function parseWhole(text: string): bigint | undefined {
  const written = /^\s*\+?(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text)?.[1]
  if (written === undefined) return undefined
  if (/^0[0-7]+$/.test(written)) return BigInt(`0o${written.slice(1)}`)
  return BigInt(written)
}

/** A number of the range, or why it is none. */
export function numberIn(text: string, minimum: number, maximum: number): number | Problem {
  const value = parseNumber(text)
  if (value === undefined) return badValue(`"${text}" is not a number`)
  if (value < minimum || value > maximum) return badValue(`${text} is not from ${minimum} to ${maximum}`)
  return value
}

interface Range {
  readonly minimum?: number
  readonly maximum: number
  /** Printed as `0x…`, with this many digits at least. */
  readonly hex?: number
}

/** One number. The value is a number. */
export function number({ minimum = 0, maximum, hex }: Range): ValueSpec {
  return {
    shape: `number from ${minimum} to ${maximum}`,
    parse: (text) => numberIn(text, minimum, maximum),
    print: (value) => (hex === undefined ? String(value) : toHex(value as number, hex)),
  }
}

export function toHex(value: number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`
}

/** A number of 64 bits. The value is a number, or where a number is not exact its decimal digits as a string. */
export const number64: ValueSpec = {
  shape: "number from 0 to 2^64 - 1",
  parse: (text) => {
    const value = parseWhole(text)
    if (value === undefined) return badValue(`"${text}" is not a number`)
    if (value > 0xffff_ffff_ffff_ffffn) return badValue(`${text} is more than 2^64 - 1`)
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
  },
  print: String,
}

/** `3`, `3:7`, `3:`, `:7`. The value is the pair of its ends. */
export function numberRange(
  maximum: number,
  print: (from: number, to: number) => string = (from, to) => (from === to ? `${from}` : `${from}:${to}`),
): ValueSpec {
  return {
    shape: `number from 0 to ${maximum}, or a range of them: 3:7, 3:, :7`,
    parse: (text) => {
      const [from, to = from, ...more] = text.split(":")
      if (more.length > 0) return badValue(`"${text}" is not a range`)
      const low = from === "" && text !== "" ? 0 : numberIn(from!, 0, maximum)
      const high = to === "" && text.includes(":") ? maximum : numberIn(to!, 0, maximum)
      if (typeof low !== "number") return low
      if (typeof high !== "number") return high
      return low <= high ? [low, high] : badValue(`the range ${text} runs backwards`)
    },
    print: (value) => {
      const [from, to] = pairOf(value)
      return print(from, to)
    },
  }
}

/** A value that is a pair of numbers. */
export function pairOf(value: XtValue | undefined): readonly [number, number] {
  const [first, second] = Array.isArray(value) ? (value as readonly XtValue[]) : []
  return [typeof first === "number" ? first : 0, typeof second === "number" ? second : 0]
}

/** `value` or `value/mask` of up to 32 bits. The value is the pair of both; a mask of ones is not printed. */
export function masked(maximum = 0xffffffff, digits = 1): ValueSpec {
  return {
    shape: `number, or number/mask, from 0 to ${toHex(maximum)}`,
    parse: (text) => {
      const slash = text.indexOf("/")
      const value = numberIn(slash < 0 ? text : text.slice(0, slash), 0, maximum)
      const mask = slash < 0 ? maximum : numberIn(text.slice(slash + 1), 0, maximum)
      if (typeof value !== "number") return value
      return typeof mask === "number" ? [value, mask] : mask
    },
    print: (value) => {
      const [number_, mask] = pairOf(value)
      return mask === maximum ? toHex(number_, digits) : `${toHex(number_, digits)}/${toHex(mask, digits)}`
    },
  }
}
