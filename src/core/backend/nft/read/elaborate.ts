import type { Diagnostic } from "../../../base/diagnostic.js"
import type { DiagnosticId } from "../../../base/diagnostic-ids.js"
import { didYouMean } from "../../../base/nearest.js"
import { hooks } from "../../../ruleset/hook.js"
import { stepsToText } from "../../../ruleset/kinds.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { ObjectKind } from "../../../ruleset/object.js"
import type { BaseChain, Rule, Ruleset, SetDeclaration, SetElement, Table } from "../../../ruleset/ruleset.js"
import { canonicalSteps } from "../canonical.js"
import type { Context } from "./context.js"
import { overlap } from "./interval.js"
import { targetsIn } from "./jump-targets.js"
import type { RuleContext } from "./keeper.js"
import {
  type ChainModel,
  Model,
  newTable,
  objectKey,
  type RuleModel,
  type TableModel,
  tableOf,
} from "./model.js"
import { declaredKinds, elaborateFlowtable, elaborateObject } from "./object-declaration.js"
import { elaboratePriority } from "./priority.js"
import { elaborateElements, elaborateSet } from "./set-declaration.js"
import { elaborateStatement } from "./statement.js"
import { checkStatement } from "./statement-check.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, single, stringOf, wordOf, wordsOf } from "./tree.js"
import { quotedWord } from "./values.js"

const families: readonly Table["family"][] = ["inet", "ip", "ip6", "netdev", "arp", "bridge"]

const verbs = new Set([
  "add",
  "create",
  "insert",
  "replace",
  "delete",
  "destroy",
  "flush",
  "reset",
  "list",
  "rename",
])

/** Listings say so; nothing of it is a rule. */
const silent = new Set(["metainfo", "list", "ruleset"])

/** Runs the commands, and says what stands at the end. `isListing`: JSON, in which nft forgets which sets are dynamic. */
export function elaborate(
  commands: readonly Syntax[],
  isListing: boolean,
): { readonly ruleset: Ruleset; readonly diagnostics: readonly Diagnostic[] } {
  const elaboration = new Elaboration(isListing)
  for (const command of commands) elaboration.command(command)
  return elaboration.finish()
}

/** Pairs of elements that are compared; more are left to the kernel. */
const overlapsTried = 1e6

class Elaboration {
  private readonly model = new Model()
  private readonly diagnostics: Diagnostic[] = []
  private readonly isListing: boolean

  constructor(isListing: boolean) {
    this.isListing = isListing
  }

  finish(): { readonly ruleset: Ruleset; readonly diagnostics: readonly Diagnostic[] } {
    const tables = [...this.model.tables.values()].map(tableOf)
    for (const table of tables) this.checkTargets(table)
    return { ruleset: { tables }, diagnostics: this.diagnostics }
  }

  private report(id: DiagnosticId, message: string, at: Syntax, hint?: string): void {
    this.diagnostics.push({
      id,
      severity: "error",
      message,
      span: at.span,
      ...(hint !== undefined && { hint }),
    })
  }

  private assume(message: string, at: Syntax, hint?: string): void {
    this.diagnostics.push({
      id: "nft-assumed",
      severity: "warning",
      message,
      span: at.span,
      ...(hint !== undefined && { hint }),
    })
  }

  command(command: Syntax): void {
    const [word, inner] = single(command) ?? []
    if (word === undefined || inner === undefined) {
      this.report("nft-json-syntax", "a command is an object with one entry", command)
      return
    }
    // A listing has the objects themselves, which is what `add` takes.
    if (silent.has(word)) return
    if (!verbs.has(word)) {
      this.run("add", word, inner, command)
      return
    }
    const [kind, value] = single(inner) ?? []
    if (kind === undefined || value === undefined)
      this.report("nft-json-syntax", `${word} names one thing`, inner)
    else this.run(word, kind, value, command)
  }

  private run(verb: string, kind: string, value: Syntax, at: Syntax): void {
    if (verb === "list" || verb === "reset") return
    if (kind === "ruleset") {
      if (verb === "flush") this.flushRuleset(value)
      return
    }
    if (kind === "table") {
      this.table(verb, value)
      return
    }
    const table = this.tableNamed(value, verb)
    if (!table) return
    switch (kind) {
      case "chain":
        this.chain(verb, table, value)
        return
      case "rule":
        this.rule(verb, table, value)
        return
      case "set":
      case "map":
      case "meter":
        this.set(verb, table, value, kind === "map" || entry(value, "map") !== undefined)
        return
      case "element":
        this.element(verb, table, value)
        return
      case "flowtable":
        this.flowtable(verb, table, value)
        return
    }
    const object = declaredKinds.find((each) => each === kind)
    if (object) this.object(verb, table, object, value)
    else this.report("nft-json-syntax", `"${kind}" is nothing that a table holds`, at)
  }

