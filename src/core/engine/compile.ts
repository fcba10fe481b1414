import type { Diagnostic } from "../base/diagnostic.js"
import type { Hook } from "../ruleset/hook.js"
import { hooks, priority } from "../ruleset/hook.js"
import { buildFrom, guardOf, requirementOfSteps } from "../ruleset/kinds.js"
import type { StepNode } from "../ruleset/node.js"
import type { ObjectKind } from "../ruleset/object.js"
import type { Rule, Ruleset, SetDeclaration, SetElement, Table } from "../ruleset/ruleset.js"
import {
  type AnonymousSet,
  type Build,
  CONTINUE,
  type EngineBuild,
  type Run,
  type RuntimeSet,
  type Step,
} from "../ruleset/runtime.js"
import { JUMP_DEPTH, jumpDepths } from "../ruleset/walk.js"
import type { Conntrack } from "./conntrack/conntrack.js"
import { ConnectionCounts } from "./conntrack/count.js"
import type { Interfaces } from "./interfaces.js"
import type { CompiledChain, CompiledRule, Guard } from "./selection.js"
import { MapData } from "./sets/data.js"
import { flatten, flattenOne, keyWordsOf } from "./sets/elements.js"
import { HashSet } from "./sets/hash-set.js"
import { IntervalSet } from "./sets/interval-set.js"
import { withOthers } from "./sets/set-with-others.js"
import { type ElementBuildPart, ElementStatements } from "./sets/statements.js"
import { policyOutcome } from "./walk.js"

/** Told of each element that a rule adds: the table, the set, the key's words (borrowed), when it ends (Infinity: never), and the rule. */
export type OnSetAdd = (
  table: Table,
  set: SetDeclaration,
  words: Uint32Array,
  expires: number,
  run: Run,
  rule: Rule,
) => void

/** Whether anybody wants to be told of what this rule adds to this set. */
export type WantsSetAdd = (set: SetDeclaration, rule: Rule) => boolean

export interface CompiledSet {
  readonly table: Table
  readonly declaration: SetDeclaration
  readonly set: HashSet | IntervalSet
}

export interface CompiledRuleset {
  readonly chains: readonly CompiledChain[]
  /** Indices of base chains by hook, in the order that they run. */
  readonly bases: Readonly<Record<Hook, readonly BaseEntry[]>>
  readonly sets: readonly CompiledSet[]
  /** How many numbers the rules remember. */
  readonly slots: number
  /** Chains of type nat by hook, in the order that a connection's first packet asks them; `bases` holds the place where it does. */
  readonly translations: Readonly<Record<Hook, readonly BaseEntry[]>>
  /** IP versions that conntrack was switched on for: a rule asks for it. */
  readonly tracks: { readonly four: boolean; readonly six: boolean }
  /** A rule asks for packets or bytes of connections. */
  readonly accounts: boolean
  readonly diagnostics: readonly Diagnostic[]
}

export interface BaseEntry {
  /** Index of the chain. Below 0: here connections are translated, and -1 less the hook's index says at which hook. */
  readonly chain: number
  readonly priority: number
  readonly four: boolean
  readonly six: boolean
  /** Interface indices of an ingress or egress chain; empty elsewhere. */
  readonly devices: readonly number[]
  /** An earlier table had turned conntrack on: at the very priority of the kernel's own work this chain, registered later, runs before it. */
  readonly early?: { readonly four: boolean; readonly six: boolean }
}

export interface CompileOptions {
  readonly interfaces: Interfaces
  readonly conntrack: Conntrack
  readonly onSetAdd?: OnSetAdd
  /** Absent: `onSetAdd` is told of all. */
  readonly wantsSetAdd?: WantsSetAdd
  readonly iptablesNft?: boolean
}

/** Makes closures of all tables. What is wrong comes as diagnostics: names that are not there, jumps that nest too deep or in a ring. */
export function compileRuleset(ruleset: Ruleset, options: CompileOptions): CompiledRuleset {
  const compiler = new Compiler(options)
  for (const table of ruleset.tables) if (isJudged(table)) compiler.table(table)
  return compiler.finish()
}

