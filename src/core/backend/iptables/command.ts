import type { Problem } from "../../base/diagnostic.js"
import { isProblem } from "../../base/diagnostic.js"
import { didYouMean } from "../../base/nearest.js"
import type { Extension, OptionSpec, XtTable, XtValue } from "../../ruleset/xtables/extension.js"
import { findExtension, matchOfProtocol, namesOf } from "../../ruleset/xtables/extensions.js"
import { type Command, type CommandKind, type ExtensionDraft, emptyRule, type RuleDraft } from "./draft.js"
import { namesOfOption, plainByName, specsOf } from "./option-names.js"
import { type PlainOption, plainOptions, shortOptions } from "./options.js"
import { readAddresses, readInterfaceName, readProtocol } from "./plain-values.js"
import type { Report } from "./report.js"
import { foreignMatches, foreignTargets, verdicts } from "./target-words.js"
import type { Word } from "./words.js"

export interface CommandContext {
  readonly family: 4 | 6
  readonly table: XtTable
  /** Does the table have a chain of this name? */
  readonly hasChain: (name: string) => boolean
  /** Their names. */
  readonly chains: () => readonly string[]
  readonly report: Report
  /** Between *table and COMMIT, where -t has no place. */
  readonly isRestore: boolean
}

/** Where a mistake is so near that there is no use in reading on; it has been reported. */
class Stop extends Error {}

/** Reads one command's words as getopt_long and iptables do. Undefined: mistakes have been reported. */
export function readCommand(words: readonly Word[], context: CommandContext): Command | undefined {
  const errors = context.report.errors
  try {
    const command = new CommandReader(words, context).read()
    const now = context.report.errors
    return now === errors ? command : undefined
  } catch (error) {
    if (error instanceof Stop) return undefined
    throw error
  }
}

const kinds: Readonly<Record<string, CommandKind>> = {
  A: "append",
  I: "insert",
  D: "delete",
  R: "replace",
  F: "flush",
  N: "new-chain",
  X: "delete-chain",
  E: "rename-chain",
  P: "policy",
  C: "look",
  L: "look",
  S: "look",
  Z: "look",
  V: "look",
  h: "look",
}

/** An option that was found, and what it belongs to. */
type Found = { readonly plain: PlainOption } | { readonly spec: OptionSpec; readonly draft: ExtensionDraft }

class CommandReader {
  private readonly words: readonly Word[]
  private readonly context: CommandContext
  private readonly report: Report
  private readonly rule: RuleDraft = emptyRule()
  private readonly seen = new Set<string>()
  private command: Omit<Command, "rule"> | undefined
  private at = 0
  /** The `!` that stands before the next option. */
  private negation: Word | undefined
  /** A match or target that nobody knows takes the words that nobody else does. */
  private stranger: ExtensionDraft | undefined

  constructor(words: readonly Word[], context: CommandContext) {
    this.words = words
    this.context = context
    this.report = context.report
  }

  read(): Command | undefined {
    while (this.at < this.words.length) {
      const word = this.words[this.at++]!
      if (!/^-./.test(word.text)) this.loose(word)
      else if (word.text.startsWith("--")) this.long(word)
      else this.short(word)
    }
    if (this.negation) this.stop("xt-negation", "nothing stands behind the !", this.negation)
    this.finishTarget()
    if (!this.command) {
      const word = this.words[0]
      if (word) this.report.error("xt-command", "there is no command: -A, -I, -D, -N, -P …", word)
      return undefined
    }
    return { ...this.command, rule: this.rule }
  }

  private stop(id: Problem["id"], message: string, word: Word, hint?: string): never {
    this.report.error(id, message, word, hint)
    throw new Stop()
  }

  private loose(word: Word): void {
    if (word.text === "!") {
      if (this.negation) this.stop("xt-negation", "! stands twice", word)
      this.negation = word
    } else if (this.stranger) this.stranger.words.push(word.text)
    else this.stop("xt-word", `"${word.text}" means nothing here`, word)
  }

