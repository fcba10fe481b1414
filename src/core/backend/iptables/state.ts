import { didYouMean } from "../../base/nearest.js"
import type { StepNode } from "../../ruleset/node.js"
import type { Origin } from "../../ruleset/origin.js"
import type { BaseChain } from "../../ruleset/ruleset.js"
import type { XtTable } from "../../ruleset/xtables/extension.js"
import { findExtension } from "../../ruleset/xtables/extensions.js"
import type { Command, RuleDraft } from "./draft.js"
import { isBuiltIn, tables } from "./places.js"
import type { Report } from "./report.js"
import { stepsOf } from "./rule-steps.js"
import { ruleText } from "./rule-text.js"
import type { Word } from "./words.js"

/** A rule in its chain. */
export interface KeptRule {
  readonly steps: readonly StepNode[]
  readonly draft: RuleDraft
  readonly origin: Origin
  readonly word: Word
  /** For finding the rule that `-D` means. */
  readonly text: string
}

export interface KeptChain {
  name: string
  readonly isBuiltIn: boolean
  policy: BaseChain["policy"]
  rules: KeptRule[]
}

/** CHAIN names have at most so many characters (XT_EXTENSION_MAXNAMELEN less its end). */
const NAME_MAXIMUM = 28

/** Targets that are no extensions. */
const standardTargets: ReadonlySet<string> = new Set(["ACCEPT", "DROP", "QUEUE", "RETURN"])

/** One table while commands change it. Mistakes are told, and change nothing. */
export class TableState {
  readonly name: XtTable
  readonly family: 4 | 6
  private byName: Map<string, KeptChain>

  constructor(name: XtTable, family: 4 | 6) {
    this.name = name
    this.family = family
    this.byName = new Map(
      tables[name].map((chain) => [chain, { name: chain, isBuiltIn: true, policy: "accept", rules: [] }]),
    )
  }

  has(name: string): boolean {
    return this.byName.has(name)
  }

  named(name: string): KeptChain | undefined {
    return this.byName.get(name)
  }

  /** In the order in which they were made. */
  get chains(): readonly KeptChain[] {
    return [...this.byName.values()]
  }

  names(): readonly string[] {
    return [...this.byName.keys()]
  }

  /** `iptables-restore` begins with an empty table; policies stay. */
  empty(): void {
    for (const chain of this.chains)
      if (chain.isBuiltIn) chain.rules = []
      else this.byName.delete(chain.name)
  }

  /** `isCommand`: `-N` wants no name of a target either; a line `:NAME -` refuses only what is no extension. */
  newChain(word: Word, report: Report, isCommand = true): void {
    const { text } = word
    const isTarget = isCommand && findExtension("target", text, this.family) !== undefined
    if (isTarget || standardTargets.has(text)) {
      report.error("xt-bad-name", `${text} is a target, and cannot be the name of a chain`, word)
      return
    }
    if (this.has(text)) {
      report.error("duplicate-name", `the table ${this.name} already has a chain ${text}`, word)
      return
    }
    if (text.length > NAME_MAXIMUM) {
      report.error("xt-bad-name", `a chain's name has at most ${NAME_MAXIMUM} characters`, word)
      return
    }
    if (/^[-!]|\s/.test(text) || text === "") {
      report.error("xt-bad-name", `"${text}" cannot be the name of a chain`, word)
      return
    }
    this.byName.set(text, { name: text, isBuiltIn: false, policy: "accept", rules: [] })
  }

  policy(chain: Word, policy: Word, report: Report): void {
    if (!isBuiltIn(this.name, chain.text)) {
      const message = this.has(chain.text)
        ? `${chain.text} is a chain of the user's, and only built-in ones have a policy`
        : `the table ${this.name} has no built-in chain ${chain.text}`
      report.error("xt-policy", message, chain)
      return
    }
    const wanted = policy.text.toLowerCase()
    if (wanted !== policy.text.toLowerCase() || (policy.text !== "ACCEPT" && policy.text !== "DROP")) {
      report.error("xt-policy", `"${policy.text}" is not a policy: ACCEPT or DROP`, policy)
      return
    }
    this.byName.get(chain.text)!.policy = policy.text === "DROP" ? "drop" : "accept"
  }

  apply(command: Command, origin: Origin, report: Report): void {
    switch (command.kind) {
      case "append":
      case "insert":
      case "replace":
        this.write(command, origin, report)
        return
      case "delete":
        this.remove(command, report)
        return
      case "new-chain":
        this.newChain(command.chain!, report)
        return
      case "flush":
        for (const chain of this.chosen(command, report)) chain.rules = []
        return
      case "delete-chain":
        this.deleteChains(command, report)
        return
      case "rename-chain":
        this.rename(command, report)
        return
      case "policy":
        this.policy(command.chain!, command.other!, report)
        return
      default:
    }
  }

  private chainOf(word: Word, report: Report): KeptChain | undefined {
    const chain = this.byName.get(word.text)
    if (!chain)
      report.error(
        "unknown-chain",
        `the table ${this.name} has no chain ${word.text}`,
        word,
        didYouMean(word.text, this.names()),
      )
    return chain
  }

