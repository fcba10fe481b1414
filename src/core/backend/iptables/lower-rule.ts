import type { Unsupported } from "../../ruleset/kind.js"
import type { ExpressionNode, StepNode, VerdictNode } from "../../ruleset/node.js"
import type { Rule } from "../../ruleset/ruleset.js"
import {
  always,
  both,
  isUnsupported,
  match,
  never,
  type XtAlternatives,
  type XtCondition,
  type XtRuleWriter,
  type XtTest,
  type XtWriter,
} from "../../ruleset/xtables/lower/condition.js"
import { expressionToXtables } from "../../ruleset/xtables/lower/expressions.js"
import { stepToXtables } from "../../ruleset/xtables/lower/steps.js"
import type { XtMatchNode, XtTargetNode } from "../../ruleset/xtables/node.js"
import { commentOf } from "../nft/comment.js"
import { ruleOf } from "./conjunction.js"

/** What a rule's surroundings answer. */
export interface RulePlace extends Omit<XtWriter, "test" | "settled"> {
  shortName(name: string, length: number): string
  /** The chain's name in this table. */
  chainName(name: string): string
  /** `accept` ends the base chain: null where iptables' would end more than that. */
  readonly accept: VerdictNode | null
  /** A chain of its own for the rest of a rule. */
  helperName(): string
}

export interface LoweredRule {
  /** It asked for fragments where there are none. */
  readonly missesFragments: boolean
  /** For the rule's own chain. */
  readonly rules: readonly Rule[]
  /** Chains for what a rule does in several steps. */
  readonly helpers: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

/** A rule in iptables' words: several rules where it asks for several things or does several. What cannot be said is not half said. */
export function lowerRule(rule: Rule, place: RulePlace): LoweredRule | Unsupported {
  const writer = new RuleLowering(rule, place)
  for (const step of rule.steps) if (writer.isOpen) stepToXtables(step, writer)
  return writer.close()
}

class RuleLowering implements XtRuleWriter {
  readonly #rule: Rule
  readonly #place: RulePlace
  readonly #own: Rule[] = []
  readonly #helpers: { name: string; rules: Rule[] }[] = []
  #sink: Rule[] = this.#own
  #alternatives: XtAlternatives = [[]]
  /** What is asked so far holds a match that remembers. */
  #remembers = false
  /** Something that is to be done, once it is known whether it is the last. */
  #pending: XtTargetNode | null = null
  #problem: Unsupported | null = null
  #isFinished = false
  #missesFragments = false

  constructor(rule: Rule, place: RulePlace) {
    this.#rule = rule
    this.#place = place
  }

  get family() {
    return this.#place.family
  }

  get table() {
    return this.#place.table
  }

  get chain() {
    return this.#place.chain
  }

  get seesFragments() {
    return this.#place.seesFragments
  }

  get isOpen(): boolean {
    return this.#problem === null && !this.#isFinished && this.#alternatives.length > 0
  }

  readonly test = (node: ExpressionNode, test: XtTest): XtCondition => expressionToXtables(node, test, this)
  readonly settled = (holds: boolean): XtCondition => {
    this.#missesFragments ||= !holds
    return holds ? always : never
  }
  readonly types = (node: ExpressionNode) => this.#place.types(node)
  readonly anonymousSet: XtWriter["anonymousSet"] = (type, items) => this.#place.anonymousSet(type, items)
  readonly namedSet = (name: string) => this.#place.namedSet(name)
  readonly shortName = (name: string, length: number) => this.#place.shortName(name, length)

