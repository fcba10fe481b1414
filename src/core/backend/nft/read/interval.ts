import { dataTypes, type TypeName } from "../../../ruleset/type.js"
import type { Item, Literal } from "../../../ruleset/value.js"
import { isAddress } from "./item.js"
import { numberOfWords, onesOf, wordsOfNumber } from "./wide-number.js"

/** The elements of a set as nft lists them: in order, and where there are ranges among them, merged where they touch. */
export function normalItems(items: readonly Item[], types: readonly TypeName[]): Item[] {
  const type = types[0]!
  const plain = types.length === 1 ? plainNumbers(items) : undefined
  if (plain) return plain.map((value) => ({ value: [value] }))
  const numbers = types.length === 1 ? items.map((item) => intervalOf(item, type)) : []
  if (types.length !== 1 || numbers.includes(undefined)) return distinct(sorted(items, types), types)
  const intervals = (numbers as Interval[]).sort(byFrom)
  if (!items.some(isInterval)) {
    return intervals
      .filter(({ from }, index) => from !== intervals[index - 1]?.from)
      .map((each) => itemOf(each, type))
  }
  const merged: Interval[] = []
  for (const each of intervals) {
    const last = merged.at(-1)
    if (!last || each.from > last.to + 1n) merged.push({ ...each })
    else if (each.to > last.to) last.to = each.to
  }
  return merged.map((each) => itemOf(each, type))
}

/** The values, each once and in order, where all are numbers of one word. */
function plainNumbers(items: readonly Item[]): readonly number[] | undefined {
  const found: number[] = []
  for (const item of items) {
    if (!("value" in item) || typeof item.value === "string" || item.value.length !== 1) return undefined
    found.push(item.value[0]!)
  }
  found.sort((left, right) => left - right)
  return found.filter((value, index) => value !== found[index - 1])
}

/** An item as nft lists it as an element: a range that is a network is written as one. */
export function normalItem(item: Item, types: readonly TypeName[]): Item {
  if ("parts" in item) return { parts: item.parts.map((part, index) => normalItem(part, [types[index]!])) }
  const interval = intervalOf(item, types[0]!)
  return interval ? itemOf(interval, types[0]!) : item
}

interface Interval {
  from: bigint
  to: bigint
}

/** First and last value; undefined for text and `*`. */
export function intervalOf(item: Item, type: TypeName): Interval | undefined {
  if ("value" in item) {
    if (typeof item.value === "string") return undefined
    const value = numberOfWords(item.value, type)
    return { from: value, to: value }
  }
  if ("from" in item) {
    if (typeof item.from === "string" || typeof item.to === "string") return undefined
    return { from: numberOfWords(item.from, type), to: numberOfWords(item.to, type) }
  }
  if ("prefix" in item) {
    const from = numberOfWords(item.prefix, type)
    return { from, to: from | onesOf(type, dataTypes[type] - item.length) }
  }
  return undefined
}

function itemOf({ from, to }: Interval, type: TypeName): Item {
  if (from === to) return { value: wordsOfNumber(from, type) }
  const size = to - from + 1n
  const free = size.toString(2).length - 1
  if (isAddress(type) && size === 1n << BigInt(free) && from % size === 0n)
    return { prefix: wordsOfNumber(from, type), length: dataTypes[type] - free }
  return { from: wordsOfNumber(from, type), to: wordsOfNumber(to, type) }
}

export function isInterval(item: Item): boolean {
  if ("parts" in item) return item.parts.some(isInterval)
  return "from" in item || "prefix" in item
}

function byFrom(left: Interval, right: Interval): number {
  return left.from < right.from
    ? -1
    : left.from > right.from
      ? 1
      : left.to < right.to
        ? -1
        : left.to > right.to
          ? 1
          : 0
}

function sorted(items: readonly Item[], types: readonly TypeName[]): Item[] {
  return items.map((item) => normalItem(item, types)).sort((left, right) => compareItems(left, right, types))
}

/** Orders elements of a set as nft lists them: by their first values, part by part; `*` comes last. */
export function compareItems(left: Item, right: Item, types: readonly TypeName[]): number {
  if ("parts" in left && "parts" in right) {
    for (const [index, part] of left.parts.entries()) {
      const order = compareItems(part, right.parts[index]!, [types[index]!])
      if (order !== 0) return order
    }
    return 0
  }
  if ("others" in left || "others" in right) return Number("others" in left) - Number("others" in right)
  const [first, second] = [intervalOf(left, types[0]!), intervalOf(right, types[0]!)]
  if (first && second) return byFrom(first, second)
  const [one, two] = [textOf(left), textOf(right)]
  return one < two ? -1 : one > two ? 1 : 0
}

function textOf(item: Item): string {
  const literal: Literal = "value" in item ? item.value : "from" in item ? item.from : ""
  return typeof literal === "string" ? literal : ""
}

function distinct(items: readonly Item[], types: readonly TypeName[]): Item[] {
  return items.filter((item, index) => index === 0 || !isSame(items[index - 1]!, item, types))
}

function isSame(left: Item, right: Item, types: readonly TypeName[]): boolean {
  return compareItems(left, right, types) === 0 && JSON.stringify(left) === JSON.stringify(right)
}

/** Whether two elements have a value in common, which the keys of a map must not have. */
export function overlap(left: Item, right: Item, types: readonly TypeName[]): boolean {
  if ("parts" in left && "parts" in right)
    return left.parts.every((part, index) => overlap(part, right.parts[index]!, [types[index]!]))
  if ("others" in left || "others" in right) return "others" in left && "others" in right
  const [first, second] = [intervalOf(left, types[0]!), intervalOf(right, types[0]!)]
  if (first && second) return first.from <= second.to && second.from <= first.to
  return !first && !second && textOf(left) === textOf(right)
}

/**
 * Elements of a map, or of a set that does not merge, whose keys have values in common with an element before. `isSame`: the same key twice is no clash where both lead to the same.
 */
export function clashes<Element>(
  elements: readonly Element[],
  types: readonly TypeName[],
  keyOf: (element: Element) => Item,
  isSame: (one: Element, other: Element) => boolean = () => true,
): Element[] {
  const ordered = [...elements].sort((one, other) => compareItems(keyOf(one), keyOf(other), types))
  const found: Element[] = []
  let widest: Element | undefined
  for (const element of ordered) {
    if (widest === undefined) {
      widest = element
      continue
    }
    const [before, here] = [keyOf(widest), keyOf(element)]
    const isEqual = compareItems(before, here, types) === 0 && JSON.stringify(before) === JSON.stringify(here)
    if (isEqual ? !isSame(widest, element) : overlap(before, here, types)) found.push(element)
    if (endsLater(here, before, types)) widest = element
  }
  return found
}

/** Concatenations are compared with the element right before them only. */
function endsLater(here: Item, before: Item, types: readonly TypeName[]): boolean {
  if (types.length !== 1) return true
  const [first, second] = [intervalOf(before, types[0]!), intervalOf(here, types[0]!)]
  return !first || !second || second.to > first.to
}
