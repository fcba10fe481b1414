import { dataTypes, type TypeName, wordsOf } from "../../../ruleset/type.js"

/** A number as the words of its type: right-aligned, but an Ethernet address has its last two bytes in a word of their own. */
export function wordsOfNumber(value: bigint, type: TypeName): number[] {
  if (type === "ether_addr") return [Number(value >> 16n), Number(value & 0xffffn)]
  const count = wordsOf(type)
  if (count === 1) return [Number(value & mask32)]
  return Array.from({ length: count }, (_, index) =>
    Number((value >> BigInt(32 * (count - 1 - index))) & mask32),
  )
}

const mask32 = 0xffffffffn

/** The words of a type as one number. */
export function numberOfWords(words: readonly number[], type: TypeName): bigint {
  if (type === "ether_addr") return (BigInt(words[0] ?? 0) << 16n) | BigInt(words[1] ?? 0)
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
}

/** All ones, as wide as the type. */
export function onesOf(type: TypeName, bits: number = dataTypes[type]): bigint {
  return (1n << BigInt(bits)) - 1n
}