/** ARP and bridge tables see frames that the engine has no hooks for. */
function isJudged(table: Table): boolean {
  return table.family !== "arp" && table.family !== "bridge"
}

class Compiler {
  private readonly options: CompileOptions
  private readonly chains: (CompiledChain & { readonly rules: CompiledRule[] })[] = []
  private readonly bases: Record<Hook, BaseEntry[]>
  private readonly translations: Record<Hook, BaseEntry[]>
  private readonly sets: CompiledSet[] = []
  private readonly diagnostics: Diagnostic[] = []
  private readonly fills: (() => void)[] = []
  private readonly shared = new Map<string, unknown>()
  private slots = 0
  private trackedBefore = { four: false, six: false }
  private four = false
  private six = false
  private accounts = false
  private readonly translated = { four: false, six: false }

  constructor(options: CompileOptions) {
    this.options = options
    this.bases = noEntries()
    this.translations = noEntries()
  }

  table(table: Table): void {
    // nft registers a table's chains before it adds its rules, and one table after the other.
    this.trackedBefore = { four: this.four, six: this.six }
    const first = this.chains.length
    const chainIndex = new Map(table.chains.map((chain, index) => [chain.name, first + index]))
    const tableSets = new Map<string, CompiledSet>()
    const objects = new Map<string, Step>()
    let rule: Rule | undefined
    const part: EngineBuild = {
      set: (name) => this.find(tableSets, name, rule, part.chain),
      anonymousSet: (declaration) => this.anonymous(declaration, build),
      chain: (name) => this.chainNamed(chainIndex, name, rule),
      interfaces: (name) => this.options.interfaces.matching(name),
      connectionCounter: () => new ConnectionCounts(this.options.conntrack),
      shared: (kind, name, make) => this.sharedState(kind, name, make),
      accounting: () => {
        this.accounts = true
      },
      // Conntrack and defragmentation come with the first rule that asks for them (nf_ct_netns_get).
      needsConntrack: () => this.track(table),
      object: (kind, name) => this.object(table, objects, kind, name, build, rule),
      objectNames: (map) => objectNamesOf(table.sets.find(({ name }) => name === map)),
      iptablesNft: this.options.iptablesNft === true,
      slots: (count) => {
        const at = this.slots
        this.slots += count
        return at
      },
    }
    const build: Build = buildFrom(part)
    for (const declaration of table.sets) {
      const compiled = { table, declaration, set: this.makeSet(declaration, part, () => rule, table) }
      tableSets.set(declaration.name, compiled)
      this.sets.push(compiled)
    }
    for (const chain of table.chains)
      this.chains.push({ table, chain, rules: [], policy: policyOutcome(chain.base?.policy ?? "accept") })
    for (const [index, chain] of table.chains.entries()) {
      for (const each of chain.rules) {
        rule = each
        const memory = this.slots
        const { rules } = this.chains[first + index]!
        const steps = each.steps.map((step) => build.step(step))
        // Spelt out: V8 gives what a spread copies a shape of its own, and who walks would see as many shapes as rules.
        rules.push({
          steps,
          outcome: CONTINUE,
          target: -1,
          chain: first + index,
          index: rules.length,
          guards: each.steps.map((node, at) => this.guardOf(node, steps[at]!, build)),
          rule: each,
          memory,
          requires: requirementOfSteps(each.steps),
        })
      }
      rule = undefined
      if (chain.base) this.base(table, first + index)
    }
    this.checkJumps(table)
  }

  finish(): CompiledRuleset {
    // Elements go in once all statements are compiled: only then is it known how much an element remembers.
    for (const fill of this.fills) fill()
    return {
      chains: this.chains,
      bases: this.bases,
      translations: this.translations,
      sets: this.sets,
      slots: this.slots,
      tracks: { four: this.four, six: this.six },
      accounts: this.accounts,
      diagnostics: this.diagnostics,
    }
  }