  private flushRuleset(value: Syntax): void {
    const family = wordOf(entry(value, "family"))
    for (const [key, table] of this.model.tables)
      if (family === undefined || table.family === family) this.model.tables.delete(key)
  }

  private table(verb: string, value: Syntax): void {
    const family = this.family(entry(value, "family"), value)
    const name = wordOf(entry(value, "name"))
    const handle = numberOf(entry(value, "handle"))
    if (family === undefined) return
    if (name === undefined) {
      const found = [...this.model.tables].find(
        ([, table]) => table.family === family && table.handle === handle,
      )
      if (found && verb !== "flush") this.model.tables.delete(found[0])
      else this.assume("there is no table of this handle in what was read: nothing is done", value)
      return
    }
    const key = `${family} ${name}`
    const known = this.model.tables.get(key)
    if (verb === "delete" || verb === "destroy" || verb === "flush") {
      if (!known) {
        if (verb !== "destroy")
          this.assume(`there is no table ${family} ${name} in what was read: nothing is done`, value)
      } else if (verb === "flush") for (const chain of known.chains.values()) chain.rules = []
      else this.model.tables.delete(key)
      return
    }
    if (verb === "create" && known)
      this.report("nft-already-there", `the table ${family} ${name} is there already`, value)
    const table = known ?? newTable(family, name, handle)
    if (!known) this.model.tables.set(key, table)
    const flags = listOf(entry(value, "flags")).flatMap((flag) => {
      const word = stringOf(flag)
      if (word === "dormant" || word === "owner" || word === "persist") return [word] as const
      this.report("nft-bad-value", `${quotedWord(flag)} is no flag of a table`, flag)
      return []
    })
    if (flags.length > 0) table.flags = flags
    table.comment = wordOf(entry(value, "comment")) ?? table.comment
  }

  private family(syntax: Syntax | undefined, at: Syntax): Table["family"] | undefined {
    const word = syntax ? wordOf(syntax) : "ip"
    const family = families.find((each) => each === word)
    if (family === undefined)
      this.report(
        "nft-bad-value",
        `${quotedWord(syntax)} is no family`,
        syntax ?? at,
        didYouMean(word ?? "", families),
      )
    return family
  }

  private tableNamed(value: Syntax, verb: string): TableModel | undefined {
    const family = this.family(entry(value, "family"), value)
    if (family === undefined) return undefined
    const at = entry(value, "table") ?? value
    const name = wordOf(entry(value, "table"))
    const table = name === undefined ? undefined : this.model.table(family, name)
    if (table) return table
    if (name === undefined) this.report("nft-json-syntax", "a table is missing", at)
    else if (verb === "delete" || verb === "destroy" || verb === "flush") {
      if (verb !== "destroy")
        this.assume(`there is no table ${family} ${name} in what was read: nothing is done`, at)
    } else {
      const names = [...this.model.tables.values()].map((each) => each.name)
      this.report("nft-not-there", `there is no table ${family} ${name}`, at, didYouMean(name, names))
    }
    return undefined
  }

  private nameIn(value: Syntax, what: string): string | undefined {
    const name = wordOf(entry(value, "name"))
    if (name === undefined) this.report("nft-bad-value", `the name of a ${what} is missing`, value)
    return name
  }

  /** Deletes, or says that there is nothing. True: the command was one that deletes. */
  private remove<Value>(
    verb: string,
    things: Map<string, Value>,
    key: string,
    what: string,
    at: Syntax,
  ): boolean {
    if (verb !== "delete" && verb !== "destroy") return false
    if (!things.delete(key) && verb === "delete")
      this.assume(`there is no ${what} in what was read: nothing is done`, at)
    return true
  }

