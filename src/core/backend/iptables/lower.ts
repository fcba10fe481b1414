import type { Diagnostic } from "../../base/diagnostic.js"
import type { Hook } from "../../ruleset/hook.js"
import { hooks, priority } from "../../ruleset/hook.js"
import type { Unsupported } from "../../ruleset/kind.js"
import { expressionNeedsConntrack, stepNeedsConntrack, typesOf } from "../../ruleset/kinds.js"
import type { StepNode, VerdictNode } from "../../ruleset/node.js"
import type { Origin } from "../../ruleset/origin.js"
import type { BaseChain, Chain, Rule, Ruleset, SetDeclaration, Table } from "../../ruleset/ruleset.js"
import { expressionsIn, reachableFrom, stepsIn } from "../../ruleset/walk.js"
import type { XtChain, XtTable } from "../../ruleset/xtables/extension.js"
import { header, isUnsupported, type Needless } from "../../ruleset/xtables/lower/condition.js"
import { lowerRule } from "./lower-rule.js"
import { LoweredSets, shortName } from "./lower-sets.js"

export interface Lowered {
  /** Tables of one family, with iptables' names, chains, matches and targets. */
  readonly ruleset: Ruleset
  /** What iptables cannot say: errors, for those rules are not there. */
  readonly diagnostics: readonly Diagnostic[]
}

/** A chain's name has at most 28 characters. */
const CHAIN_NAME_MAXIMUM = 28

/**
 * Any ruleset in iptables' words, for one IP version. A base chain becomes the built-in chain of the table whose place is next to its own; several of one place are chains that the
 * built-in one jumps to, one after the other. Sets become ipsets. Rules of the other IP version are left out; a rule that cannot be said is left out and told.
 */
export function lowerToXtables(ruleset: Ruleset, family: 4 | 6): Lowered {
  const lowering = new Lowering(ruleset, family)
  return lowering.run()
}

/** A table of iptables, as far as it is written. */
interface Built {
  readonly chains: Chain[]
  readonly sets: Map<string, SetDeclaration>
}

interface Placed {
  readonly table: Table
  readonly chain: Chain
  readonly base: BaseChain
}

class Lowering {
  readonly #ruleset: Ruleset
  readonly #family: 4 | 6
  readonly #diagnostics: Diagnostic[] = []
  readonly #seesFragments: boolean