  /** Where something is wrong there will be no engine, and it is told once. */
  private guardOf(node: StepNode, step: Step, build: Build): Guard {
    if (this.diagnostics.length > 0) return null
    const guard = guardOf(node, step, build)
    return guard === null ? null : { ask: guard, isStep: guard === step }
  }

  private base(table: Table, index: number): void {
    const { base } = this.chains[index]!.chain
    if (!base) return
    const entry: BaseEntry = {
      chain: index,
      priority: base.priority,
      four: table.family !== "ip6",
      six: table.family !== "ip",
      devices: (base.devices ?? []).flatMap((device) => this.options.interfaces.matching(device)),
      early: this.trackedBefore,
    }
    if (base.type !== "nat") {
      register(this.bases[base.hook], entry)
      return
    }
    register(this.translations[base.hook], entry)
    // The first nat chain of an IP version brings its translation to all four hooks, at places of the kernel's own.
    for (const four of [true, false]) {
      if (!(four ? entry.four : entry.six) || this.translated[four ? "four" : "six"]) continue
      this.translated[four ? "four" : "six"] = true
      for (const [hook, at] of translationPlaces)
        register(this.bases[hook], {
          chain: -1 - hooks.indexOf(hook),
          priority: at,
          four,
          six: !four,
          devices: [],
        })
    }
  }

  private makeSet(
    declaration: SetDeclaration,
    part: EngineBuild,
    rule: () => Rule | undefined,
    table: Table,
  ): HashSet | IntervalSet {
    const statements = this.statementsFor(part)
    const data = new MapData(part.chain)
    const { key } = declaration
    const named = (name: string) => this.options.interfaces.matching(name)
    if (declaration.flags.includes("interval")) {
      const set = new IntervalSet(declaration, key, statements, data)
      this.fills.push(() => set.fill(flatten(elementsOf(declaration), key, named), 0))
      return set
    }
    const { onSetAdd, wantsSetAdd } = this.options
    const set = new HashSet(declaration, keyWordsOf(key), statements, data, () => {
      const by = rule()
      if (!onSetAdd || !by || wantsSetAdd?.(declaration, by) === false) return null
      return (words, expires, run) => onSetAdd(table, declaration, words, expires, run, by)
    })
    this.fills.push(() => {
      for (const declared of elementsOf(declaration))
        for (const { from, element } of flattenOne(declared, key, named))
          set.put(from, 0, element.timeout ?? declaration.timeout ?? Infinity, element.data)
    })
    return set
  }

  private anonymous(declaration: AnonymousSet, build: Build): RuntimeSet {
    const flat = flatten(declaration.elements, declaration.key, build.interfaces)
    const isInterval = flat.some(({ from, to }) => from.some((word, index) => word !== to[index]))
    const isMap = declaration.elements.some(({ data }) => data !== undefined)
    const full: SetDeclaration = {
      name: "",
      key: declaration.key,
      flags: [],
      ...(isMap ? { data: "verdict" as const } : {}),
    }
    const statements = this.statementsFor(build)
    const data = new MapData(build.chain)
    if (isInterval) {
      const set = new IntervalSet(full, declaration.key, statements, data)
      set.fill(flat, 0)
      return withOthers(set, declaration.elements, build.chain)
    }
    const set = new HashSet(full, keyWordsOf(declaration.key), statements, data)
    for (const { from, element } of flat) set.put(from, 0, Infinity, element.data)
    return withOthers(set, declaration.elements, build.chain)
  }

  /** All rules that name an object run the one step of it. */
  private object(
    table: Table,
    known: Map<string, Step>,
    kind: ObjectKind,
    name: string,
    build: Build,
    rule: Rule | undefined,
  ): Step {
    const key = `${kind} ${name}`
    const step = known.get(key)
    if (step) return step
    const declared = table.objects?.find((object) => object.kind === kind && object.name === name)
    if (declared && "statement" in declared) {
      const made = build.step(declared.statement)
      known.set(key, made)
      return made
    }
    if (declared) return () => CONTINUE
    this.report("unknown-object", `there is no ${kind} ${name} in the table`, rule)
    return () => CONTINUE
  }