  private chain(verb: string, table: TableModel, value: Syntax): void {
    const name = this.nameIn(value, "chain")
    if (name === undefined) return
    const known = table.chains.get(name)
    if (this.remove(verb, table.chains, name, `chain ${name}`, value)) return
    if (verb === "flush") {
      if (known) known.rules = []
      else this.assume(`there is no chain ${name} in what was read: nothing is done`, value)
      return
    }
    if (verb === "rename") {
      const renamed = wordOf(entry(value, "newname"))
      if (!known || renamed === undefined) {
        this.report("nft-not-there", `there is no chain ${name}`, value)
        return
      }
      // Its place among the chains stays.
      const chains = [...table.chains.values()]
      table.chains.clear()
      for (const chain of chains) {
        const kept = chain === known ? { ...chain, name: renamed } : chain
        table.chains.set(kept.name, kept)
      }
      return
    }
    if (verb === "create" && known)
      this.report("nft-already-there", `the chain ${name} is there already`, value)
    const base = this.base(table, value)
    if (known) {
      if (base) known.base = known.base ? { ...known.base, ...base } : base
      const policy = stringOf(entry(value, "policy"))
      if (!base && known.base && (policy === "accept" || policy === "drop"))
        known.base = { ...known.base, policy }
      return
    }
    table.chains.set(name, { name, base, comment: wordOf(entry(value, "comment")), rules: [] })
  }

  /** Which types stand where (nft(8), CHAINS). */
  private base(table: TableModel, value: Syntax): BaseChain | undefined {
    const typeSyntax = entry(value, "type")
    const hookSyntax = entry(value, "hook")
    const policySyntax = entry(value, "policy")
    if (!typeSyntax || !hookSyntax) return undefined
    const context = this.contextOf(table)
    const type = (["filter", "nat", "route"] as const).find((each) => each === stringOf(typeSyntax))
    const hook = hooks.find((each) => each === stringOf(hookSyntax))
    if (type === undefined)
      this.report(
        "nft-bad-value",
        `${quotedWord(typeSyntax)} is no type of chain`,
        typeSyntax,
        didYouMean(stringOf(typeSyntax) ?? "", ["filter", "nat", "route"]),
      )
    if (hook === undefined)
      this.report(
        "nft-bad-value",
        `${quotedWord(hookSyntax)} is no hook`,
        hookSyntax,
        didYouMean(stringOf(hookSyntax) ?? "", hooks),
      )
    if (type === undefined || hook === undefined) return undefined
    if (!hooksOfFamily[table.family].includes(hook) || !hooksOfType[type].includes(hook)) {
      this.report(
        "nft-not-here",
        `a chain of type ${type} in the family ${table.family} has no hook ${hook}`,
        hookSyntax,
      )
      return undefined
    }
    const prio = entry(value, "prio")
    const policy = stringOf(policySyntax) ?? "accept"
    if (policy !== "accept" && policy !== "drop")
      this.report("nft-bad-value", `a policy is accept or drop, not ${policy}`, policySyntax ?? value)
    const devices = wordsOf(entry(value, "dev"))
    const isAtDevice = hook === "ingress" || hook === "egress"
    if (!isAtDevice && devices.length > 0)
      this.report("nft-not-here", `chains at ${hook} have no device`, entry(value, "dev") ?? value)
    return {
      type,
      hook,
      priority: prio ? (elaboratePriority(prio, table.family, hook, context) ?? 0) : 0,
      policy: policy === "drop" ? "drop" : "accept",
      ...(isAtDevice && devices.length > 0 && { devices }),
      ...(wordsOf(entry(value, "flags")).includes("offload") && { offload: true }),
    }
  }

  private contextOf(table: TableModel, chain?: ChainModel): RuleContext {
    const { base } = chain ?? {}
    return {
      family: table.family,
      ...(base && { hook: base.hook, chainType: base.type }),
      set: (name) => table.sets.get(name)?.declaration,
      report: (id, message, at, hint) => this.report(id, message, at, hint),
      assume: (message, at, hint) => this.assume(message, at, hint),
      protocol: {},
      keeper: {
        declare: (declaration, at) => {
          if (!table.sets.has(declaration.name))
            table.sets.set(declaration.name, { declaration, elements: [], at })
        },
        hasObject: (kind, name) => table.objects.has(objectKey(kind, name)),
        isUpdated: (name, hasStatements) => {
          if (this.isListing && hasStatements) markDynamic(table, name)
        },
      },
    }
  }

  private rule(verb: string, table: TableModel, value: Syntax): void {
    const chainSyntax = entry(value, "chain")
    const name = wordOf(chainSyntax)
    const chain = name === undefined ? undefined : table.chains.get(name)
    if (!chain) {
      this.report(
        "nft-not-there",
        name === undefined ? "the name of a chain is missing" : `there is no chain ${name}`,
        chainSyntax ?? value,
        didYouMean(name ?? "", [...table.chains.keys()]),
      )
      return
    }
    const { rules } = chain
    const handle = numberOf(entry(value, "handle"))
    if (verb === "delete" || verb === "destroy") {
      const index = this.placeOf(rules, value)
      if (index >= 0) rules.splice(index, 1)
      else this.assume("there is no such rule in what was read: nothing is deleted", value)
      return
    }
    const made = this.ruleOf(table, chain, value)
    if (verb === "replace") {
      const index = this.placeOf(rules, value)
      if (index >= 0) rules[index] = { rule: made, handle }
      else this.report("nft-not-there", "there is no such rule to replace", value)
      return
    }
    const isListed =
      this.isListing && entry(value, "position") === undefined && entry(value, "index") === undefined
    const at = isListed ? undefined : this.neighbour(rules, value)
    const model: RuleModel = { rule: made, handle: isListed ? handle : undefined }
    if (verb === "insert") rules.splice(at ?? 0, 0, model)
    else rules.splice(at === undefined ? rules.length : at + 1, 0, model)
  }