  constructor(ruleset: Ruleset, family: 4 | 6) {
    this.#ruleset = ruleset
    this.#family = family
    this.#seesFragments = !ruleset.tables.some((table) =>
      table.chains.some(
        ({ base, rules }) =>
          base?.type === "nat" || rules.some(({ steps }) => steps.some(stepsNeedConntrack)),
      ),
    )
  }

  run(): Lowered {
    const slots = new Map<string, Placed[]>()
    for (const placed of this.#placed()) {
      const { table, chain } = slotOf(placed.base)
      const key = `${table} ${chain}`
      slots.set(key, [...(slots.get(key) ?? []), placed])
    }
    const tables = new Map<XtTable, Built>()
    for (const [key, placed] of slots) {
      const [table, chain] = key.split(" ") as [XtTable, XtChain]
      const built: Built = tables.get(table) ?? { chains: [], sets: new Map() }
      tables.set(table, built)
      built.chains.push(...this.#slot(table, chain, placed, built))
    }
    const order = tableOrder.filter((name) => tables.has(name))
    return {
      ruleset: {
        tables: order.map((name) => {
          const { chains, sets } = tables.get(name)!
          return {
            family: this.#family === 4 ? "ip" : "ip6",
            name,
            sets: [...sets.values()],
            chains: reached([...chains.filter(({ base }) => base), ...chains.filter(({ base }) => !base)]),
          }
        }),
      },
      diagnostics: this.#diagnostics,
    }
  }

  /** Base chains that see packets of the family, in the order in which packets meet them. */
  #placed(): Placed[] {
    const other = this.#family === 4 ? "ip6" : "ip"
    const found: Placed[] = []
    for (const table of this.#ruleset.tables) {
      if (table.family === other || table.family === "arp" || table.family === "bridge") continue
      for (const chain of table.chains) {
        if (!chain.base) continue
        if (chain.base.type === "nat") {
          // A chain without rules says nothing that would be missed.
          if (chain.rules.length > 0)
            this.#tell(
              { unsupported: "nat chains of nft are not written for iptables" },
              chain.rules[0]?.origin,
            )
          continue
        }
        found.push({ table, chain, base: chain.base })
      }
    }
    const place = ({ hook, priority: each }: BaseChain) => [hooks.indexOf(hook), each] as const
    return found.sort((left, right) => {
      const [leftHook, leftPriority] = place(left.base)
      const [rightHook, rightPriority] = place(right.base)
      return leftHook - rightHook || leftPriority - rightPriority
    })
  }

  #slot(table: XtTable, chain: XtChain, placed: readonly Placed[], built: Built): Chain[] {
    const base = builtIn(table, chain)
    const [only] = placed
    if (placed.length === 1 && only && !only.base.devices) {
      const accept: VerdictNode = { step: "verdict", verdict: "accept" }
      const chains = this.#chains(table, chain, only, chain, accept, built)
      return chains.map((each) =>
        each.name === chain ? { ...each, base: { ...base, policy: only.base.policy } } : each,
      )
    }
    const rules: Rule[] = []
    const chains: Chain[] = []
    for (const [index, each] of placed.entries()) {
      const isLast = index === placed.length - 1
      const name = this.#nameOf(each.chain.name, built, chain)
      const isFlat = reachableFrom(each.chain, each.table).length === 1
      const accept: VerdictNode | null = isLast
        ? { step: "verdict", verdict: "accept" }
        : isFlat
          ? { step: "verdict", verdict: "return" }
          : null
      const lowered = this.#chains(table, chain, each, name, accept, built)
      const origin = each.chain.rules[0]?.origin ?? nowhere
      const jump: VerdictNode = { step: "verdict", verdict: "jump", chain: name }
      const end = chain === "POSTROUTING" ? "output" : "input"
      const devices = each.base.devices ?? [undefined]
      for (const device of devices)
        rules.push({
          steps:
            device === undefined
              ? [jump]
              : [header(this.#family, { [end]: { name: device, negated: false } }), jump],
          origin,
        })
      if (each.base.policy === "drop") rules.push({ steps: [{ step: "verdict", verdict: "drop" }], origin })
      chains.push(...lowered)
    }
    return [{ name: chain, base, rules }, ...chains]
  }

  /** A base chain, under another name, and all that it leads to. */
  #chains(
    table: XtTable,
    hook: XtChain,
    { table: source, chain }: Placed,
    ownName: string,
    accept: VerdictNode | null,
    built: Built,
  ): Chain[] {
    const sets = new LoweredSets(source, this.#family)
    const names = new Map<string, string>()
    for (const each of reachableFrom(chain, source))
      names.set(each.name, each === chain ? ownName : this.#nameOf(each.name, built, hook, names))
    // Chains that only rules lead to which are left out are left out too, and nothing is told of them.
    const reached = new Set([chain])
    const result: Chain[] = []
    for (const each of reached) {
      const name = names.get(each.name)!
      const rules: Rule[] = []
      const helpers: Chain[] = []
      for (const rule of each.rules) {
        const lowered = lowerRule(rule, {
          family: this.#family,
          table,
          chain: hook,
          types: typesOf,
          anonymousSet: (type, items) => sets.anonymous(type, items),
          namedSet: (set) => sets.named(set),
          shortName,
          chainName: (target) => {
            const next = source.chains.find((each) => each.name === target)
            if (next) reached.add(next)
            return names.get(target) ?? target
          },
          accept,
          helperName: () => shortName(`${name}+${++this.#helperCount}`, CHAIN_NAME_MAXIMUM, true),
          seesFragments: this.#seesFragments,
        })
        if (isUnsupported(lowered)) this.#tell(lowered, rule.origin)
        else {
          rules.push(...lowered.rules)
          helpers.push(...lowered.helpers)
          if (lowered.missesFragments && lowered.rules.length === 0) this.#noteFragments(rule.origin)
        }
      }
      result.push({ name, rules }, ...helpers)
    }
    for (const [name, set] of sets.used) built.sets.set(name, set)
    return result
  }

  #helperCount = 0

  /** A name that iptables takes and that no other chain of the table has. */
  #nameOf(
    name: string,
    built: { readonly chains: readonly Chain[] },
    hook: XtChain,
    taken: ReadonlyMap<string, string> = new Map(),
  ): string {
    const isTaken = (each: string) =>
      built.chains.some((chain) => chain.name === each) ||
      [...taken.values()].includes(each) ||
      reserved.has(each)
    const plain =
      name.length <= CHAIN_NAME_MAXIMUM && !/[\s!"'\\]|^-/.test(name)
        ? name
        : shortName(name, CHAIN_NAME_MAXIMUM, true)
    return isTaken(plain)
      ? shortName(`${name} ${hook} ${++this.#helperCount}`, CHAIN_NAME_MAXIMUM, true)
      : plain
  }

  /** Once for each protection, or line. */
  #noteFragments(origin: Origin): void {
    const message =
      "iptables sees no fragments, for conntrack puts them together before: a rule that asks for them is left out"
    const isKnown = this.#diagnostics.some(
      (each) => each.message === message && each.span?.line === origin.span.line,
    )
    if (!isKnown) this.#tell({ unsupported: message, needless: true }, origin)
  }

  #tell(problem: Unsupported | Needless, origin: Origin | undefined): void {
    this.#diagnostics.push({
      id: "iptables-cannot-say",
      severity: "needless" in problem ? "warning" : "error",
      message: problem.unsupported,
      ...(origin && { span: origin.span }),
    })
  }
}