  require(condition: XtCondition): void {
    if (isUnsupported(condition)) {
      this.cannot(condition)
      return
    }
    this.#flush()
    if ("once" in condition) {
      if (this.#alternatives.length > 1) this.#cut()
      this.#join([[condition.once]])
      this.#remembers = true
      return
    }
    const asksNothing = condition.length === 1 && condition[0]!.length === 0
    if (asksNothing) return
    // A header is asked before all matches: what stands behind one that remembers must not come before it.
    if (this.#remembers) this.#cut()
    this.#join(condition)
  }

  requireNot(match: XtMatchNode): void {
    this.#flush()
    this.#cut()
    this.#emit([[match]], { step: "verdict", verdict: "return" })
  }

  act(target: XtTargetNode): void {
    this.#flush()
    this.#pending = target
  }

  finish(ending: XtTargetNode | VerdictNode): void {
    this.#flush()
    const translated = this.#ending(ending)
    if (isUnsupported(translated)) {
      this.cannot(translated)
      return
    }
    if (translated !== null) this.#emit(this.#alternatives, translated)
    this.#isFinished = true
  }

  finishWhere(condition: XtCondition, ending: VerdictNode): void {
    if (isUnsupported(condition)) {
      this.cannot(condition)
      return
    }
    if ("once" in condition) {
      this.cannot({ unsupported: "iptables asks such a value once for a packet" })
      return
    }
    this.#flush()
    if (this.#remembers) this.#cut()
    const translated = this.#ending(ending)
    if (isUnsupported(translated)) {
      this.cannot(translated)
      return
    }
    if (translated !== null) this.#emit(both(this.#alternatives, condition), translated)
  }

  cannot(reason: Unsupported): void {
    this.#problem ??= reason
  }

  close(): LoweredRule | Unsupported {
    if (this.#problem === null && !this.#isFinished) {
      if (this.#pending) this.#emit(this.#alternatives, this.#pending)
      // What only counts, counts.
      else if (this.#sink.length === 0) this.#emit(this.#alternatives, null)
    }
    return (
      this.#problem ?? { rules: this.#own, helpers: this.#helpers, missesFragments: this.#missesFragments }
    )
  }

  /** An action that is not the last is done in a chain of its own: what leads to it is asked once. */
  #flush(): void {
    const pending = this.#pending
    if (!pending) return
    this.#pending = null
    if (!this.#asksNothing) this.#cut()
    this.#emit([[]], pending)
  }

  get #asksNothing(): boolean {
    return this.#alternatives.length === 1 && this.#alternatives[0]!.length === 0
  }

  /** What comes now is for packets that all of this holds for; they come back behind the rule. */
  #cut(): void {
    if (this.#asksNothing && this.#sink !== this.#own) return
    const helper = { name: this.#place.helperName(), rules: [] }
    this.#emit(this.#alternatives, { step: "verdict", verdict: "jump", chain: helper.name })
    this.#helpers.push(helper)
    this.#sink = helper.rules
    this.#alternatives = [[]]
    this.#remembers = false
  }

  #join(condition: XtAlternatives): void {
    const joined: XtAlternatives[number][] = []
    for (const each of both(this.#alternatives, condition)) {
      const rule = ruleOf(each)
      if (isUnsupported(rule)) {
        this.cannot(rule)
        return
      }
      if (rule !== null) joined.push(rule)
    }
    this.#alternatives = joined
  }

  /** Null: nothing is to be done. */
  #ending(ending: XtTargetNode | VerdictNode): XtTargetNode | VerdictNode | null | Unsupported {
    if (ending.step !== "verdict") return ending
    const { verdict } = ending
    if (verdict === "continue") return null
    if (verdict === "accept")
      return (
        this.#place.accept ?? {
          unsupported: "accept would end other base chains of this hook too, which iptables has in one",
        }
      )
    if (verdict === "drop") return ending
    if (this.#sink !== this.#own && verdict !== "jump")
      return { unsupported: `a rule of several steps that ends in ${verdict} cannot be taken apart` }
    return ending.chain === undefined ? ending : { ...ending, chain: this.#place.chainName(ending.chain) }
  }

  #emit(alternatives: XtAlternatives, ending: StepNode | null): void {
    for (const alternative of alternatives) {
      const asked = ruleOf(alternative)
      if (asked === null) continue
      if (isUnsupported(asked)) {
        this.cannot(asked)
        return
      }
      const comment = commentOf(this.#rule.origin)
      const said = comment === undefined ? [] : [match(this.family, "comment", ["comment", comment])]
      this.#sink.push({ steps: [...asked, ...said, ...(ending ? [ending] : [])], origin: this.#rule.origin })
    }
  }
}
