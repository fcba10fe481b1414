import { maskWords } from "../../base/prefix.js"
import type { Build } from "../runtime.js"
import { dataTypes, type TypeName, wordsOf } from "../type.js"
import type { Item, Literal } from "../value.js"

/** Whether a value of one word is what an item says. */
export type WordMatcher = (value: number) => boolean

/** Whether the words from `at` on are what an item says. */
export type Matcher = (words: Uint32Array, at: number) => boolean

/** An item of a type whose values take one word; interface names become indices. */
export function wordMatcherOf(item: Item, type: TypeName, build: Pick<Build, "interfaces">): WordMatcher {
  if ("value" in item) {
    if (typeof item.value !== "string") {
      const wanted = item.value[0]!
      return (value) => value === wanted
    }
    const indices = build.interfaces(item.value)
    if (indices.length === 1) {
      const wanted = indices[0]!
      return (value) => value === wanted
    }
    return (value) => indices.includes(value)
  }
  if ("from" in item) {
    const [from, to] = [numberOf(item.from), numberOf(item.to)]
    // Over midnight, for times of day.
    if (from > to) return (value) => value >= from || value <= to
    return (value) => value >= from && value <= to
  }
  if ("prefix" in item) {
    const width = dataTypes[type]
    const size = 2 ** (width - item.length)
    const from = item.prefix[0]!
    return (value) => value >= from && value < from + size
  }
  return () => "others" in item
}

/** An item of any types: values of several words, and concatenations part by part. */
export function matcherOf(item: Item, types: readonly TypeName[], build: Pick<Build, "interfaces">): Matcher {
  if ("parts" in item) {
    let offset = 0
    const parts = item.parts.map((part, index) => {
      const matches = matcherOf(part, [types[index]!], build)
      const at = offset
      offset += wordsOf(types[index]!)
      return { matches, at }
    })
    return (words, at) => parts.every((part) => part.matches(words, at + part.at))
  }
  const type = types[0]!
  if (wordsOf(type) === 1) {
    const matches = wordMatcherOf(item, type, build)
    return (words, at) => matches(words[at]!)
  }
  if ("value" in item) {
    const wanted = wordsOfLiteral(item.value)
    return (words, at) => {
      for (let index = 0; index < wanted.length; index++)
        if (words[at + index] !== wanted[index]) return false
      return true
    }
  }
  if ("prefix" in item) {
    const mask = maskWords(item.length, item.prefix.length)
    const wanted = item.prefix
    return (words, at) => {
      for (let index = 0; index < wanted.length; index++) {
        if ((words[at + index]! & mask[index]!) >>> 0 !== wanted[index]) return false
      }
      return true
    }
  }
  if ("others" in item) return () => true
  const [from, to] = [wordsOfLiteral(item.from), wordsOfLiteral(item.to)]
  return (words, at) => order(words, at, from) >= 0 && order(words, at, to) <= 0
}

function order(words: Uint32Array, at: number, other: readonly number[]): number {
  for (let index = 0; index < other.length; index++) {
    const value = words[at + index]!
    if (value !== other[index]) return value - other[index]!
  }
  return 0
}

function numberOf(literal: Literal): number {
  return typeof literal === "string" ? -1 : literal[0]!
}

function wordsOfLiteral(literal: Literal): readonly number[] {
  return typeof literal === "string" ? [] : literal
}
