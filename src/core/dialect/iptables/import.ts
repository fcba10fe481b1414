import { recogniseFormat } from "../../backend/formats.js"
import { readIptables } from "../../backend/iptables/read.js"
import type { Diagnostic, Span } from "../../base/diagnostic.js"
import { checkRuleset } from "../../ruleset/check.js"
import type { Chain, Rule, Table } from "../../ruleset/ruleset.js"
import { hasOption, optionOf } from "../../ruleset/xtables/option.js"
import type { DialectFile, Draft, DraftMap, Imported, ImportItem, ImportOptions } from "../imported.js"
import { problem } from "../problem.js"
import { type Asked, askedBy, endingOf } from "./disguise.js"
import { type Translated, type Translation, translate } from "./translate.js"

/** Chains inside chains whose conditions are taken along. */
const DEEPEST = 8

/**
 * Rules of iptables and ip6tables, as their save commands print them: those that are a protection in disguise become it. What opens and closes
 * ports stays with iptables.
 */
export function importIptables(files: readonly DialectFile[], _options: ImportOptions): Imported {
  return new RuleImport().read(files)
}

interface Placed {
  readonly rule: Rule
  readonly table: Table
  readonly chain: Chain
  readonly family: 4 | 6
  readonly index: number
}

class RuleImport {
  readonly #items: ImportItem[] = []
  readonly #diagnostics: Diagnostic[] = []
  readonly #protections = new Map<string, Draft>()
  readonly #perPort = new Map<string, Map<string, Draft>>()
  readonly #devices: string[] = []
  readonly #dead = new Set<string>()
  /** One rule is enough for the kernel to put fragments together before all others. */
  #hasConntrack = false

