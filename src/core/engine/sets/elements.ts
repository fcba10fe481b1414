import type { SetElement } from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import { dataTypes, wordsOf } from "../../ruleset/type.js"
import type { Item, Literal } from "../../ruleset/value.js"

/** An element as words: from and to, for each word of the key; both are the same where it is one value. */
export interface FlatElement {
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly element: SetElement
}

/** Words of a key with these types. */
export function keyWordsOf(key: readonly TypeName[]): number {
  return key.reduce((sum, type) => sum + wordsOf(type), 0)
}

/**
 * Elements as words. An interface name stands for its index; one with `*` for several, and becomes as many elements.
 * `interfaces` gives a name's indices.
 */
export function flatten(
  elements: readonly SetElement[],
  key: readonly TypeName[],
  interfaces: (name: string) => readonly number[],
): FlatElement[] {
  return elements.flatMap((element) => flattenOne(element, key, interfaces))
}

/** The same of one element: who puts a million of them elsewhere need not have them all as words first. */
export function flattenOne(
  element: SetElement,
  key: readonly TypeName[],
  interfaces: (name: string) => readonly number[],
): FlatElement[] {
  if (!("parts" in element.key))
    return rangesOf(element.key, key[0] ?? "integer", interfaces).map(({ from, to }) => ({
      from,
      to,
      element,
    }))
  let flat: Range[] = [{ from: [], to: [] }]
  element.key.parts.forEach((item, part) => {
    const choices = rangesOf(item, key[part] ?? "integer", interfaces)
    flat = flat.flatMap((before) =>
      choices.map((choice) => ({
        from: [...before.from, ...choice.from],
        to: [...before.to, ...choice.to],
      })),
    )
  })
  return flat.map((each) => ({ ...each, element }))
}

interface Range {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

function rangesOf(item: Item, type: TypeName, interfaces: (name: string) => readonly number[]): Range[] {
  if ("value" in item) {
    const literal = item.value
    if (typeof literal === "string") return interfaces(literal).map((index) => single([index]))
    return [single(pad(literal, type))]
  }
  if ("prefix" in item) return [prefixRange(pad(item.prefix, type), item.length, dataTypes[type])]
  if ("from" in item) return [{ from: pad(item.from, type), to: pad(item.to, type) }]
  if ("others" in item) return []
  return item.parts.flatMap((part) => rangesOf(part, type, interfaces))
}

function single(words: readonly number[]): Range {
  return { from: words, to: words }
}

function pad(literal: Literal, type: TypeName): readonly number[] {
  if (typeof literal === "string") return [0]
  const words = wordsOf(type)
  return literal.length >= words ? literal : [...new Array(words - literal.length).fill(0), ...literal]
}

/** All values whose leading `length` of `bits` bits are the prefix's. */
function prefixRange(words: readonly number[], length: number, bits: number): Range {
  const from: number[] = []
  const to: number[] = []
  words.forEach((word, index) => {
    const width = Math.min(bits, 32)
    const kept = Math.max(0, Math.min(width, length - index * 32))
    const free = kept >= width ? 0 : width === 32 && kept === 0 ? 0xffffffff : 2 ** (width - kept) - 1
    from.push((word & ~free) >>> 0)
    to.push((word | free) >>> 0)
  })
  return { from, to }
}

/** Compares keys of `count` words: below 0, 0, above 0. */
export function compareWords(
  left: ArrayLike<number>,
  leftAt: number,
  right: ArrayLike<number>,
  rightAt: number,
  count: number,
): number {
  for (let word = 0; word < count; word++) {
    const difference = left[leftAt + word]! - right[rightAt + word]!
    if (difference !== 0) return difference
  }
  return 0
}
