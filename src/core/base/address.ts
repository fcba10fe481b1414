export type Family = 4 | 6

/**
 * An IP address as 32-bit words, most significant first: one word for IPv4, four for IPv6.
 * The form that sets and matches hash, so that both families go the same way.
 */
export interface Address {
  readonly family: Family
  readonly words: readonly number[]
}

/**
 * Reads an address in its strict notation: IPv4 as four decimal numbers without leading zeros (`010` is octal to some tools and ten to others),
 * IPv6 as RFC 4291, 2.2 has it, without a zone. Undefined: it is not one.
 */
export function parseAddress(text: string): Address | undefined {
  const words = text.includes(":") ? ipv6Words(text) : ipv4Words(text)
  return words && { family: words.length === 1 ? 4 : 6, words }
}

/** The one canonical form: dotted decimal, or RFC 5952 (lower case, the longest run of zeros as `::`, IPv4-mapped ones in mixed notation). */
export function printAddress(address: Address): string {
  return address.family === 4 ? printIpv4(address.words[0]!) : printIpv6(address.words)
}

export function sameAddress(left: Address, right: Address): boolean {
  return left.family === right.family && left.words.every((word, index) => word === right.words[index])
}

/** Orders by family, then by number. */
export function compareAddresses(left: Address, right: Address): number {
  return left.family - right.family || compareWords(left.words, right.words)
}

export function compareWords(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < left.length; index++) {
    const difference = left[index]! - right[index]!
    if (difference !== 0) return difference
  }
  return 0
}

/** By characters, for long lists hold little else. */
function ipv4Words(text: string): number[] | undefined {
  let word = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0) return undefined
      word = word * 256 + part
      part = 0
      digits = 0
      dots++
      continue
    }
    // No leading zeros.
    if (code < ZERO || code > NINE || (digits > 0 && part === 0)) return undefined
    part = part * 10 + code - ZERO
    digits++
    if (part > 255) return undefined
  }
  return dots === 3 && digits > 0 ? [word * 256 + part] : undefined
}

const DOT = 46
const ZERO = 48
const NINE = 57

function ipv6Words(text: string): number[] | undefined {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const head = groups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1]!, true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  // "::" stands for at least one group of zeros.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail]
  return [0, 2, 4, 6].map((at) => all[at]! * 65536 + all[at + 1]!)
}

/** The 16-bit groups of `a:b:c`; an IPv4 address may be the last part of the whole. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return []
  const parts = text.split(":")
  const found: number[] = []
  for (const [index, part] of parts.entries()) {
    if (isEnd && index === parts.length - 1 && part.includes(".")) {
      const last = ipv4Words(part)
      if (!last) return undefined
      found.push(Math.floor(last[0]! / 65536), last[0]! % 65536)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      found.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return found
}

function printIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

function printIpv6(words: readonly number[]): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return `::ffff:${printIpv4(words[3]!)}`
  const parts = words.flatMap((word) => [word >>> 16, word & 0xffff])
  let start = -1
  let length = 1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && parts[end] === 0) end++
    if (end - at > length) {
      start = at
      length = end - at
    }
  }
  const text = (from: number, to: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(":")
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`
}
