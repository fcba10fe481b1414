import { didYouMean } from "../../../base/nearest.js"
import { typesOf } from "../../../ruleset/kinds.js"
import type { StepNode, VerdictNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { elaborateExpression, widthsOf } from "./expression.js"
import { clashes, compareItems, normalItem } from "./interval.js"
import { elaborateItem } from "./item.js"
import { keyTypesOf } from "./set-use.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, single, stringOf, wordOf } from "./tree.js"
import { quotedWord } from "./values.js"

/** Verdicts, and maps that lead to them. */

export const verdictWords = ["accept", "drop", "return", "continue", "jump", "goto"] as const

type VerdictWord = (typeof verdictWords)[number]

/** `{"accept": null}`, `{"jump": {"target": "x"}}`. */
export function elaborateVerdict(
  word: string,
  value: Syntax,
  context: Pick<Context, "report">,
  at: Syntax,
): VerdictNode | undefined {
  if (word !== "jump" && word !== "goto") return { step: "verdict", verdict: word as VerdictWord }
  const chain = wordOf(entry(value, "target"))
  if (chain !== undefined) return { step: "verdict", verdict: word, chain }
  context.report("nft-bad-value", `${word} names a chain`, at)
  return undefined
}

/** The verdict that a map's element holds; undefined, and reported, where it holds none. */
export function elaborateVerdictData(
  syntax: Syntax,
  context: Pick<Context, "report">,
): VerdictNode | undefined {
  const [word = "", value] = single(syntax) ?? []
  if (value !== undefined && verdictWords.includes(word as VerdictWord))
    return elaborateVerdict(word, value, context, syntax)
  context.report("nft-bad-value", `${quotedWord(syntax)} is no verdict`, syntax)
  return undefined
}

/** `{"vmap": {"key": …, "data": "@map" or {"set": [[key, verdict], …]}}}`. */
export function elaborateVerdictMap(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const key = entry(value, "key")
  const data = entry(value, "data")
  if (!key || !data) {
    context.report("nft-bad-value", "a verdict map has a key and data", at)
    return undefined
  }
  const left = elaborateExpression(key, context, keyTypesOf(data, context))
  if (!left) return undefined
  const name = stringOf(data)
  if (name !== undefined) {
    const map = name.replace(/^@/, "")
    const declared = context.set(map)
    if (!declared)
      context.report(
        "nft-not-there",
        `there is no map ${map} in the table`,
        data,
        didYouMean(map, context.setNames()),
      )
    else if (declared.data !== "verdict")
      context.report("nft-bad-value", `${map} is no map to verdicts`, data)
    return { step: "verdict-map", left, map }
  }
  const types = typesOf(left)
  const map = listOf(entry(data, "set")).flatMap((element) => {
    if (element.kind !== "array" || element.items.length !== 2) {
      context.report("nft-bad-value", "an element of a map has a key and data", element)
      return []
    }
    const item = elaborateItem(innerValue(element.items[0]!), types, context, widthsOf(left))
    const verdict = elaborateVerdictData(innerValue(element.items[1]!), context)
    return item && verdict ? [{ key: normalItem(item, types), verdict, at: element }] : []
  })
  for (const { at } of clashes(map, types, ({ key }) => key, isSameVerdict))
    context.report("nft-bad-value", "this key of the map has values that an element before has too", at)
  const sorted = map
    .sort((first, second) => compareItems(first.key, second.key, types))
    .filter(({ key }, index) => index === 0 || compareItems(key, map[index - 1]!.key, types) !== 0)
  return { step: "verdict-map", left, map: sorted.map(({ key, verdict }) => ({ key, verdict })) }
}

/** The same key twice with the same verdict is one element to nft. */
function isSameVerdict(
  one: { readonly verdict: VerdictNode },
  other: { readonly verdict: VerdictNode },
): boolean {
  return one.verdict.verdict === other.verdict.verdict && one.verdict.chain === other.verdict.chain
}

/** An element without what else it carries. */
export function innerValue(element: Syntax): Syntax {
  return entry(entry(element, "elem"), "val") ?? element
}