  /** The kind and the name tell what it is; who asks with both knows the type. */
  private sharedState<State>(kind: string, name: string, make: () => State): State {
    const key = `${kind} ${name}`
    const known = this.shared.get(key)
    if (known !== undefined) return known as State
    const made = make()
    this.shared.set(key, made)
    return made
  }

  private statementsFor(part: EngineBuild): ElementStatements {
    return new ElementStatements(
      (own: ElementBuildPart) => buildFrom({ ...part, ...own }),
      () => new ConnectionCounts(this.options.conntrack),
    )
  }

  private find(
    sets: ReadonlyMap<string, CompiledSet>,
    name: string,
    rule: Rule | undefined,
    chain: (name: string) => number,
  ): RuntimeSet {
    const found = sets.get(name)
    if (found) return withOthers(found.set, elementsOf(found.declaration), chain)
    this.report("unknown-set", `there is no set ${name} in the table`, rule)
    return new HashSet(
      { name, key: ["integer"], flags: [] },
      1,
      new ElementStatements(buildNothing, buildNothing),
      new MapData(() => 0),
    )
  }

  private chainNamed(chains: ReadonlyMap<string, number>, name: string, rule: Rule | undefined): number {
    const found = chains.get(name)
    if (found !== undefined) return found
    this.report("unknown-chain", `there is no chain ${name} in the table`, rule)
    return 0
  }

  private track(table: Table): void {
    if (table.family === "inet" || table.family === "ip") this.four = true
    if (table.family === "inet" || table.family === "ip6") this.six = true
  }

  /** The kernel refuses rulesets whose jumps could go round, or nest deeper than its stack. */
  private checkJumps(table: Table): void {
    const depthOf = jumpDepths(table)
    for (const chain of table.chains) {
      if (!chain.base) continue
      const depth = depthOf(chain)
      const rule = chain.rules[0]
      if (depth === Infinity)
        this.report("jump-ring", `jumps from chain ${chain.name} lead back to where they began`, rule)
      else if (depth > JUMP_DEPTH)
        this.report(
          "jump-depth",
          `jumps from chain ${chain.name} nest ${depth} deep, the kernel takes ${JUMP_DEPTH}`,
          rule,
        )
    }
  }

  private report(id: Diagnostic["id"], message: string, rule: Rule | undefined): void {
    this.diagnostics.push({ id, severity: "error", message, ...(rule ? { span: rule.origin.span } : {}) })
  }
}

/** The names that a map to objects leads to, each once. */
function objectNamesOf(map: SetDeclaration | undefined): readonly string[] {
  return [...new Set((map?.elements ?? []).flatMap(({ object }) => object ?? []))]
}

/** In a map to objects an element is worth the place of its object's name among all. */
function elementsOf(declaration: SetDeclaration): readonly SetElement[] {
  const elements = declaration.elements ?? []
  if (declaration.objects === undefined) return elements
  const places = new Map(objectNamesOf(declaration).map((name, index) => [name, index]))
  return elements.map((element) =>
    element.object === undefined ? element : { ...element, data: [places.get(element.object)!] },
  )
}

function buildNothing(): never {
  throw new Error("a set that is not there has no statements")
}

/** Destinations before a packet is routed, sources behind that (nf_nat_proto.c). */
const translationPlaces: readonly (readonly [Hook, number])[] = [
  ["prerouting", priority.destinationNat],
  ["output", priority.destinationNat],
  ["input", priority.sourceNat],
  ["postrouting", priority.sourceNat],
]

function noEntries(): Record<Hook, BaseEntry[]> {
  return Object.fromEntries(hooks.map((hook) => [hook, []])) as unknown as Record<Hook, BaseEntry[]>
}

/** Of chains with the same priority, the one that was registered last runs first (nf_hook_entries_grow). */
function register(entries: BaseEntry[], entry: BaseEntry): void {
  const at = entries.findIndex((other) => entry.priority <= other.priority)
  entries.splice(at < 0 ? entries.length : at, 0, entry)
}