  private long(word: Word): void {
    if (word.text === "--") {
      this.stop("xt-word", "-- means nothing here", word)
      return
    }
    const equals = word.text.indexOf("=")
    const name = equals < 0 ? word.text.slice(2) : word.text.slice(2, equals)
    const inline =
      equals < 0
        ? undefined
        : { ...word, text: word.text.slice(equals + 1), column: word.column + equals + 1, quoted: true }
    const found = this.find(name, word)
    if (!found) {
      this.unknownOption(word)
      return
    }
    if ("plain" in found) this.plain(found.plain, word, inline)
    else this.extensionOption(found.spec, found.draft, word, inline)
  }

  private short(word: Word): void {
    for (let index = 1; index < word.text.length; index++) {
      const option = shortOptions.get(word.text[index]!)
      if (!option) {
        this.unknownOption(word)
        return
      }
      const rest = word.text.slice(index + 1)
      const inline =
        rest === "" ? undefined : { ...word, text: rest, column: word.column + index + 1, quoted: true }
      if (option.value === "none") {
        this.plain(option, word, undefined)
        continue
      }
      this.plain(option, word, inline)
      return
    }
  }

  private unknownOption(word: Word): void {
    const { jump, target } = this.rule
    // Options that nobody has belong to a target that nobody knows.
    const isForeign = jump && !jump.isGoto && !target && !verdicts[jump.word.text]
    if (!this.stranger && isForeign && !this.context.hasChain(jump.word.text))
      this.unknownExtension("target", jump.word)
    if (this.stranger) {
      if (this.negation) this.stranger.words.push("!")
      this.negation = undefined
      this.stranger.words.push(word.text)
      return
    }
    const { protocol } = this.rule
    const implied = protocol && matchOfProtocol(protocol.number, this.context.family)
    const names = [...this.drafts().map(({ extension }) => extension), implied].flatMap(
      (extension) => extension?.options.map(({ name }) => `--${name}`) ?? [],
    )
    this.stop(
      "xt-unknown-option",
      `${word.text} is not an option here`,
      word,
      this.protocolHint(word.text) ?? didYouMean(word.text, names),
    )
  }

  /** `--dport` without `-p tcp` is the commonest mistake. */
  private protocolHint(text: string): string | undefined {
    if (!/^--(?:sport|dport|source-port|destination-port|syn|tcp-flags)$/.test(text)) return undefined
    return this.rule.protocol ? undefined : `${text} needs -p tcp or -p udp before it`
  }

  /** Matches and target, the latest first: whose option it is where several have it. */
  private drafts(): readonly ExtensionDraft[] {
    const { matches, target } = this.rule
    const all = target ? [...matches, target] : [...matches]
    return all.sort((left, right) => this.words.indexOf(right.word) - this.words.indexOf(left.word))
  }

  /** The option of this name, or the only one that begins so. */
  private find(name: string, word: Word): Found | undefined {
    const found = this.lookUp(name, word)
    if (found) return found
    const { protocol } = this.rule
    const implied = protocol ? matchOfProtocol(protocol.number, this.context.family) : undefined
    if (!implied || this.rule.matches.some(({ extension }) => extension === implied)) return undefined
    if (!implied.options.some((spec) => namesOfOption(spec).some((each) => each.startsWith(name))))
      return undefined
    this.rule.matches.push(newDraft("match", implied.name, word, implied))
    return this.lookUp(name, word)
  }

