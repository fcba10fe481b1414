import { didYouMean } from "../../base/nearest.js"
import type { ValueSpec, XtValue } from "./extension.js"
import { badValue } from "./problem.js"

/** One word of several. The value is its first spelling in `words`. */
export function choice(
  words: readonly string[],
  { ignoreCase = false, prefix = false, aliases = {} as Readonly<Record<string, string>> } = {},
): ValueSpec {
  const all = [...words, ...Object.keys(aliases)]
  return {
    shape: words.join(", "),
    parse: (text) => {
      const found = findWord(text, all, ignoreCase, prefix)
      if (found === undefined) return notOneOf(text, words)
      return aliases[found] ?? found
    },
    print: String,
  }
}

function findWord(
  text: string,
  words: readonly string[],
  ignoreCase: boolean,
  prefix: boolean,
): string | undefined {
  const fold = (word: string) => (ignoreCase ? word.toLowerCase() : word)
  const wanted = fold(text)
  const exact = words.find((word) => fold(word) === wanted)
  if (exact !== undefined || !prefix || text === "") return exact
  return words.find((word) => fold(word).startsWith(wanted))
}

function notOneOf(text: string, words: readonly string[]) {
  return badValue(`"${text}" is none of ${words.join(", ")}`, didYouMean(text, words))
}

/**
 * Words with commas between, each a bit or several: `NEW,RELATED`. The value is the sum of the bits; printed in the order of `printed`,
 * what `bits` says unless told.
 */
export function bits(
  names: Readonly<Record<string, number>>,
  {
    ignoreCase = true,
    prefix = false,
    printed = Object.keys(names),
    none = "",
  }: { ignoreCase?: boolean; prefix?: boolean; printed?: readonly string[]; none?: string } = {},
): ValueSpec {
  const words = Object.keys(names)
  return {
    shape: `${words.join(", ")}, with commas between`,
    parse: (text) => {
      let sum = 0
      for (const word of text.split(",")) {
        const found = findWord(word, words, ignoreCase, prefix)
        if (found === undefined) return notOneOf(word, words)
        sum |= names[found]!
      }
      return sum >>> 0
    },
    print: (value) => bitNames(value, names, printed).join(",") || none,
  }
}

/** The names of the bits that are set, in the order of `printed`. */
export function bitNames(
  value: XtValue,
  names: Readonly<Record<string, number>>,
  printed: readonly string[] = Object.keys(names),
): string[] {
  const set = typeof value === "number" ? value : 0
  return printed.filter((name) => names[name] !== 0 && (set & names[name]!) === names[name])
}
