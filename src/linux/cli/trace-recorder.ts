import type { Engine } from "../../core/engine/engine.js"
import type { OriginReference } from "../../core/engine/reference.js"
import { ruleReference } from "../../core/engine/reference.js"
import type { Trace } from "../../core/engine/trace.js"
import { ctStateName } from "../../core/engine/verdict.js"
import { stepsToText } from "../../core/ruleset/kinds.js"
import {
  ACCEPT,
  BREAK,
  DROP,
  GOTO,
  JUMP,
  type Outcome,
  REJECT,
  RETURN,
  type Run,
} from "../../core/ruleset/runtime.js"

/** One step of a rule: its text, and what it said. */
export interface TracedStep {
  readonly text: string
  /** `no`: the rule does not match, and ends here. A verdict's own word where it gave one. */
  readonly result: "yes" | "no" | "accept" | "drop" | "reject" | "return" | "jump" | "goto"
  /** The chain of a jump or goto. */
  target?: string
}

export interface TracedRule {
  readonly index: number
  readonly origin: OriginReference | null
  readonly steps: TracedStep[]
}

/** One stage of the packet's way: a chain that it went through, or the kernel's own work. */
export type TracedStage =
  | {
      readonly chain: string
      readonly table: string
      /** Absent in a chain that was jumped to. */
      readonly place?: { readonly hook: string; readonly priority: number; readonly policy: string }
      readonly rules: TracedRule[]
      /** The base chain's policy decided. */
      policy?: "accept" | "drop"
    }
  | { readonly kernel: string; readonly ctstate?: string }

type ChainStage = Extract<TracedStage, { chain: string }>

const words: Readonly<Record<number, TracedStep["result"]>> = {
  [ACCEPT]: "accept",
  [DROP]: "drop",
  [REJECT]: "reject",
  [RETURN]: "return",
  [JUMP]: "jump",
  [GOTO]: "goto",
}

/** Keeps what an engine tells of one packet's way, in words and in order. */
export class TraceRecorder implements Trace {
  readonly stages: TracedStage[] = []
  readonly #engine: Engine
  #chain = -1
  #rule = -1

  constructor(engine: Engine) {
    this.#engine = engine
  }

  enter(chain: number): void {
    this.#stage(chain)
  }

  step(chain: number, rule: number, step: number, outcome: Outcome, _run: Run): void {
    const { rules } = this.#stage(chain)
    const { steps } = this.#engine.chains[chain]!.rules[rule]!.rule
    let traced = this.#rule === rule ? rules.at(-1) : undefined
    if (traced === undefined) {
      traced = { index: rule, origin: ruleReference(this.#engine, chain, rule)?.origin ?? null, steps: [] }
      rules.push(traced)
      this.#rule = rule
    }
    traced.steps.push({
      text: stepsToText([steps[step]!]),
      result: outcome === BREAK ? "no" : (words[outcome] ?? "yes"),
    })
  }

  verdict(_chain: number, _rule: number, outcome: Outcome, run: Run): void {
    const stage = this.stages.at(-1)
    const step = stage && "chain" in stage ? stage.rules.at(-1)?.steps.at(-1) : undefined
    if (!step || (outcome !== JUMP && outcome !== GOTO)) return
    const target = this.#engine.chains[run.target]?.chain.name
    if (target !== undefined) step.target = target
  }

  end(): void {
    // What follows goes on in the chain that jumped here: in a stage of its own.
    this.#chain = -1
  }

  policy(chain: number, outcome: Outcome): void {
    this.#stage(chain).policy = outcome === DROP ? "drop" : "accept"
  }

  kernel(what: string): void {
    this.stages.push({ kernel: what })
    this.#chain = -1
  }

  #stage(chain: number): ChainStage {
    const last = this.stages.at(-1)
    if (this.#chain === chain && last && "chain" in last) return last
    const { chain: declared, table } = this.#engine.chains[chain]!
    const { base, name } = declared
    const stage: ChainStage = {
      chain: name,
      table: table.name,
      ...(base ? { place: { hook: base.hook, priority: base.priority, policy: base.policy } } : {}),
      rules: [],
    }
    this.stages.push(stage)
    this.#chain = chain
    this.#rule = -1
    return stage
  }
}

/** `conntrack` knows the state only afterwards: it is filled in once the packet is judged. */
export function withCtState(stages: readonly TracedStage[], ctState: number): TracedStage[] {
  const state = ctStateName(ctState)
  return stages.map((stage) =>
    "kernel" in stage && stage.kernel === "conntrack" && state !== null
      ? { ...stage, ctstate: state }
      : stage,
  )
}