  private lookUp(name: string, word: Word): Found | undefined {
    const plain = plainByName.get(name)
    if (plain) return { plain }
    const drafts = this.drafts()
    for (const draft of drafts) {
      const spec = draft.extension && specsOf(draft.extension).get(name)
      if (spec) return { spec, draft }
    }
    const all: (readonly [string, Found])[] = [
      ...plainOptions.map((each) => [each.long, { plain: each }] as const),
      ...drafts.flatMap((draft) =>
        (draft.extension?.options ?? []).flatMap((spec) =>
          namesOfOption(spec).map((each) => [each, { spec, draft }] as const),
        ),
      ),
    ]
    const begun = all.filter(([each]) => each.startsWith(name))
    const names = new Set(begun.map(([, found]) => ("plain" in found ? found.plain.short : found.spec.name)))
    if (names.size > 1)
      this.stop(
        "xt-unknown-option",
        `${word.text} is the beginning of ${begun.map(([each]) => `--${each}`).join(", ")}`,
        word,
      )
    return begun[0]?.[1]
  }

  private plain(option: PlainOption, word: Word, inline: Word | undefined): void {
    const negation = this.takeNegation()
    const letter = option.short
    if (negation && !"sdpiofjg".includes(letter))
      this.stop("xt-negation", `--${option.long} cannot be negated`, negation)
    if (letter === "t" && this.context.isRestore)
      this.stop("xt-word", "-t has no place between *table and COMMIT", word)
    if (letter in kinds) {
      this.startCommand(kinds[letter]!, option, word, inline)
      return
    }
    if (letter === "w" || letter === "W") {
      if (!inline && /^\d+$/.test(this.words[this.at]?.text ?? "")) this.at++
      return
    }
    const value = option.value === "none" ? undefined : this.value(option.long, word, inline)
    if ("sdpiofjgc".includes(letter) && letter !== "j" && letter !== "g") {
      if (this.seen.has(letter)) this.stop("xt-option-twice", `--${option.long} stands twice`, word)
      this.seen.add(letter)
    }
    this.ask(letter, value, value?.wasNegated ? true : negation !== undefined, word)
  }

  private ask(letter: string, value: Word | undefined, negated: boolean, word: Word): void {
    switch (letter) {
      case "s":
        this.rule.sources = readAddresses(value!, negated, this.context)
        return
      case "d":
        this.rule.destinations = readAddresses(value!, negated, this.context)
        return
      case "i":
        this.rule.input = readInterfaceName(value!, negated, this.context)
        return
      case "o":
        this.rule.output = readInterfaceName(value!, negated, this.context)
        return
      case "p":
        this.protocol(value!, negated)
        return
      case "f":
        if (this.context.family === 6)
          this.stop("xt-unknown-option", "-f is for IPv4: IPv6 has -m frag", word)
        this.rule.fragment = { negated }
        return
      case "m":
        this.match(value!)
        return
      case "j":
      case "g":
        this.jump(value!, letter === "g", negated, word)
        return
      case "c":
        this.counters(value!)
        return
      default:
    }
  }

  private takeNegation(): Word | undefined {
    const { negation } = this
    this.negation = undefined
    return negation
  }

  /** The value of an option. The old place of `!`, before the value, is told and read as it was meant. */
  private value(name: string, word: Word, inline: Word | undefined): Word & { readonly wasNegated?: true } {
    const value = inline ?? this.words[this.at++]
    if (!value) this.stop("xt-bad-value", `--${name} needs a value`, word)
    if (value.text !== "!" || value.quoted || inline) return value
    const next = this.words[this.at++]
    if (!next) this.stop("xt-bad-value", `--${name} needs a value`, word)
    this.report.error(
      "xt-negation",
      `! stands before --${name}, not behind it`,
      value,
      `write ! --${name} ${next.text}`,
    )
    return { ...next, wasNegated: true }
  }

