import { isProblem } from "../../base/diagnostic.js"
import type { ExtensionPlace, XtChain } from "../../ruleset/xtables/extension.js"
import { optionOf } from "../../ruleset/xtables/option.js"
import { protocolName } from "../../ruleset/xtables/protocols.js"
import { pairOf } from "../../ruleset/xtables/value-number.js"
import type { ExtensionDraft, RuleDraft } from "./draft.js"
import type { Report } from "./report.js"
import { normalOptions } from "./rule-steps.js"
import type { KeptChain, KeptRule, TableState } from "./state.js"

/** What only a whole table shows: where rules are reached from, and loops. */
export function checkTable(table: TableState, report: Report): void {
  const reached = new Map<KeptChain, Set<XtChain>>()
  for (const chain of table.chains)
    if (chain.isBuiltIn) walk(chain, chain.name as XtChain, table, reached, new Set(), report)
  for (const chain of table.chains)
    for (const rule of uniqueRules(chain)) checkRule(rule, [...(reached.get(chain) ?? [])], table, report)
}

/** A rule of several addresses stands for all of them. */
function uniqueRules(chain: KeptChain): readonly KeptRule[] {
  const drafts = new Set<RuleDraft>()
  return chain.rules.filter(({ draft }) => !drafts.has(draft) && drafts.add(draft))
}

const DEEPEST = 1000

/** Notes that packets of a built-in chain come to this one and those behind it. A way that leads back is told once. */
function walk(
  chain: KeptChain,
  from: XtChain,
  table: TableState,
  reached: Map<KeptChain, Set<XtChain>>,
  way: Set<KeptChain>,
  report: Report,
): void {
  // No kernel takes so many jumps in a row, which the rules' check tells.
  if (way.size > DEEPEST) return
  const known = reached.get(chain) ?? new Set()
  reached.set(chain, known)
  if (known.has(from)) return
  known.add(from)
  way.add(chain)
  for (const { draft } of uniqueRules(chain)) {
    const name = draft.verdict?.chain
    const next = name === undefined ? undefined : table.named(name)
    if (!next || !draft.jump) continue
    if (next.isBuiltIn) {
      report.error(
        "jump-to-base-chain",
        `${next.name} is built in, and rules cannot jump there`,
        draft.jump.word,
      )
    } else if (way.has(next)) {
      report.error("jump-ring", `the jump to ${next.name} leads back to where it comes from`, draft.jump.word)
    } else walk(next, from, table, reached, way, report)
  }
  way.delete(chain)
}

function checkRule(rule: KeptRule, hooks: readonly XtChain[], table: TableState, report: Report): void {
  const { draft } = rule
  for (const match of draft.matches) checkExtension(match, draft, hooks, table, report)
  if (draft.target) checkExtension(draft.target, draft, hooks, table, report)
}

function checkExtension(
  draft: ExtensionDraft,
  rule: RuleDraft,
  hooks: readonly XtChain[],
  table: TableState,
  report: Report,
): void {
  const { extension, word } = draft
  if (!extension) return
  const flag = extension.role === "match" ? "-m" : "-j"
  const name = `${flag} ${extension.name}`
  const written = draft.options.map(({ option }) => option)
  for (const { name: option, required, needs = [], excludes = [] } of extension.options) {
    const isThere = optionOf(written, option) !== undefined
    if (required && !isThere) {
      report.error("xt-bad-options", `${name} needs --${option}`, word)
      return
    }
    if (!isThere) continue
    const missing = needs.find((each) => !optionOf(written, each))
    if (missing) {
      report.error("xt-bad-options", `--${option} needs --${missing}`, placeOf(draft, option))
      return
    }
    const other = excludes.find((each) => each !== option && optionOf(written, each))
    if (other) {
      report.error("xt-bad-options", `--${option} and --${other} exclude each other`, placeOf(draft, other))
      return
    }
  }
  const { protocol } = rule
  if (
    extension.protocols &&
    (!protocol || protocol.negated || !extension.protocols.includes(protocol.number))
  ) {
    const wanted = extension.protocols.map((number) => `-p ${protocolName(number)}`).join(" or ")
    report.error("xt-bad-options", `${name} needs ${wanted} in the rule`, word)
    return
  }
  if (extension.tables && !extension.tables.includes(table.name)) {
    report.error(
      "xt-wrong-place",
      `${name} works in the table ${extension.tables.join(" or ")} only, and this is ${table.name}`,
      word,
    )
    return
  }
  const wrong = extension.hooks ? hooks.find((hook) => !extension.hooks!.includes(hook)) : undefined
  if (wrong) {
    report.error(
      "xt-wrong-place",
      `${name} does not work in ${wrong}, but in ${extension.hooks!.join(", ")}`,
      word,
    )
    return
  }
  const options = normalOptions(draft, table.family)
  const base = placeFor(rule, table)
  for (const chain of hooks.length > 0 ? hooks : [null]) {
    const problem = extension.check?.(options, { ...base, chain })
    if (problem && isProblem(problem)) {
      report.add("error", problem, word)
      return
    }
  }
  const assumed = typeof extension.assumes === "function" ? extension.assumes(options) : extension.assumes
  if (assumed !== undefined)
    report.warning("xt-assumed", `the engine cannot know what ${name} says, and assumes: ${assumed}`, word)
}

function placeOf(draft: ExtensionDraft, name: string) {
  return draft.options.find(({ option }) => option.name === name)?.word ?? draft.word
}

function placeFor(rule: RuleDraft, table: TableState): Omit<ExtensionPlace, "chain"> {
  return {
    family: table.family,
    table: table.name,
    protocol: rule.protocol?.number ?? 0,
    protocolNegated: rule.protocol?.negated ?? false,
    flags: rule.matches.reduce((sum, match) => sum | flagsOf(match, table.family), 0),
  }
}

/** Flags that the match tcp asks to be set. */
function flagsOf(match: ExtensionDraft, family: 4 | 6): number {
  if (match.name !== "tcp") return 0
  const option = optionOf(normalOptions(match, family), "tcp-flags")
  return option && !option.negated ? pairOf(option.value)[1] : 0
}
