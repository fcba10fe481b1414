import type { StepNode } from "../../ruleset/node.js"
import type { XtAddress, XtHeaderNode } from "../../ruleset/xtables/node.js"
import type { XtOption, XtOptions } from "../../ruleset/xtables/option.js"
import { WORDS } from "../../ruleset/xtables/print-options.js"
import type { ExtensionDraft, RuleDraft } from "./draft.js"

/** Options in their one form: under their first names, in the order of the extension, without what goes without saying. */
export function normalOptions(draft: ExtensionDraft, family: 4 | 6): XtOptions {
  draft.normal ??= normalised(draft, family)
  return draft.normal
}

function normalised({ extension, options, words }: ExtensionDraft, family: 4 | 6): XtOptions {
  if (!extension) return words.length > 0 ? [{ name: WORDS, value: words }] : []
  const written = options.map(({ option }) => option)
  const normal = extension.normal?.(written, family) ?? written
  if (extension.keepsOrder || normal.length < 2) return normal
  const place = ({ name }: XtOption) => extension.options.findIndex((option) => option.name === name)
  return [...normal].sort((left, right) => place(left) - place(right))
}

/** The steps of a rule, once for each pair of source and destination. */
export function stepsOf(rule: RuleDraft, family: 4 | 6): readonly (readonly StepNode[])[] {
  const rest: StepNode[] = rule.matches.map((draft) => ({
    step: "xt-match",
    family,
    name: draft.name,
    options: normalOptions(draft, family),
  }))
  if (rule.verdict) rest.push(rule.verdict)
  else if (rule.target)
    rest.push({
      step: "xt-target",
      family,
      name: rule.target.name,
      options: normalOptions(rule.target, family),
    })
  const sources = rule.sources.length > 0 ? rule.sources : [undefined]
  const destinations = rule.destinations.length > 0 ? rule.destinations : [undefined]
  return sources.flatMap((source) =>
    destinations.map((destination) => {
      const header = headerOf(rule, family, source, destination)
      return header ? [header, ...rest] : rest
    }),
  )
}

function headerOf(
  rule: RuleDraft,
  family: 4 | 6,
  source: XtAddress | undefined,
  destination: XtAddress | undefined,
): XtHeaderNode | undefined {
  const { input, output, protocol, fragment } = rule
  const name = (each: RuleDraft["input"]) =>
    each && (each.name !== "+" || each.negated) ? { name: each.name, negated: each.negated } : undefined
  const [from, to] = [name(input), name(output)]
  if (!source && !destination && !from && !to && !protocol && !fragment) return undefined
  return {
    step: "xt-header",
    family,
    ...(source && { source }),
    ...(destination && { destination }),
    ...(from && { input: from }),
    ...(to && { output: to }),
    ...(protocol && { protocol }),
    ...(fragment && { fragment }),
  }
}
