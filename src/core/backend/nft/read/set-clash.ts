import type { SetDeclaration, SetElement } from "../../../ruleset/ruleset.js"
import type { TypeName } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import { intervalOf, overlap } from "./interval.js"
import { wordsOfNumber } from "./wide-number.js"

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

function intervalClash(elements: readonly SetElement[], type: TypeName): number {
  const found = elements
    .map(({ key }, place) => ({ place, interval: intervalOf(key, type) }))
    .flatMap(({ place, interval }) => (interval ? [{ place, ...interval }] : []))
    .sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0))
  for (let index = 1; index < found.length; index++) {
    const [before, here] = [found[index - 1]!, found[index]!]
    // Those before do not meet: the one right before ends last.
    if (here.from > before.to || (here.from === before.from && here.to === before.to)) continue
    return Math.max(before.place, here.place)
  }
  return -1
}

/** Of two the kernel takes the second if neither its first nor its last value lies in the first (Linux 6.18, tried). */
function concatenationClash(elements: readonly SetElement[], types: readonly TypeName[]): number {
  if (elements.length ** 2 > pairsTried) return -1
  const texts = elements.map(({ key }) => JSON.stringify(key))
  return elements.findIndex(({ key }, place) =>
    elements.some(
      (other, earlier) =>
        earlier < place &&
        texts[earlier] !== texts[place] &&
        (["from", "to"] as const).some((end) => overlap(cornerOf(key, end, types), other.key, types)),
    ),
  )
}

function cornerOf(key: Item, end: "from" | "to", types: readonly TypeName[]): Item {
  if ("parts" in key) return { parts: key.parts.map((part, index) => cornerOf(part, end, [types[index]!])) }
  const interval = intervalOf(key, types[0]!)
  return interval ? { value: wordsOfNumber(interval[end], types[0]!) } : key
}