  read(files: readonly DialectFile[]): Imported {
    const placed: Placed[] = []
    const policies: string[] = []
    const texts = { 4: [] as string[], 6: [] as string[] }
    for (const file of files) {
      const family = recogniseFormat(file.text)?.format === "ip6tables" ? 6 : 4
      texts[family].push(file.text)
      const { ruleset, diagnostics } = readIptables(file, family)
      this.#diagnostics.push(...diagnostics)
      for (const { id, span } of checkRuleset(ruleset))
        if (id === "shadowed-rule" && span) this.#dead.add(placeOf(span))
      for (const table of ruleset.tables)
        for (const chain of table.chains) {
          if (table.name === "filter" && chain.base?.policy === "drop") policies.push(chain.name)
          for (const [index, rule] of chain.rules.entries())
            placed.push({ rule, table, chain, family, index })
        }
    }
    this.#hasConntrack = placed.some(({ rule, table }) => table.name === "nat" || asksConntrack(rule))
    for (const each of placed) this.#rule(each)
    this.#items.sort((left, right) => order(left, files) - order(right, files))
    const [first] = files
    if (placed.length === 0 && policies.length === 0 && first)
      this.#diagnostics.push(
        problem(
          "import-nothing-found",
          "error",
          "there are no rules of iptables here",
          { file: first.path, line: 1, column: 1 },
          "iptables-save prints them",
        ),
      )
    const closing = [...new Set(policies)]
    return {
      policy: this.#policy(),
      items: this.#items,
      diagnostics: this.#diagnostics,
      closed: {
        before:
          closing.length === 0
            ? "what rules drop; no chain's policy closes the rest."
            : `what no rule accepts, by the policy of ${closing.join(" and ")}.`,
        after: "the same, by the same rules, which stay; the policy's `open` could take their place.",
      },
      handOver,
      ownerRules: () => ({ ipv4: texts[4].join("\n"), ipv6: texts[6].join("\n") }),
    }
  }

  #policy(): DraftMap {
    const zone: Record<string, Draft> = Object.fromEntries(this.#protections)
    for (const [name, ports] of this.#perPort) {
      const general = zone[name]
      zone[name] = { ...(typeof general === "object" ? general : {}), ...Object.fromEntries(ports) }
    }
    const isEmpty = Object.keys(zone).length === 0
    const devices = this.#devices.map((device) => device.replace(/\+$/, "*"))
    return {
      version: 1,
      interfaces: { wan: devices.length === 0 ? "auto" : devices.length === 1 ? devices[0]! : devices },
      protect: { wan: isEmpty ? { preset: "off" } : zone },
    }
  }

  #rule(placed: Placed): void {
    const { rule, family, table } = placed
    const span = rule.origin.span!
    const item = { span, text: rule.origin.text }
    const hooks = hooksOf(placed.chain, table)
    const way = wayTo(placed.chain, table)
    const asked = askedBy([...way, rule])
    if (!hooks.some((hook) => hook !== "output" && hook !== "postrouting") || asked.input === "lo") {
      this.#items.push({ ...item, ...ordinary("Not about packets that arrive over a wire.") })
      return
    }
    if (this.#dead.has(placeOf(span))) {
      this.#items.push({
        ...item,
        ...ordinary("Nothing: an earlier rule takes all that it would match."),
        ...{ owner: "nothing", relation: "same" },
        diagnostics: [
          problem(
            "import-without-effect",
            "warning",
            "an earlier rule takes all that this would match",
            span,
          ),
        ],
      })
      return
    }
    const translated = this.#translate(placed, asked, family)
    if (translated.kind === "ordinary") this.#items.push({ ...item, ...ordinary(ordinaryWords(rule)) })
    else if (translated.kind === "part")
      this.#items.push({ ...item, ...ordinary(translated.does), relation: "same" })
    else if (translated.kind === "nothing")
      this.#items.push({
        ...item,
        ...ordinary(translated.does),
        ...{ owner: "nothing", relation: "same" },
        diagnostics: [problem("import-without-effect", "warning", "the rule has no effect", span)],
      })
    else if (translated.kind === "lost") this.#lost(item, translated)
    else this.#protection(item, withoutAnswer(translated.translation, rule), asked)
  }

  #lost(
    item: Pick<ImportItem, "span" | "text">,
    { does, why }: Extract<Translated, { readonly kind: "lost" }>,
  ): void {
    this.#items.push({
      ...item,
      ...{ owner: "works", ownerDoes: does, becomes: null, relation: "lost", why, protects: true },
      diagnostics: [
        problem(
          "import-not-carried",
          "warning",
          "the rule has no counterpart in a policy",
          item.span,
          "it can stay where it is, beside the policy",
        ),
      ],
    })
  }

  #protection(item: Pick<ImportItem, "span" | "text">, translation: Translation, asked: Asked): void {
    const { name, ports, value, does, relation, why, harms, owner = "works" } = translation
    const isTaken =
      ports === undefined
        ? this.#add(this.#protections, name, value)
        : ports.map((port) => this.#add(this.#portsOf(name), port, value)).includes(true)
    if (isTaken) {
      this.#lost(item, { kind: "lost", does, why: `${name} has another setting already, from a rule above.` })
      return
    }
    if (asked.input !== undefined && !this.#devices.includes(asked.input)) this.#devices.push(asked.input)
    const path = `protect.wan.${name}`
    this.#items.push({
      ...item,
      ...{ owner, ownerDoes: does, relation, protects: true, ...(why !== undefined && { why }) },
      becomes:
        ports === undefined
          ? `${path}: ${inline(value)}`
          : ports.map((port) => `${path}.${port}: ${inline(value)}`).join("; "),
      diagnostics:
        harms === undefined
          ? []
          : [problem("import-harms", "warning", `stops honest traffic: ${harms}`, item.span)],
    })
  }

  #portsOf(name: string): Map<string, Draft> {
    const known = this.#perPort.get(name)
    if (known) return known
    const made = new Map<string, Draft>()
    this.#perPort.set(name, made)
    return made
  }

  /** True: something else is there. Lists of sources are joined. */
  #add(map: Map<string, Draft>, key: string, value: Draft): boolean {
    const before = map.get(key)
    if (before !== undefined && Array.isArray(before) && Array.isArray(value)) {
      map.set(key, [...new Set([...before, ...value])])
      return false
    }
    if (before !== undefined) return JSON.stringify(before) !== JSON.stringify(value)
    map.set(key, value)
    return false
  }

  #translate({ rule, chain, table, index, family }: Placed, asked: Asked, version: 4 | 6): Translated {
    const ending = endingOf(rule)
    const { match } = asked
    const own = chain.rules
    const isSet = match?.name === "recent" && hasOption(match.options, "set")
    if (isSet) {
      const asking = table.chains
        .flatMap((each) => each.rules)
        .find((other) => other !== rule && isAsking(other, nameOf(rule)))
      return asking === undefined
        ? ordinaryKind
        : { kind: "part", does: "Writes the list that another rule asks." }
    }
    const isTarget = rule.steps.some((step) => step.step === "xt-target" && step.name === "SYNPROXY")
    if (isTarget)
      return {
        kind: "lost",
        does: "Answers SYNs with cookies before a connection is made.",
        why: "A policy has no SYN proxy; net.ipv4.tcp_syncookies does it for this host's own ports.",
      }
    const context = {
      family: version,
      hasConntrack: this.#hasConntrack,
      setsFirst: match?.name === "recent" && isSetBefore(own, index, nameOf(rule)),
    }
    if (ending === "drop") {
      if (match?.name === "limit")
        return {
          kind: "nothing",
          does: "Drops at most so many packets as its rate says, and lets what comes above past.",
        }
      if (match && (hasOption(match.options, "connlimit-upto") || hasOption(match.options, "hashlimit-upto")))
        return {
          kind: "lost",
          does: "Drops who keeps to the limit.",
          why: "No protection drops the few and lets the many past.",
        }
      return translate(asked, context)
    }
    if (ending !== "pass" || match === undefined || !limits(match)) return ordinaryKind
    const rest = own
      .slice(index + 1)
      .find((later) => takesRest(asked, askedBy([...wayTo(chain, table), later]), later))
    const isClosed = chain.base?.policy === "drop"
    if (rest === undefined && !isClosed)
      return {
        kind: "nothing",
        does: "Limits nothing: what is above the rate goes on, and no rule behind it drops it.",
      }
    return translate(asked, { ...context, family })
  }
}