  private startCommand(kind: CommandKind, option: PlainOption, word: Word, inline: Word | undefined): void {
    if (this.command) this.stop("xt-command", `--${option.long} is a second command`, word)
    const next = () => {
      const following = this.words[this.at]
      if (!following || /^[-!]/.test(following.text)) return undefined
      this.at++
      return following
    }
    const chain = inline ?? next()
    if (!chain && option.value === "required") this.stop("xt-command", `--${option.long} needs a chain`, word)
    const isNumbered =
      kind === "insert" ||
      kind === "delete" ||
      kind === "replace" ||
      option.short === "L" ||
      option.short === "S" ||
      option.short === "Z"
    const takesOther = kind === "policy" || kind === "rename-chain"
    const other = takesOther ? next() : undefined
    if (takesOther && !other) this.stop("xt-command", `--${option.long} needs a second word`, word)
    const numberWord = isNumbered && chain ? next() : undefined
    const number = numberWord && this.ruleNumber(numberWord)
    if (kind === "replace" && number === undefined)
      this.stop("xt-command", "--replace needs the number of a rule", word)
    this.command = {
      kind,
      word,
      ...(chain && { chain }),
      ...(other && { other }),
      ...(number !== undefined && { number }),
    }
  }

  private ruleNumber(word: Word): number {
    const number = /^\d+$/.test(word.text) ? Number(word.text) : 0
    if (number < 1) this.stop("xt-command", `"${word.text}" is not the number of a rule`, word)
    return number
  }

  private counters(word: Word): void {
    if (/^\d+,\d+$/.test(word.text)) return
    const bytes = /^\d+$/.test(word.text) ? this.words[this.at++] : undefined
    if (!bytes || !/^\d+$/.test(bytes.text))
      this.stop("xt-bad-value", "-c needs two numbers: packets and bytes", word)
  }

  private protocol(word: Word, negated: boolean): void {
    const protocol = readProtocol(word, negated, this.context)
    if (protocol) this.rule.protocol = protocol
  }

  private match(word: Word): void {
    const extension = findExtension("match", word.text, this.context.family)
    if (!extension) {
      if (!/^[a-z][\w.-]*$/i.test(word.text))
        this.stop("xt-unknown-match", `"${word.text}" is not a match`, word)
      const meant = foreignMatches.has(word.text)
        ? undefined
        : didYouMean(word.text, namesOf("match", this.context.family))
      // iptables has no such match, and who wrote it meant another one.
      if (meant !== undefined)
        this.stop("xt-unknown-match", `the match ${word.text} is none of iptables'`, word, meant)
      this.unknownExtension("match", word)
      return
    }
    this.stranger = undefined
    this.rule.matches.push(newDraft("match", extension.name, word, extension))
  }

  private unknownExtension(role: "match" | "target", word: Word): void {
    const other = findExtension(role, word.text, this.context.family === 4 ? 6 : 4)
    if (other)
      this.stop(
        role === "match" ? "xt-unknown-match" : "xt-unknown-target",
        `${word.text} is for IPv${this.context.family === 4 ? 6 : 4} only`,
        word,
      )
    const draft = newDraft(role, word.text, word, undefined)
    this.stranger = draft
    if (role === "match") this.rule.matches.push(draft)
    else this.rule.target = draft
    this.report.warning(
      role === "match" ? "xt-unknown-match" : "xt-unknown-target",
      role === "match"
        ? `the match ${word.text} is not known: the engine assumes that it never matches`
        : `the target ${word.text} is not known: the engine assumes that it does nothing`,
      word,
      role === "target" ? didYouMean(word.text, namesOf(role, this.context.family)) : undefined,
    )
  }

  private jump(word: Word, isGoto: boolean, negated: boolean, option: Word): void {
    if (negated) this.stop("xt-negation", "-j cannot be negated", option)
    if (this.rule.jump) this.stop("xt-option-twice", "a rule has one target: -j or -g stands twice", option)
    if (word.text === "") this.stop("xt-unknown-target", "the name of the target is empty", word)
    this.rule.jump = { word, isGoto }
    if (isGoto || verdicts[word.text] || this.context.hasChain(word.text)) return
    const extension = findExtension("target", word.text, this.context.family)
    if (!extension) {
      if (foreignTargets.has(word.text)) this.unknownExtension("target", word)
      return
    }
    this.stranger = undefined
    this.rule.target = newDraft("target", extension.name, word, extension)
  }

