import type { Packet } from "../packet/packet.js"
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
import type { CompiledSet } from "./compile.js"
import { type CompiledChain, type Selection, Selections, type WalkedRule, wholeRule } from "./selection.js"
import type { Trace } from "./trace.js"

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
  private readonly selections: Selections
  /** The rules that jumped, and where it goes on behind them: what is walked there, and the chain's number for a trace. */
  private readonly stackJumps: WalkedRule[] = new Array(JUMP_DEPTH).fill(wholeRule([], -1, -1))
  private readonly stackRules: (readonly WalkedRule[])[] = new Array(JUMP_DEPTH).fill([])
  private readonly stackChains = new Int32Array(JUMP_DEPTH)
  private readonly stackPositions = new Int32Array(JUMP_DEPTH)

  constructor(chains: readonly CompiledChain[], sets: readonly CompiledSet[]) {
    this.chains = chains
    this.selections = new Selections(chains, sets)
  }

  /** ACCEPT, DROP or REJECT. A trace is told of every rule; without one, what is known of such packets is not asked. */
  walk(base: number, packet: Packet, run: Run, trace: Trace | null): Outcome {
    const { chains, selections } = this
    let selection = trace === null ? selections.of(packet, run) : null
    const { generation } = selections
    let at = base
    let rules = selection === null ? chains[base]!.rules : selections.rulesOf(base, selection, packet, run)
    let position = 0
    let depth = 0
    if (trace !== null) trace.enter(base, packet, run)
    for (;;) {
      if (position >= rules.length) {
        if (trace !== null) trace.end(at)
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        rules = this.stackRules[depth]!
        position = this.stackPositions[depth]!
        continue
      }
      const rule = rules[position++]!
      const { steps } = rule
      let outcome = CONTINUE
      for (let index = 0; index < steps.length; index++) {
        outcome = steps[index]!(packet, run)
        if (trace !== null) trace.step(at, rule.index, index, outcome, run)
        if (outcome !== CONTINUE) break
      }
      if (outcome === CONTINUE) {
        outcome = rule.outcome
        run.target = rule.target
      }
      if (selection !== null && selections.generation !== generation) {
        // A step of this rule filled a set that was taken for empty: all rules behind it are asked as they stand.
        selection = null
        rules = this.whole(depth, rule)
        position = rule.index + 1
      }
      if (outcome <= BREAK) continue
      if (trace !== null) trace.verdict(at, rule.index, outcome, run)
      if (outcome === RETURN) {
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        rules = this.stackRules[depth]!
        position = this.stackPositions[depth]!
        continue
      }
      if (outcome !== JUMP && outcome !== GOTO) return this.decide(rule.chain, rule.index, outcome)
      if (outcome === JUMP) {
        // The ruleset was checked: it cannot nest deeper. Should it, the kernel drops.
        if (depth === JUMP_DEPTH) return this.decide(rule.chain, rule.index, DROP)
        this.stackJumps[depth] = rule
        this.stackChains[depth] = at
        this.stackRules[depth] = rules
        this.stackPositions[depth] = position
        depth++
      }
      at = run.target
      rules = selection === null ? chains[at]!.rules : selections.rulesOf(at, selection, packet, run)
      position = 0
    }
    const { policy } = chains[base]!
    if (trace !== null) trace.policy(base, policy)
    return this.decide(base, -1, policy)
  }

  /** Goes up when what `foresee` said may no longer be right. */
  get generation(): number {
    return this.selections.generation
  }

  /**
   * What a base chain says of all packets of this one's class that answer its questions as this one does; the questions go to `into`, and nothing has changed. CONTINUE: it does more than
   * ask. Who decides, as behind `walk`.
   */
  foresee(base: number, packet: Packet, run: Run, into: Questions): Outcome {
    const selection = this.selections.of(packet, run)
    if (selection === null) return CONTINUE
    const outcome = this.foreseeChain(base, selection, packet, run, into)
    return outcome === RETURN ? this.decide(base, -1, this.chains[base]!.policy) : outcome
  }

  /** RETURN: its end. */
  private foreseeChain(
    chain: number,
    selection: Selection,
    packet: Packet,
    run: Run,
    into: Questions,
  ): Outcome {
    for (const rule of this.selections.rulesOf(chain, selection, packet, run)) {
      const answer = foreseeSteps(rule, packet, run, into)
      if (answer === BREAK) continue
      if (answer !== CONTINUE) return CONTINUE
      const { outcome, target } = rule
      if (outcome === CONTINUE || outcome === BREAK) continue
      if (outcome === RETURN) return RETURN
      if (outcome !== JUMP && outcome !== GOTO) return this.decide(rule.chain, rule.index, outcome)
      const behind = this.foreseeChain(target, selection, packet, run, into)
      if (outcome === GOTO || behind !== RETURN) return behind
    }
    return RETURN
  }

  /** Puts whole chains in place of selected ones; the rules of the one that `rule` stands in. */
  private whole(depth: number, rule: WalkedRule): readonly WalkedRule[] {
    for (let level = 0; level < depth; level++) {
      const { chain, index } = this.stackJumps[level]!
      this.stackRules[level] = this.chains[chain]!.rules
      this.stackPositions[level] = index + 1
    }
    return this.chains[rule.chain]!.rules
  }

  private decide(chain: number, rule: number, outcome: Outcome): Outcome {
    this.chain = chain
    this.rule = rule
    return outcome
  }
}

/** Questions, and what a packet answered. */
export interface Questions {
  readonly asks: Step[]
  readonly answers: Outcome[]
}

/** As they go on or end their rule; RETURN: they do more than ask. */
function foreseeSteps({ steps, guards }: WalkedRule, packet: Packet, run: Run, into: Questions): Outcome {
  for (let index = 0; index < steps.length; index++) {
    const guard = guards[index] ?? null
    if (guard === null) return RETURN
    const answer = guard.ask(packet, run)
    if (answer !== BREAK && !(answer === CONTINUE && guard.isStep)) return RETURN
    into.asks.push(guard.ask)
    into.answers.push(answer)
    if (answer === BREAK) return BREAK
  }
  return CONTINUE
}

/** What a policy is worth. */
export function policyOutcome(policy: "accept" | "drop"): Outcome {
  return policy === "drop" ? DROP : ACCEPT
}
