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
import type { Jump, Place, Program } from "./program.js"
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
  private depth = 0
  /** The chain that is walked, by number, what is walked of it, and the next rule's place there. */
  private at = 0
  private rules: readonly WalkedRule[] = []
  private position = 0

  constructor(chains: readonly CompiledChain[], sets: readonly CompiledSet[]) {
    this.chains = chains
    this.selections = new Selections(chains, sets)
  }

  /** ACCEPT, DROP or REJECT. A trace is told of every rule; without one, what is known of such packets is not asked. */
  walk(base: number, packet: Packet, run: Run, trace: Trace | null): Outcome {
    const { selections } = this
    const selection = trace === null ? selections.of(packet, run) : null
    const program = selection === null ? null : selections.programOf(base, selection, packet, run)
    if (selection !== null && program !== null) return this.perform(program, base, selection, packet, run)
    this.at = base
    this.rules =
      selection === null ? this.chains[base]!.rules : selections.rulesOf(base, selection, packet, run)
    this.position = 0
    this.depth = 0
    if (trace !== null) trace.enter(base, packet, run)
    return this.goOn(base, selection, packet, run, trace, null, CONTINUE)
  }

  /** Step by step, until an ending says who decides. */
  private perform(program: Program, base: number, selection: Selection, packet: Packet, run: Run): Outcome {
    const { selections } = this
    const { generation } = selections
    const { steps } = program
    let at = program.start
    for (;;) {
      while (at >= 0) {
        const step = steps[at]!
        const outcome = step(packet, run)
        if (outcome > BREAK || selections.generation !== generation) {
          const isSame = selections.generation === generation
          return this.leave(program.places[at]!, outcome, base, isSame ? selection : null, packet, run)
        }
        at = program.ways[at * 2 + outcome]!
      }
      const target = program.targetAt(at)
      if (target < 0) break
      const first = selections.extend(program, at, base, selection, packet, run)
      if (first === undefined) {
        this.enter(target, selections.rulesOf(target, selection, packet, run), 0, program.jumpsAt(at))
        return this.goOn(base, selection, packet, run, null, null, CONTINUE)
      }
      at = first
    }
    return this.decide(program.chainAt(at), program.ruleAt(at), program.outcomeAt(at))
  }

  /** Goes on without the program behind a step that said what no program foresees, or filled a set that was taken for empty (`selection` is null then). */
  private leave(
    { stretch, rule, position, index }: Place,
    said: Outcome,
    base: number,
    selection: Selection | null,
    packet: Packet,
    run: Run,
  ): Outcome {
    let outcome = said
    for (let next = index + 1; outcome === CONTINUE && next < rule.steps.length; next++)
      outcome = rule.steps[next]!(packet, run)
    if (outcome === CONTINUE) {
      outcome = rule.outcome
      run.target = rule.target
    }
    this.enter(stretch.chain, stretch.rules, position, stretch.jumps)
    if (selection === null) this.rest(rule)
    return this.goOn(base, selection, packet, run, null, rule, outcome)
  }

  /** As if the walk had come there by these jumps. */
  private enter(chain: number, rules: readonly WalkedRule[], position: number, jumps: readonly Jump[]): void {
    this.at = chain
    this.rules = rules
    this.position = position
    this.depth = jumps.length
    for (let depth = 0; depth < jumps.length; depth++) {
      const jump = jumps[depth]!
      this.stackJumps[depth] = jump.rule
      this.stackChains[depth] = jump.from.chain
      this.stackRules[depth] = jump.from.rules
      this.stackPositions[depth] = jump.position
    }
  }

  /**
   * Rule by rule from `at` on. `begun`: a rule whose steps have said `said`, before the one at `position`; null: there is none. `selection`: what `rules` come from; null: they are whole
   * chains.
   */
  private goOn(
    base: number,
    from: Selection | null,
    packet: Packet,
    run: Run,
    trace: Trace | null,
    begun: WalkedRule | null,
    said: Outcome,
  ): Outcome {
    const { chains, selections } = this
    const { generation } = selections
    let selection = from
    let rule = begun
    let outcome = said
    for (;;) {
      if (rule === null) {
        if (this.position >= this.rules.length) {
          if (trace !== null) trace.end(this.at)
          if (this.depth === 0) break
          this.comeBack()
          continue
        }
        rule = this.rules[this.position++]!
        const { steps } = rule
        outcome = CONTINUE
        for (let index = 0; index < steps.length; index++) {
          outcome = steps[index]!(packet, run)
          if (trace !== null) trace.step(this.at, rule.index, index, outcome, run)
          if (outcome !== CONTINUE) break
        }
        if (outcome === CONTINUE) {
          outcome = rule.outcome
          run.target = rule.target
        }
        if (selection !== null && selections.generation !== generation) {
          // A step of this rule filled a set that was taken for empty: all rules behind it are asked as they stand.
          selection = null
          this.rest(rule)
        }
      }
      const done = rule
      rule = null
      if (outcome <= BREAK) continue
      if (trace !== null) trace.verdict(this.at, done.index, outcome, run)
      if (outcome === RETURN) {
        if (this.depth === 0) break
        this.comeBack()
        continue
      }
      if (outcome !== JUMP && outcome !== GOTO) return this.decide(done.chain, done.index, outcome)
      if (outcome === JUMP) {
        // The ruleset was checked: it cannot nest deeper. Should it, the kernel drops.
        if (this.depth === JUMP_DEPTH) return this.decide(done.chain, done.index, DROP)
        const { depth } = this
        this.stackJumps[depth] = done
        this.stackChains[depth] = this.at
        this.stackRules[depth] = this.rules
        this.stackPositions[depth] = this.position
        this.depth++
      }
      this.at = run.target
      this.rules =
        selection === null ? chains[this.at]!.rules : selections.rulesOf(this.at, selection, packet, run)
      this.position = 0
    }
    const { policy } = chains[base]!
    if (trace !== null) trace.policy(base, policy)
    return this.decide(base, -1, policy)
  }

  /** Behind the jump that was taken last. */
  private comeBack(): void {
    const depth = --this.depth
    this.at = this.stackChains[depth]!
    this.rules = this.stackRules[depth]!
    this.position = this.stackPositions[depth]!
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

  /** Puts whole chains in place of selected ones: what is left behind `rule`, and behind the jumps that led to it. */
  private rest(rule: WalkedRule): void {
    for (let level = 0; level < this.depth; level++) {
      const { chain, index } = this.stackJumps[level]!
      this.stackRules[level] = this.chains[chain]!.rules
      this.stackPositions[level] = index + 1
    }
    this.rules = this.chains[rule.chain]!.rules
    this.position = rule.index + 1
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
