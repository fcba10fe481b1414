import type { Packet } from "../packet/packet.js"
import { stepChangesSort, stepIsKnown, stepIsQuestion } from "../ruleset/kinds.js"
import {
  coarseSortOf,
  NO_SORT,
  PACKET_SORTS,
  type PlainSort,
  plainSort,
  sortOf,
} from "../ruleset/packet-sort.js"
import { isPossible, type Requirement } from "../ruleset/requirement.js"
import type { Chain, Rule, Table } from "../ruleset/ruleset.js"
import {
  ACCEPT,
  BREAK,
  CONTINUE,
  DROP,
  GOTO,
  JUMP,
  type Outcome,
  RETURN,
  type Run,
  type Step,
} from "../ruleset/runtime.js"
import { JUMP_DEPTH } from "../ruleset/walk.js"
import type { Trace } from "./trace.js"

export interface CompiledChain {
  readonly table: Table
  readonly chain: Chain
  readonly rules: readonly CompiledRule[]
  /** ACCEPT or DROP; for a chain that is only jumped to it is never asked. */
  readonly policy: Outcome
}

export interface CompiledRule {
  readonly rule: Rule
  readonly steps: readonly Step[]
  /** Where what its steps remember begins in the rules' state. */
  readonly memory: number
  /** Its place in its chain. */
  readonly index: number
  /** What a packet must be for the rule to match or to change anything; null: no packet is. */
  readonly requires: Requirement | null
}

/**
 * The one evaluator: runs a base chain as nft_do_chain does. A match that fails ends its rule, a verdict ends the walk, a jump comes
 * back behind itself, a goto to where its own chain was jumped from. The end of everything is the base chain's policy.
 *
 * `chain` and `rule` say afterwards who decided; rule -1 is the policy.
 */
export class Walker {
  chain = -1
  rule = -1
  private readonly chains: readonly CompiledChain[]
  /** By sort of packet, then by chain: what there is left to ask such a packet. Made when first walked. */
  private readonly selections: ((readonly CompiledRule[] | undefined)[] | undefined)[]
  private readonly sortOf: (packet: Packet) => number
  private readonly stackChains = new Int32Array(JUMP_DEPTH)
  private readonly stackPositions = new Int32Array(JUMP_DEPTH)

  constructor(chains: readonly CompiledChain[]) {
    this.chains = chains
    this.selections = new Array(PACKET_SORTS).fill(undefined)
    const changes = chains.some(({ rules }) => rules.some(({ rule }) => rule.steps.some(stepChangesSort)))
    this.sortOf = changes ? coarseSortOf : sortOf
  }

  /** ACCEPT, DROP or REJECT. A trace is told of every rule; without one, those that cannot match such a packet are left out. */
  walk(base: number, packet: Packet, run: Run, trace: Trace | null): Outcome {
    const sort = trace === null ? this.sortOf(packet) : NO_SORT
    const selections = sort === NO_SORT ? null : (this.selections[sort] ?? this.newSelections(sort))
    let at = base
    let rules = this.rulesOf(base, selections, sort, packet, run)
    let position = 0
    let depth = 0
    if (trace !== null) trace.enter(base, packet, run)
    for (;;) {
      if (position >= rules.length) {
        if (trace !== null) trace.end(at)
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        position = this.stackPositions[depth]!
        rules = this.rulesOf(at, selections, sort, packet, run)
        continue
      }
      const rule = rules[position]!
      const { steps } = rule
      let outcome: Outcome = CONTINUE
      for (let index = 0; index < steps.length; index++) {
        const step = steps[index]!
        outcome = step(packet, run)
        if (trace !== null) trace.step(at, rule.index, index, outcome, run)
        if (outcome !== CONTINUE) break
      }
      position++
      if (outcome <= BREAK) continue
      if (trace !== null) trace.verdict(at, rule.index, outcome, run)
      if (outcome === JUMP) {
        // The ruleset was checked: it cannot nest deeper. Should it, the kernel drops.
        if (depth === JUMP_DEPTH) return this.decide(at, rule.index, DROP)
        this.stackChains[depth] = at
        this.stackPositions[depth] = position
        depth++
        at = run.target
        position = 0
      } else if (outcome === GOTO) {
        at = run.target
        position = 0
      } else if (outcome === RETURN) {
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        position = this.stackPositions[depth]!
      } else return this.decide(at, rule.index, outcome)
      rules = this.rulesOf(at, selections, sort, packet, run)
    }
    const { policy } = this.chains[base]!
    if (trace !== null) trace.policy(base, policy)
    return this.decide(base, -1, policy)
  }

  private rulesOf(
    chain: number,
    selections: (readonly CompiledRule[] | undefined)[] | null,
    sort: number,
    packet: Packet,
    run: Run,
  ): readonly CompiledRule[] {
    if (selections === null) return this.chains[chain]!.rules
    return selections[chain] ?? (selections[chain] = this.select(chain, sort, packet, run))
  }

  private newSelections(sort: number): (readonly CompiledRule[] | undefined)[] {
    const made = new Array(this.chains.length).fill(undefined)
    this.selections[sort] = made
    return made
  }

  /** What is left of a chain for packets of this sort; `packet` is the first of them. */
  private select(chain: number, sort: number, packet: Packet, run: Run): readonly CompiledRule[] {
    const { rules } = this.chains[chain]!
    const possible = rules.filter(({ requires }) => requires !== null && isPossible(requires, sort))
    const plain = plainSort(sort)
    if (!plain) return possible.length === rules.length ? rules : possible
    const { target } = run
    const left = possible.flatMap((rule) => specialise(rule, plain, packet, run))
    run.target = target
    return left
  }

  private decide(chain: number, rule: number, outcome: Outcome): Outcome {
    this.chain = chain
    this.rule = rule
    return outcome
  }
}

/** A rule without what is known of all packets of the sort; nothing where that leaves nothing that matters. */
function specialise(rule: CompiledRule, sort: PlainSort, packet: Packet, run: Run): readonly CompiledRule[] {
  const nodes = rule.rule.steps
  const left: Step[] = []
  let matters = false
  for (const [index, step] of rule.steps.entries()) {
    const node = nodes[index]!
    const outcome = stepIsKnown(node, sort) ? step(packet, run) : CONTINUE
    // What stands before it may still have something to remember.
    if (outcome === BREAK) break
    if (stepIsKnown(node, sort) && outcome === CONTINUE) continue
    left.push(step)
    matters ||= !stepIsQuestion(node)
  }
  return matters ? [{ ...rule, steps: left }] : []
}

/** What a policy is worth. */
export function policyOutcome(policy: "accept" | "drop"): Outcome {
  return policy === "drop" ? DROP : ACCEPT
}
