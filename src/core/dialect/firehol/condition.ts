import type { Field } from "./expand.js"

/**
 * What `test`, `[` and `[[` say, where it hangs on nothing but the words: texts and numbers that are known. Undefined: a file, a device or something else of the machine is asked
 * for, or the words are not understood.
 */
export function testOutcome(name: string, fields: readonly Field[]): boolean | undefined {
  if (fields.some(({ unknown }) => unknown !== undefined)) return undefined
  const words = fields.map(({ text }) => text)
  const closer = name === "[" ? "]" : name === "[[" ? "]]" : undefined
  if (closer !== undefined && words.pop() !== closer) return undefined
  return anyOf(words)
}

const wholeNumber = /^-?\d{1,15}$/

/** `A -o B`, `A || B` */
function anyOf(words: readonly string[]): boolean | undefined {
  return combined(words, ["-o", "||"], true, allOf)
}

/** `A -a B`, `A && B` */
function allOf(words: readonly string[]): boolean | undefined {
  return combined(words, ["-a", "&&"], false, single)
}

/** One part that decides is enough, whatever is not known of the others. */
function combined(
  words: readonly string[],
  operators: readonly string[],
  decides: boolean,
  each: (words: readonly string[]) => boolean | undefined,
): boolean | undefined {
  const parts: string[][] = [[]]
  for (const [index, word] of words.entries()) {
    // Three words with the operator in the middle, `A -a B`, are not told apart from a comparison by bash either.
    if (operators.includes(word) && index > 0) parts.push([])
    else parts.at(-1)!.push(word)
  }
  const outcomes = parts.map((part) => each(part))
  if (outcomes.includes(decides)) return decides
  return outcomes.includes(undefined) ? undefined : !decides
}

function single(words: readonly string[]): boolean | undefined {
  if (words[0] === "!") {
    const rest = single(words.slice(1))
    return rest === undefined ? undefined : !rest
  }
  const [first = "", operator, second] = words
  if (words.length === 0) return false
  if (operator === undefined) return first !== ""
  if (words.length === 2) {
    if (first === "-z") return operator === ""
    return first === "-n" ? operator !== "" : undefined
  }
  if (words.length !== 3 || second === undefined) return undefined
  if (operator === "=" || operator === "==") return /[*?[]/.test(second) ? undefined : first === second
  if (operator === "!=") return /[*?[]/.test(second) ? undefined : first !== second
  if (!wholeNumber.test(first) || !wholeNumber.test(second)) return undefined
  return comparisons[operator]?.(Number(first), Number(second))
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "-eq": (left, right) => left === right,
  "-ne": (left, right) => left !== right,
  "-lt": (left, right) => left < right,
  "-le": (left, right) => left <= right,
  "-gt": (left, right) => left > right,
  "-ge": (left, right) => left >= right,
}
