import type { Packet } from "../packet/packet.js"
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
import type { Trace } from "./trace.js"

/** How deep jumps may nest: the kernel's stack has 16 places (NFT_JUMP_STACK_SIZE), and one is the base chain's (measured on Linux 6.18). */
export const JUMP_DEPTH = 15

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
  private readonly stackChains = new Int32Array(JUMP_DEPTH)
  private readonly stackRules = new Int32Array(JUMP_DEPTH)

  constructor(chains: readonly CompiledChain[]) {
    this.chains = chains
  }

  /** ACCEPT, DROP or REJECT. */
  walk(base: number, packet: Packet, run: Run, trace: Trace | null): Outcome {
    let at = base
    let chain = this.chains[base]!
    let rules = chain.rules
    let index = 0
    let depth = 0
    if (trace !== null) trace.enter(base, packet, run)
    for (;;) {
      if (index >= rules.length) {
        if (trace !== null) trace.end(at)
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        index = this.stackRules[depth]!
        chain = this.chains[at]!
        rules = chain.rules
        continue
      }
      const steps = rules[index]!.steps
      let outcome: Outcome = CONTINUE
      for (let step = 0; step < steps.length; step++) {
        outcome = steps[step]!(packet, run)
        if (trace !== null) trace.step(at, index, step, outcome, run)
        if (outcome !== CONTINUE) break
      }
      if (outcome <= BREAK) {
        index++
        continue
      }
      if (trace !== null) trace.verdict(at, index, outcome, run)
      if (outcome === JUMP) {
        // The ruleset was checked: it cannot nest deeper. Should it, the kernel drops.
        if (depth === JUMP_DEPTH) return this.decide(at, index, DROP)
        this.stackChains[depth] = at
        this.stackRules[depth] = index + 1
        depth++
        at = run.target
      } else if (outcome === GOTO) at = run.target
      else if (outcome === RETURN) {
        if (depth === 0) break
        depth--
        at = this.stackChains[depth]!
        index = this.stackRules[depth]!
        chain = this.chains[at]!
        rules = chain.rules
        continue
      } else return this.decide(at, index, outcome)
      chain = this.chains[at]!
      rules = chain.rules
      index = 0
    }
    const { policy } = this.chains[base]!
    if (trace !== null) trace.policy(base, policy)
    return this.decide(base, -1, policy)
  }

  private decide(chain: number, rule: number, outcome: Outcome): Outcome {
    this.chain = chain
    this.rule = rule
    return outcome
  }
}

/** What a policy is worth. */
export function policyOutcome(policy: "accept" | "drop"): Outcome {
  return policy === "drop" ? DROP : ACCEPT
}
