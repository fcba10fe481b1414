import type { Item } from "../../ruleset/value.js"
import { addressWords, printWords } from "../../ruleset/xtables/value-address.js"

/** A range of addresses as the networks that it is made of, the first one first. */
export function networksBetween(from: string, to: string): readonly string[] {
  const family = from.includes(":") ? 6 : 4
  const first = addressWords(from, family)
  const last = addressWords(to, family)
  if ("id" in first || "id" in last) return []
  return networksOf(numberOf(first), numberOf(last), first.length)
}

/** The networks of a set's element that is an address, a network or a range. */
export function networksOfItem(item: Item): readonly string[] {
  if ("prefix" in item) {
    const host = item.prefix.length * 32
    return [item.length === host ? printWords(item.prefix) : `${printWords(item.prefix)}/${item.length}`]
  }
  if ("value" in item) return typeof item.value === "string" ? [] : [printWords(item.value)]
  if (!("from" in item) || typeof item.from === "string" || typeof item.to === "string") return []
  return networksOf(numberOf(item.from), numberOf(item.to), item.from.length)
}

function networksOf(first: bigint, last: bigint, words: number): readonly string[] {
  const networks: string[] = []
  const width = words * 32
  for (let at = first; at <= last; ) {
    let bits = 0
    while (bits < width) {
      const size = 1n << BigInt(bits + 1)
      if (at % size !== 0n || at + size - 1n > last) break
      bits++
    }
    const address = printWords(wordsOf(at, words))
    networks.push(bits === 0 ? address : `${address}/${width - bits}`)
    at += 1n << BigInt(bits)
  }
  return networks
}

function numberOf(words: readonly number[]): bigint {
  return words.reduce((number, word) => (number << 32n) | BigInt(word), 0n)
}

function wordsOf(number: bigint, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) =>
    Number((number >> BigInt(32 * (count - 1 - index))) & 0xffffffffn),
  )
}