  /** What `-j` names: a verdict, a chain, a target; or nothing that is there. */
  private finishTarget(): void {
    const { jump, target } = this.rule
    if (!jump || target) return
    const { word, isGoto } = jump
    const verdict = isGoto ? undefined : verdicts[word.text]
    if (verdict) {
      if (verdict === "drop" && this.context.table === "nat")
        this.report.error(
          "xt-wrong-place",
          "rules of the table nat translate addresses, and iptables refuses to drop there",
          word,
        )
      this.rule.verdict = { step: "verdict", verdict }
      return
    }
    if (this.context.hasChain(word.text)) {
      this.rule.verdict = { step: "verdict", verdict: isGoto ? "goto" : "jump", chain: word.text }
      return
    }
    this.report.error(
      "unknown-chain",
      isGoto ? `there is no chain ${word.text} in the table` : `there is no chain or target ${word.text}`,
      word,
      didYouMean(word.text, [
        ...this.context.chains(),
        ...Object.keys(verdicts),
        ...namesOf("target", this.context.family),
      ]),
    )
  }

  private extensionOption(
    spec: OptionSpec,
    draft: ExtensionDraft,
    word: Word,
    inline: Word | undefined,
  ): void {
    const negation = this.takeNegation()
    if (inline && !spec.value) this.stop("xt-bad-value", `--${spec.name} takes no value`, word)
    const values = spec.value ? this.values(spec, word, inline) : undefined
    const isNegated = negation !== undefined || values?.wasNegated === true
    if (isNegated && !spec.invertible)
      this.stop("xt-negation", `--${spec.name} cannot be negated`, negation ?? word)
    if (draft.options.some(({ option }) => option.name === spec.name) && !spec.many)
      this.stop("xt-option-twice", `--${spec.name} stands twice`, word)
    if (draft.extension?.protocolFirst && !this.rule.protocol)
      this.stop("xt-bad-options", `--${spec.name} needs -p before it`, word)
    if (spec.after !== undefined && !draft.options.some(({ option }) => option.name === spec.after))
      this.stop("xt-bad-options", `--${spec.name} needs --${spec.after} before it`, word)
    let value: XtValue | undefined
    if (spec.value && values && values.text !== undefined) {
      const parsed = spec.value.parse(values.text, this.context.family)
      if (isProblem(parsed)) {
        const hint = parsed.hint ?? `--${spec.name} takes: ${spec.value.shape}`
        this.report.add("error", { ...parsed, hint }, values.word)
        return
      }
      value = parsed
    }
    draft.options.push({
      option: { name: spec.name, ...(isNegated && { negated: true }), ...(value !== undefined && { value }) },
      word,
    })
  }

  /** The words of a value, with blanks between. */
  private values(
    spec: OptionSpec,
    word: Word,
    inline: Word | undefined,
  ): { readonly text?: string; readonly word: Word; readonly wasNegated?: true } {
    const following = inline ?? this.words[this.at]
    if (spec.optional && (!following || (!inline && /^[-!]/.test(following.text)))) return { word }
    const first = this.value(spec.name, word, inline)
    const texts = [first.text]
    for (let count = 1; count < (spec.value?.words ?? 1); count++) {
      const next = this.words[this.at]
      if (!next || /^[-!]/.test(next.text))
        this.stop("xt-bad-value", `--${spec.name} needs ${spec.value?.words} words`, word)
      texts.push(next.text)
      this.at++
    }
    return { text: texts.join(" "), word: first, ...(first.wasNegated && { wasNegated: true }) }
  }
}

function newDraft(
  role: Extension["role"],
  name: string,
  word: Word,
  extension: Extension | undefined,
): ExtensionDraft {
  return { role, name, word, extension, options: [], words: [] }
}