/** Chains that packets can come to. */
function reached(chains: readonly Chain[]): readonly Chain[] {
  const names = new Set(chains.flatMap(({ base, name }) => (base ? [name] : [])))
  for (const name of names) {
    for (const { steps } of chains.find((chain) => chain.name === name)?.rules ?? [])
      for (const step of steps) if (step.step === "verdict" && step.chain !== undefined) names.add(step.chain)
  }
  return chains.filter(({ name }) => names.has(name))
}

/** Anything in the step, the expressions in it included, that makes the kernel track connections. */
function stepsNeedConntrack(step: StepNode): boolean {
  for (const each of stepsIn([step])) {
    if (stepNeedsConntrack(each)) return true
    for (const expression of expressionsIn(each)) if (expressionNeedsConntrack(expression)) return true
  }
  return false
}

const nowhere: Origin = { span: { file: "", line: 0, column: 0 }, text: "" }

const tableOrder: readonly XtTable[] = ["raw", "mangle", "nat", "filter", "security"]

const reserved = new Set([
  "PREROUTING",
  "INPUT",
  "FORWARD",
  "OUTPUT",
  "POSTROUTING",
  "ACCEPT",
  "DROP",
  "RETURN",
  "QUEUE",
])

/** The built-in chain next to a place. */
function slotOf({ hook, priority: place }: BaseChain): { table: XtTable; chain: XtChain } {
  switch (hook) {
    case "ingress":
      return { table: "raw", chain: "PREROUTING" }
    case "prerouting":
      return { table: place < priority.conntrack ? "raw" : "mangle", chain: "PREROUTING" }
    case "output":
      return {
        table: place < priority.conntrack ? "raw" : place < priority.filter ? "mangle" : "filter",
        chain: "OUTPUT",
      }
    case "postrouting":
    case "egress":
      return { table: "mangle", chain: "POSTROUTING" }
    default:
      return {
        table: place < priority.filter ? "mangle" : "filter",
        chain: hook === "input" ? "INPUT" : "FORWARD",
      }
  }
}

const tablePriorities: Readonly<Record<XtTable, number>> = {
  raw: priority.raw,
  mangle: priority.mangle,
  nat: priority.destinationNat,
  filter: priority.filter,
  security: priority.security,
}

function builtIn(table: XtTable, chain: XtChain): BaseChain {
  const hook = chain.toLowerCase() as Hook
  const type = table === "mangle" && chain === "OUTPUT" ? "route" : "filter"
  return { type, hook, priority: tablePriorities[table], policy: "accept" }
}
