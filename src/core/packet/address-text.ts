import type { Address } from "../base/address.js"

/** Dotted quad or RFC 4291 text, without brackets, zone or prefix length; undefined where it is neither. */
export function readAddress(text: string): Address | undefined {
  if (text.includes(":")) {
    const words = readIpv6(text)
    return words && { family: 6, words }
  }
  const word = readIpv4(text)
  return word === undefined ? undefined : { family: 4, words: [word] }
}

function readIpv4(text: string): number | undefined {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let word = 0
  for (const part of parts) {
    // A leading zero is octal to some and decimal to others.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    word = word * 256 + Number(part)
  }
  return word
}

function readIpv6(text: string): number[] | undefined {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const left = readGroups(halves[0] ?? "", halves.length === 1)
  const right = halves.length === 2 ? readGroups(halves[1] ?? "", true) : []
  if (!left || !right) return undefined
  const missing = 8 - left.length - right.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...left, ...new Array<number>(Math.max(0, missing)).fill(0), ...right]
  const words: number[] = []
  for (let index = 0; index < 8; index += 2) words.push(groups[index]! * 65536 + groups[index + 1]!)
  return words
}

/** Groups of 16 bits; the last may be a dotted quad where `last` says that nothing follows. */
function readGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return []
  const groups: number[] = []
  const parts = text.split(":")
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes(".")) {
      const word = readIpv4(part)
      if (word === undefined) return undefined
      groups.push(word >>> 16, word & 0xffff)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** Dotted quad, or RFC 5952 text. */
export function writeAddress({ family, words }: Address): string {
  if (family === 4) {
    const word = words[0] ?? 0
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
  }
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff])
  let bestStart = -1
  let bestLength = 1
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > bestLength) {
      bestStart = start
      bestLength = length
    }
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":")
  if (bestStart < 0) return hex(groups)
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`
}