  /** The place of the rule that a handle or an index names; -1: it is not there. */
  private placeOf(rules: readonly RuleModel[], value: Syntax): number {
    const index = numberOf(entry(value, "index"))
    if (index !== undefined) return index < rules.length ? index : -1
    const handle = numberOf(entry(value, "handle") ?? entry(value, "position"))
    return rules.findIndex((each) => each.handle !== undefined && each.handle === handle)
  }

  /** The rule that `index`, `position` or `handle` names, to stand beside; undefined: none is named. */
  private neighbour(rules: readonly RuleModel[], value: Syntax): number | undefined {
    const written = entry(value, "index") ?? entry(value, "position") ?? entry(value, "handle")
    if (!written) return undefined
    const place = this.placeOf(rules, value)
    if (place >= 0) return place
    if (entry(value, "index"))
      this.report("nft-not-there", `there is no rule ${quotedWord(written)} in the chain`, written)
    else
      this.assume(
        "the handles of rules are the kernel's: the rule is put at the end, or with insert at the beginning",
        written,
      )
    return undefined
  }

  private ruleOf(table: TableModel, chain: ChainModel, value: Syntax): Rule {
    const context: Context = this.contextOf(table, chain)
    const written: StepNode[] = []
    for (const statement of listOf(entry(value, "expr"))) {
      const steps = elaborateStatement(statement, context)
      checkStatement(steps, written, statement, context)
      written.push(...steps)
    }
    const steps = canonicalSteps(written, context)
    const comment = wordOf(entry(value, "comment"))
    const text = wordOf(entry(value, "text")) ?? stepsToText(steps)
    const { file, line, column } = value.span
    return {
      steps,
      origin: { span: { file, line, column }, text, written: true },
      ...(comment !== undefined && { comment }),
    }
  }

  private set(verb: string, table: TableModel, value: Syntax, isMap: boolean): void {
    const what = isMap ? "map" : "set"
    const name = this.nameIn(value, what)
    if (name === undefined) return
    if (this.remove(verb, table.sets, name, `${what} ${name}`, value)) return
    const known = table.sets.get(name)
    if (verb === "flush") {
      if (known) known.elements = []
      else this.assume(`there is no ${what} ${name} in what was read: nothing is done`, value)
      return
    }
    const context = this.contextOf(table)
    const elements = listOf(entry(value, "elem"))
    if (known && entry(value, "type") === undefined) {
      known.elements.push(...elaborateElements(elements, known.declaration, context))
      return
    }
    const declaration = elaborateSet(value, name, isMap, context)
    if (!declaration) return
    const isIncomplete =
      this.isListing && elements.some(isRangeSyntax) && !declaration.flags.includes("interval")
    const full: SetDeclaration = isIncomplete
      ? { ...declaration, flags: ["interval", ...declaration.flags] }
      : declaration
    if (known) {
      if (verb === "create") this.report("nft-already-there", `the ${what} ${name} is there already`, value)
      else if (!isSameSet(known.declaration, full))
        this.report("nft-already-there", `${name} is there already, with other types or flags`, value)
      known.elements.push(...elaborateElements(elements, known.declaration, context))
      return
    }
    const made = { declaration: full, elements: [] as ReturnType<typeof elaborateElements>, at: value }
    table.sets.set(name, made)
    made.elements = elaborateElements(elements, full, context)
  }