function withoutAnswer(translation: Translation, { steps }: Rule): Translation {
  const isAnswered = steps.some((step) => step.step === "xt-target" && step.name === "REJECT")
  if (!isAnswered || translation.why !== undefined) return translation
  return { ...translation, why: "What REJECT answers is dropped without an answer." }
}

const ordinaryKind: Translated = { kind: "ordinary" }

function limits({ name, options }: NonNullable<Asked["match"]>): boolean {
  return name === "limit" || hasOption(options, "hashlimit-upto") || hasOption(options, "connlimit-upto")
}

/** Whether the later rule drops all that the limited one asks for. */
function takesRest(asked: Asked, later: Asked, rule: Rule): boolean {
  if (endingOf(rule) !== "drop" || later.match !== undefined || later.others.length > 0) return false
  const agrees = (one: unknown, other: unknown) =>
    other === undefined || JSON.stringify(one) === JSON.stringify(other)
  return (
    agrees(asked.protocol, later.protocol) &&
    (later.ports.length === 0 || agrees(asked.ports, later.ports)) &&
    agrees(asked.flags, later.flags) &&
    agrees(asked.states, later.states) &&
    agrees(asked.icmpType, later.icmpType) &&
    agrees(asked.source, later.source) &&
    agrees(asked.input, later.input)
  )
}

function recentOf(rule: Rule) {
  return rule.steps.flatMap((step) =>
    step.step === "xt-match" && step.name === "recent" ? [step.options] : [],
  )[0]
}

function nameOf(rule: Rule): unknown {
  const options = recentOf(rule)
  return options && optionOf(options, "name")?.value
}

function isAsking(rule: Rule, name: unknown): boolean {
  const options = recentOf(rule)
  return options !== undefined && !hasOption(options, "set") && optionOf(options, "name")?.value === name
}

function isSetBefore(rules: readonly Rule[], index: number, name: unknown): boolean {
  return rules.slice(0, index).some((rule) => {
    const options = recentOf(rule)
    return options !== undefined && hasOption(options, "set") && nameOf(rule) === name
  })
}

function asksConntrack(rule: Rule): boolean {
  return rule.steps.some(
    (step) => step.step === "xt-match" && ["state", "conntrack", "connlimit", "connmark"].includes(step.name),
  )
}

/** The rules that lead to a chain, where there is one way alone. */
function wayTo(chain: Chain, table: Table, depth = 0): readonly Rule[] {
  if (chain.base || depth > DEEPEST) return []
  const callers = callersOf(chain, table)
  const [only] = callers
  if (only === undefined || callers.length > 1) return []
  return [...wayTo(only.chain, table, depth + 1), only.rule]
}

function hooksOf(chain: Chain, table: Table, depth = 0): readonly string[] {
  if (chain.base) return [chain.base.hook]
  if (depth > DEEPEST) return []
  return callersOf(chain, table).flatMap((caller) => hooksOf(caller.chain, table, depth + 1))
}

const callers = new WeakMap<Table, Map<string, { readonly chain: Chain; readonly rule: Rule }[]>>()

function callersOf(chain: Chain, table: Table): readonly { readonly chain: Chain; readonly rule: Rule }[] {
  let known = callers.get(table)
  if (known === undefined) {
    known = new Map()
    for (const each of table.chains)
      for (const rule of each.rules)
        for (const step of rule.steps)
          if (step.step === "verdict" && step.chain !== undefined) {
            const list = known.get(step.chain) ?? []
            list.push({ chain: each, rule })
            known.set(step.chain, list)
          }
    callers.set(table, known)
  }
  return known.get(chain.name) ?? []
}

function ordinary(ownerDoes: string): Omit<ImportItem, "span" | "text"> {
  return { owner: "works", ownerDoes, becomes: null, relation: "not-ours", protects: false, diagnostics: [] }
}

function ordinaryWords(rule: Rule): string {
  const ending = endingOf(rule)
  if (ending === "drop") return "Closes something: it stays with iptables."
  if (ending === "pass") return "Opens something: it stays with iptables."
  return ending === "jump" ? "Leads to another chain." : "No protection: it stays with iptables."
}

function inline(value: Draft): string {
  if (typeof value !== "object") return String(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${inline(each)}`)
  return `{ ${entries.join(", ")} }`
}

function placeOf({ file, line, column }: Span): string {
  return `${file}:${line}:${column}`
}

function order({ span }: ImportItem, files: readonly DialectFile[]): number {
  return files.findIndex(({ path }) => path === span.file) * 1e9 + span.line
}

const handOver: readonly string[] = [
  "floodwall apply: on trial for 60 seconds, beside the rules of iptables, which it does not touch",
  "floodwall confirm, from a second session",
  "take the rules that were carried over out of what loads them; those that open and close stay",
  "floodwall enable; floodwall status",
]
