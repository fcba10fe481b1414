import type { Chain, Rule, Table } from "../../ruleset/ruleset.js"

/** A rule where it stands. */
export interface Placed {
  readonly rule: Rule
  readonly table: Table
  readonly chain: Chain
  readonly family: 4 | 6
  readonly index: number
}

/** What becomes of a packet that the rule matches. `jump`: a chain says it, which does not do the same with all. */
export type Ending = "drop" | "pass" | "return" | "jump" | "other"

/** One way to a rule: a built-in chain, and the rules that lead from there, the first of them first. */
export interface Way {
  readonly hook: string
  readonly callers: readonly Placed[]
}

/** A rule, or several that lead to it, that takes packets out of a chain before the rules behind it are asked. */
export interface Exit {
  /** Where in the chain the first of them stands. */
  readonly index: number
  readonly rules: readonly Rule[]
  /** `return`: out of this chain only. */
  readonly ending: "pass" | "drop" | "return"
}

/** Chains inside chains whose conditions are taken along; ways to a rule, and exits of a chain, that are looked at. */
const DEEPEST = 8
const MOST_WAYS = 16
const MOST_EXITS = 200_000

/** One IP version's rules, and how they lead to each other. */
export class RuleGraph {
  readonly #family: 4 | 6
  readonly #chains = new Map<Table, Map<string, Chain>>()
  readonly #callers = new Map<Chain, Placed[]>()
  readonly #exits = new Map<Chain, readonly Exit[]>()
  readonly #passes = new Map<Chain, readonly Exit[]>()
  readonly #sinks = new Map<Chain, Ending>()

  constructor(tables: readonly Table[], family: 4 | 6) {
    this.#family = family
    for (const table of tables) {
      const chains = new Map(table.chains.map((chain) => [chain.name, chain]))
      this.#chains.set(table, chains)
      for (const placed of this.rulesOf(table)) {
        const target = this.#targetOf(placed.rule, table)
        if (target === undefined) continue
        const known = this.#callers.get(target)
        if (known === undefined) this.#callers.set(target, [placed])
        else known.push(placed)
      }
    }
  }

  rulesOf(table: Table): readonly Placed[] {
    return table.chains.flatMap((chain) =>
      chain.rules.map((rule, index) => ({ rule, table, chain, family: this.#family, index })),
    )
  }

  waysTo({ chain }: Placed): readonly Way[] {
    return this.#ways(chain, 0).slice(0, MOST_WAYS)
  }

  /** A chain that drops, or accepts, all that comes to it (and logs it before, perhaps) is a word for that. */
  endingOf(rule: Rule, table: Table): Ending {
    const last = rule.steps.at(-1)
    if (last?.step === "xt-target") return last.name === "REJECT" || last.name === "TARPIT" ? "drop" : "other"
    if (last?.step !== "verdict") return "other"
    if (last.verdict === "drop") return "drop"
    if (last.verdict === "accept") return "pass"
    if (last.verdict === "return") return "return"
    const target = this.#targetOf(rule, table)
    return target === undefined ? "other" : this.#sinkOf(target, table, 0)
  }

  /** Of these, what lets packets past: few, where those that drop are thousands. */
  passesOf(chain: Chain, table: Table): readonly Exit[] {
    const known = this.#passes.get(chain)
    if (known !== undefined) return known
    const passes = this.exitsOf(chain, table).filter(({ ending }) => ending !== "drop")
    this.#passes.set(chain, passes)
    return passes
  }

  /** Whether there are more exits than are looked at. */
  isTooLong(chain: Chain, table: Table): boolean {
    return this.exitsOf(chain, table).length > MOST_EXITS
  }

  /** What leaves a chain before its end, in order. */
  exitsOf(chain: Chain, table: Table): readonly Exit[] {
    const known = this.#exits.get(chain)
    if (known !== undefined) return known
    // A chain that leads to itself, which iptables refuses, has no exits there.
    this.#exits.set(chain, [])
    const exits: Exit[] = []
    for (const [index, rule] of chain.rules.entries()) {
      if (exits.length > MOST_EXITS) break
      const ending = this.endingOf(rule, table)
      if (ending !== "jump" && ending !== "other") exits.push({ index, rules: [rule], ending })
      const target = ending === "jump" ? this.#targetOf(rule, table) : undefined
      if (target === undefined) continue
      for (const inner of this.exitsOf(target, table))
        if (inner.ending !== "return")
          exits.push({ index, rules: [rule, ...inner.rules], ending: inner.ending })
    }
    this.#exits.set(chain, exits)
    return exits
  }

  #targetOf({ steps }: Rule, table: Table): Chain | undefined {
    const last = steps.at(-1)
    if (last?.step !== "verdict" || last.chain === undefined) return undefined
    return this.#chains.get(table)?.get(last.chain)
  }

  #ways(chain: Chain, depth: number): readonly Way[] {
    if (chain.base) return [{ hook: chain.base.hook, callers: [] }]
    if (depth > DEEPEST) return []
    const ways: Way[] = []
    for (const caller of this.#callers.get(chain) ?? []) {
      if (ways.length >= MOST_WAYS) break
      for (const way of this.#ways(caller.chain, depth + 1))
        ways.push({ hook: way.hook, callers: [...way.callers, caller] })
    }
    return ways
  }

  #sinkOf(chain: Chain, table: Table, depth: number): Ending {
    const known = this.#sinks.get(chain)
    if (known !== undefined) return known
    let found: Ending = "jump"
    if (depth < DEEPEST)
      for (const rule of chain.rules) {
        const ending = this.#endingIn(rule, table, depth)
        if (ending === "other") continue
        // The first rule that ends something decides, if it asks for nothing.
        if (rule.steps.length === 1 && (ending === "drop" || ending === "pass")) found = ending
        break
      }
    this.#sinks.set(chain, found)
    return found
  }

  #endingIn(rule: Rule, table: Table, depth: number): Ending {
    const target = this.#targetOf(rule, table)
    return target === undefined ? this.endingOf(rule, table) : this.#sinkOf(target, table, depth + 1)
  }
}
