import type { SetDeclaration, SetElement } from "../../../ruleset/ruleset.js"
import { dataTypes, type TypeName, wordsOf } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import { intervalOf } from "./interval.js"

/** Pairs of concatenated elements that are compared; of more the kernel would have to say it. */
const pairsTried = 1e6

/**
 * The place of an element that reaches into another of the same declaration or command, which nft refuses where the set does not merge
 * (`conflicting intervals specified`); of a map's elements also one with a key that another leads elsewhere. Equal elements are one. -1: there is none.
 */
export function clashIn(elements: readonly SetElement[], set: SetDeclaration): number {
  const isMap = set.data !== undefined || set.objects !== undefined
  if (isMap) {
    const twice = valueTwice(elements)
    if (twice >= 0) return twice
  }
  if (!set.flags.includes("interval") || set.autoMerge) return -1
  return set.key.length === 1 ? intervalClash(elements, set.key[0]!) : concatenationClash(elements, set.key)
}

function valueTwice(elements: readonly SetElement[]): number {
  const values = new Map<string, string>()
  return elements.findIndex((element) => {
    const key = JSON.stringify(element.key)
    const value = JSON.stringify([element.data, element.dataItem, element.object])
    const known = values.get(key)
    values.set(key, value)
    return known !== undefined && known !== value
  })
}

/** An element's first and last value: numbers where they are exact, for lists of a hundred thousand. */
interface Span {
  readonly place: number
  readonly from: number | bigint
  readonly to: number | bigint
}

function intervalClash(elements: readonly SetElement[], type: TypeName): number {
  const isShort = wordsOf(type) === 1
  const found: Span[] = []
  for (const [place, { key }] of elements.entries()) {
    const interval = isShort ? shortInterval(key, dataTypes[type]) : intervalOf(key, type)
    if (interval) found.push({ place, from: interval.from, to: interval.to })
  }
  found.sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0))
  for (let index = 1; index < found.length; index++) {
    const [before, here] = [found[index - 1]!, found[index]!]
    // Those before do not meet: the one right before ends last.
    if (here.from > before.to || (here.from === before.from && here.to === before.to)) continue
    return Math.max(before.place, here.place)
  }
  return -1
}

/** Of a type of one word. */
function shortInterval(key: Item, bits: number): { readonly from: number; readonly to: number } | undefined {
  if ("value" in key) {
    const word = typeof key.value === "string" ? undefined : key.value[0]
    return word === undefined ? undefined : { from: word, to: word }
  }
  if ("from" in key) {
    if (typeof key.from === "string" || typeof key.to === "string") return undefined
    return { from: key.from[0]!, to: key.to[0]! }
  }
  if (!("prefix" in key)) return undefined
  const size = 2 ** (bits - key.length)
  const from = key.prefix[0]!
  return { from, to: Math.floor(from / size) * size + size - 1 }
}

/** Of two the kernel takes the second if neither its first nor its last value lies in the first (Linux 6.18, tried). */
function concatenationClash(elements: readonly SetElement[], types: readonly TypeName[]): number {
  if (elements.length ** 2 > pairsTried) return -1
  const spans = elements.map(({ key }) => partsOf(key).map((part, index) => spanOf(part, types[index]!)))
  for (const [place, here] of spans.entries())
    for (let earlier = 0; earlier < place; earlier++) {
      const before = spans[earlier]!
      if (!holds(before, here, "from") && !holds(before, here, "to")) continue
      if (!here.every(({ from, to }, part) => from === before[part]!.from && to === before[part]!.to))
        return place
    }
  return -1
}

interface PartSpan {
  readonly from: number | bigint | string
  readonly to: number | bigint | string
}

function partsOf(key: Item): readonly Item[] {
  return "parts" in key ? key.parts : [key]
}

function spanOf(part: Item, type: TypeName): PartSpan {
  const interval = wordsOf(type) === 1 ? shortInterval(part, dataTypes[type]) : intervalOf(part, type)
  if (interval) return interval
  const text = JSON.stringify(part)
  return { from: text, to: text }
}

/** Whether the first or the last value of an element lies in another one. */
function holds(other: readonly PartSpan[], element: readonly PartSpan[], end: "from" | "to"): boolean {
  for (let part = 0; part < other.length; part++) {
    const value = element[part]![end]
    if (value < other[part]!.from || value > other[part]!.to) return false
  }
  return true
}
