import type { Engine } from "../../core/engine/engine.js"
import type { OriginReference } from "../../core/engine/reference.js"
import { ruleReference } from "../../core/engine/reference.js"
import type { Trace } from "../../core/engine/trace.js"
import { tracedPacket } from "../../core/engine/trace-packet.js"
import { TraceValues } from "../../core/engine/trace-values.js"
import { ctStateName } from "../../core/engine/verdict.js"
import type { Packet } from "../../core/packet/packet.js"
import { expressionToNft } from "../../core/ruleset/kinds.js"
import type { StepNode } from "../../core/ruleset/node.js"
import { observedBy, stepText } from "../../core/ruleset/observed.js"
import type { Rule } from "../../core/ruleset/ruleset.js"
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

/** One step of a rule: its text, what it said, and what the packet had. */
export interface TracedStep {
  readonly text: string
  /** `no`: the rule does not match, and ends here. A verdict's own word where it gave one. */
  readonly result: "yes" | "no" | "accept" | "drop" | "reject" | "return" | "jump" | "goto"
  /** What was asked, and the packet's own value: `tcp dport` is `443`; null: the packet has none. Absent where the step goes by what it remembers. */
  readonly values?: readonly { readonly of: string; readonly value: string | null }[]
  /** The chain of a jump or goto. */
  target?: string
}

export interface TracedRule {
  readonly index: number
  readonly origin: OriginReference | null
  /** The rule as `nft list` or iptables-save has it. */
  readonly text: string
  /** `rules.v4:12` of a rule that somebody wrote so; absent where the origin's words are others than the rule's. */
  readonly place?: string
  readonly steps: TracedStep[]
  /** In the words of `nft monitor trace`; absent: the rule did not match. */
  verdict?: string
}

/** One stage of the packet's way: a chain that it went through, or the kernel's own work. */
export type TracedStage =
  | {
      readonly family: string
      readonly chain: string
      readonly table: string
      /** Absent in a chain that was jumped to. */
      readonly place?: { readonly hook: string; readonly priority: number; readonly policy: string }
      /** The packet as the hook sees it, in the words of `nft monitor trace`; absent where it is as it was at the hook before. */
      readonly packet?: string
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
  readonly #values: TraceValues
  #packet: Packet | undefined
  /** What was told of the packet last. */
  #told = ""
  #chain = -1
  #rule = -1

  constructor(engine: Engine) {
    this.#engine = engine
    this.#values = new TraceValues(engine.interfaces)
  }

  enter(chain: number, packet: Packet, run: Run): void {
    this.#packet = packet
    const text = tracedPacket(packet, run, this.#engine.interfaces.names, this.#values)
    this.#chain = -1
    this.#stage(chain, text === this.#told ? undefined : text)
    this.#told = text
  }

  step(chain: number, rule: number, step: number, outcome: Outcome, run: Run): void {
    const { rules } = this.#stage(chain)
    const { rule: declared } = this.#engine.chains[chain]!.rules[rule]!
    const { steps } = declared
    let traced = this.#rule === rule ? rules.at(-1) : undefined
    if (traced === undefined) {
      const origin = ruleReference(this.#engine, chain, rule)?.origin ?? null
      const { written, span, text } = declared.origin
      const place = written || isOwnText.test(text) ? { place: `${span.file}:${span.line}` } : {}
      traced = { index: rule, origin, text: ruleText(declared), ...place, steps: [] }
      rules.push(traced)
      this.#rule = rule
    }
    const values = this.#valuesOf(steps[step]!, run)
    traced.steps.push({
      text: stepText(steps[step]!),
      result: outcome === BREAK ? "no" : (words[outcome] ?? "yes"),
      ...(values.length > 0 ? { values } : {}),
    })
    if (outcome !== BREAK && step === steps.length - 1) traced.verdict ??= "continue"
  }

  verdict(chain: number, rule: number, outcome: Outcome, run: Run): void {
    // A rule may have no steps to tell of but its verdict.
    const traced = this.#stage(chain).rules.at(-1)
    if (traced?.index !== rule) return
    const target =
      outcome === JUMP || outcome === GOTO ? this.#engine.chains[run.target]?.chain.name : undefined
    const word = outcome === REJECT ? "drop" : (words[outcome] ?? "continue")
    traced.verdict = target === undefined ? word : `${word} ${target}`
    const step = traced.steps.at(-1)
    if (step && target !== undefined) step.target = target
  }

  end(chain: number): void {
    // What follows goes on in the chain that jumped here, in a stage of its own; of a base chain it is the policy.
    if (this.#engine.chains[chain]?.chain.base === undefined) this.#chain = -1
  }

  policy(chain: number, outcome: Outcome): void {
    this.#stage(chain).policy = outcome === DROP ? "drop" : "accept"
  }

  kernel(what: string): void {
    this.stages.push({ kernel: what })
    this.#chain = -1
  }

  #valuesOf(step: StepNode, run: Run): { of: string; value: string | null }[] {
    const packet = this.#packet
    if (packet === undefined) return []
    return observedBy(step).flatMap((node) => {
      const value = this.#values.of(node, packet, run)
      return value === null ? [] : [{ of: nameOf(node), value: value ?? null }]
    })
  }

  #stage(chain: number, packet?: string): ChainStage {
    const last = this.stages.at(-1)
    if (this.#chain === chain && last && "chain" in last) return last
    const { chain: declared, table } = this.#engine.chains[chain]!
    const { base, name } = declared
    const stage: ChainStage = {
      family: table.family,
      chain: name,
      table: table.name,
      ...(base ? { place: { hook: base.hook, priority: base.priority, policy: base.policy } } : {}),
      ...(packet === undefined ? {} : { packet }),
      rules: [],
    }
    this.stages.push(stage)
    this.#chain = chain
    this.#rule = -1
    return stage
  }
}

function nameOf(node: Parameters<typeof expressionToNft>[0]): string {
  return node.expression === "and" ? nameOf(node.left) : expressionToNft(node)
}

/** Rules of iptables in their own words. */
const isOwnText = /^(?:-[AI]|--append|--insert|(?:\S*\/)?ip6?tables)\b/

function ruleText({ steps, comment, origin }: Rule): string {
  if (isOwnText.test(origin.text)) return origin.text
  const text = steps.map(stepText).join(" ")
  return comment === undefined ? text : `${text} comment "${comment}"`
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