  private element(verb: string, table: TableModel, value: Syntax): void {
    const name = this.nameIn(value, "set")
    const set = name === undefined ? undefined : table.sets.get(name)
    if (!set) {
      if (name !== undefined)
        this.report(
          "nft-not-there",
          `there is no set ${name}`,
          value,
          didYouMean(name, [...table.sets.keys()]),
        )
      return
    }
    const { declaration } = set
    const context = this.contextOf(table)
    const written = listOf(entry(value, "elem"))
    if (verb === "delete" || verb === "destroy") {
      // Values of a map's elements may be left out.
      const keys = written.map((element) =>
        element.kind === "array" ? (element.items[0] ?? element) : element,
      )
      const { data: _data, objects: _objects, ...asSet } = declaration
      const gone = new Set(elaborateElements(keys, asSet, context).map(({ key }) => JSON.stringify(key)))
      const before = set.elements.length
      set.elements = set.elements.filter(({ key }) => !gone.has(JSON.stringify(key)))
      if (verb === "delete" && before - set.elements.length < gone.size)
        this.report("nft-not-there", `an element to be deleted is not in ${declaration.name}`, value)
      return
    }
    const added = elaborateElements(written, declaration, context)
    if (declaration.flags.includes("interval") && !declaration.autoMerge)
      this.checkOverlap(set.elements, added, declaration, value)
    for (const element of added) set.elements.push(element)
  }

  /** A range may not reach into another; where nft itself merges them, it may. A few new ones against what is there. */
  private checkOverlap(
    known: readonly SetElement[],
    added: readonly SetElement[],
    { key, name }: SetDeclaration,
    at: Syntax,
  ): void {
    if (known.length * added.length > overlapsTried) return
    for (const { key: one } of added)
      for (const { key: other } of known)
        if (overlap(one, other, key) && JSON.stringify(one) !== JSON.stringify(other)) {
          this.report("nft-already-there", `an element reaches into one that ${name} has already`, at)
          return
        }
  }

  private object(verb: string, table: TableModel, kind: ObjectKind, value: Syntax): void {
    const name = this.nameIn(value, kind)
    if (name === undefined) return
    const key = objectKey(kind, name)
    if (this.remove(verb, table.objects, key, `${kind} ${name}`, value)) return
    if (verb === "create" && table.objects.has(key))
      this.report("nft-already-there", `the ${kind} ${name} is there already`, value)
    const made = elaborateObject(kind, name, value, this.contextOf(table))
    if (made) table.objects.set(key, made)
  }

  private flowtable(verb: string, table: TableModel, value: Syntax): void {
    const name = this.nameIn(value, "flowtable")
    if (name === undefined) return
    if (this.remove(verb, table.flowtables, name, `flowtable ${name}`, value)) return
    table.flowtables.set(name, elaborateFlowtable(name, value, this.contextOf(table)))
  }

  /** Chains may be declared behind the rules that jump to them, and objects behind those that name them. */
  private checkTargets(table: Table): void {
    const chains = new Set(table.chains.map(({ name }) => name))
    for (const chain of table.chains)
      for (const rule of chain.rules)
        for (const target of targetsIn(rule.steps))
          if (!chains.has(target))
            this.diagnostics.push({
              id: "nft-not-there",
              severity: "error",
              message: `there is no chain ${target} to go to`,
              span: rule.origin.span,
            })
  }
}

type Hooks = readonly BaseChain["hook"][]

const ipHooks: Hooks = ["prerouting", "input", "forward", "output", "postrouting"]

const hooksOfFamily: Readonly<Record<Table["family"], Hooks>> = {
  ip: ipHooks,
  ip6: ipHooks,
  inet: ["ingress", ...ipHooks],
  bridge: ipHooks,
  arp: ["input", "output"],
  netdev: ["ingress", "egress"],
}

const hooksOfType: Readonly<Record<BaseChain["type"], Hooks>> = {
  filter: hooks,
  nat: ["prerouting", "input", "output", "postrouting"],
  route: ["output"],
}

function isRangeSyntax(element: Syntax): boolean {
  const key = element.kind === "array" ? element.items[0] : element
  const value = key && (entry(entry(key, "elem"), "val") ?? key)
  return value !== undefined && (entry(value, "range") !== undefined || entry(value, "prefix") !== undefined)
}

function isSameSet(left: SetDeclaration, right: SetDeclaration): boolean {
  const shape = ({ key, data, objects }: SetDeclaration) => JSON.stringify([key, data, objects])
  return shape(left) === shape(right)
}

function markDynamic(table: TableModel, name: string): void {
  const set = table.sets.get(name)
  if (!set || set.declaration.flags.includes("dynamic") || set.declaration.flags.includes("interval")) return
  set.declaration = { ...set.declaration, flags: dynamicToo(set.declaration.flags) }
}

/** In the order in which nft lists them: `dynamic` stands behind `constant`. */
function dynamicToo(flags: SetDeclaration["flags"]): SetDeclaration["flags"] {
  return flags.includes("constant") ? ["constant", "dynamic", ...flags.slice(1)] : ["dynamic", ...flags]
}