  private chosen({ chain }: Command, report: Report): readonly KeptChain[] {
    if (!chain) return this.chains
    const found = this.chainOf(chain, report)
    return found ? [found] : []
  }

  private write(command: Command, origin: Origin, report: Report): void {
    const chain = this.chainOf(command.chain!, report)
    if (!chain) return
    const { rule: draft, word } = command
    if (!this.checkInterfaces(chain, draft, report)) return
    const rules = stepsOf(draft, this.family).map((steps) => ({
      steps,
      draft,
      origin,
      word,
      text: ruleText(steps) ?? "",
    }))
    if (command.kind === "append") {
      chain.rules.push(...rules)
      return
    }
    const at = (command.number ?? 1) - 1
    if (command.kind === "replace") {
      if (at >= chain.rules.length) {
        this.noRule(chain, command, report)
        return
      }
      if (rules.length > 1) {
        report.error("xt-command", "one rule cannot be replaced by several", word)
        return
      }
      chain.rules.splice(at, 1, ...rules)
      return
    }
    if (at > chain.rules.length) {
      this.noRule(chain, command, report)
      return
    }
    // One after the other at the same place: the last one stands first.
    chain.rules.splice(at, 0, ...rules.reverse())
  }

  private noRule(chain: KeptChain, command: Command, report: Report): void {
    report.error(
      "xt-no-rule",
      `chain ${chain.name} has ${chain.rules.length} rules, and no rule ${command.number}`,
      command.word,
    )
  }

  /** Said for the chain that the rule stands in; in one that is jumped to it is only a question that nothing matches. */
  private checkInterfaces(chain: KeptChain, { input, output }: RuleDraft, report: Report): boolean {
    const leaves = chain.name === "OUTPUT" || chain.name === "POSTROUTING"
    const arrives = chain.name === "PREROUTING" || chain.name === "INPUT"
    if (!chain.isBuiltIn) return true
    if (input && leaves) {
      report.error(
        "xt-wrong-place",
        `packets in ${chain.name} have no incoming interface: -i is for PREROUTING, INPUT and FORWARD`,
        input.word,
      )
      return false
    }
    if (output && arrives) {
      report.error(
        "xt-wrong-place",
        `packets in ${chain.name} have no outgoing interface: -o is for FORWARD, OUTPUT and POSTROUTING`,
        output.word,
      )
      return false
    }
    return true
  }

  private remove(command: Command, report: Report): void {
    const chain = this.chainOf(command.chain!, report)
    if (!chain) return
    if (command.number !== undefined) {
      if (command.number > chain.rules.length) this.noRule(chain, command, report)
      else chain.rules.splice(command.number - 1, 1)
      return
    }
    for (const steps of stepsOf(command.rule, this.family)) {
      const text = ruleText(steps)
      const at = chain.rules.findIndex((rule) => rule.text === text)
      if (at < 0) report.error("xt-no-rule", `chain ${chain.name} has no such rule to delete`, command.word)
      else chain.rules.splice(at, 1)
    }
  }

  private deleteChains(command: Command, report: Report): void {
    const named = command.chain && this.chainOf(command.chain, report)
    if (command.chain && !named) return
    const doomed = named ? [named] : this.chains.filter((chain) => !chain.isBuiltIn)
    for (const chain of doomed) {
      const problem = chain.isBuiltIn
        ? `${chain.name} is built in, and cannot be deleted`
        : chain.rules.length > 0
          ? `chain ${chain.name} has rules, and cannot be deleted`
          : this.isUsed(chain.name) && named
            ? `chain ${chain.name} is jumped to, and cannot be deleted`
            : undefined
      if (problem !== undefined) report.error("xt-command", problem, command.chain ?? command.word)
      else this.byName.delete(chain.name)
    }
  }

  private isUsed(name: string): boolean {
    return this.chains.some(({ rules }) => rules.some(({ draft }) => draft.verdict?.chain === name))
  }

  private rename(command: Command, report: Report): void {
    const chain = this.chainOf(command.chain!, report)
    if (!chain) return
    const { text } = command.other!
    if (chain.isBuiltIn || this.has(text) || text.length > NAME_MAXIMUM) {
      report.error("xt-command", `chain ${chain.name} cannot become ${text}`, command.other!)
      return
    }
    const before = chain.name
    chain.name = text
    this.byName = new Map(this.chains.map((each) => [each.name, each]))
    for (const each of this.chains) {
      each.rules = each.rules.map((rule) => {
        if (rule.draft.verdict?.chain !== before) return rule
        const steps = rule.steps.map((step) =>
          step.step === "verdict" && step.chain === before ? { ...step, chain: text } : step,
        )
        const draft = { ...rule.draft, verdict: { ...rule.draft.verdict, chain: text } }
        return { ...rule, steps, draft, text: ruleText(steps) ?? "" }
      })
    }
  }
}
