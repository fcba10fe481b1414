import type { ExpressionNode, StepNode, VerdictNode } from "./node.js"
import type { Chain, Rule, Table } from "./ruleset.js"

/** Ways through a ruleset, for who reads it as a whole: checks, listings, what a rule asks for. */

/** Every expression in a step, masks and parts of concatenations included; those of an element's statements too. */
export function* expressionsIn(step: StepNode): Generator<ExpressionNode> {
  if ("left" in step) yield* nested(step.left)
  if (step.step !== "set-update") return
  yield* nested(step.key)
  for (const statement of step.statements ?? []) yield* expressionsIn(statement)
}

function* nested(expression: ExpressionNode): Generator<ExpressionNode> {
  yield expression
  if ("left" in expression) yield* nested(expression.left)
  if (expression.expression === "binary" && "expression" in expression.right) yield* nested(expression.right)
  if (expression.expression === "hash" && expression.of) yield* nested(expression.of)
  if (expression.expression === "concatenation") for (const part of expression.parts) yield* nested(part)
}

/** A step and the statements inside it. */
export function* stepsIn(steps: readonly StepNode[]): Generator<StepNode> {
  for (const step of steps) {
    yield step
    if (step.step === "set-update") yield* stepsIn(step.statements ?? [])
  }
}

/** Every verdict that a step may give; named maps bring those of their elements. */
export function verdictsOf(step: StepNode, table: Table): readonly VerdictNode[] {
  if (step.step === "verdict") return [step]
  if (step.step !== "verdict-map") return []
  const { map } = step
  if (typeof map !== "string") return map.map(({ verdict }) => verdict)
  const elements = table.sets.find(({ name }) => name === map)?.elements ?? []
  return elements.flatMap(({ data }) => (data && "step" in data ? [data] : []))
}

const places = new WeakMap<Table, ReadonlyMap<string, number>>()

/** Rules of thousands of services have as many chains: they are not gone through for each jump. */
export function chainNamed(name: string, table: Table): Chain | undefined {
  return table.chains[placesOf(table).get(name) ?? -1]
}

function placesOf(table: Table): ReadonlyMap<string, number> {
  let known = places.get(table)
  if (!known) {
    known = new Map(table.chains.map(({ name }, at) => [name, at]))
    places.set(table, known)
  }
  return known
}

/** Names of the chains that a chain's rules jump or go to. */
export function targetsOf(chain: Chain, table: Table): ReadonlySet<string> {
  const verdicts = chain.rules.flatMap(({ steps }) => steps.flatMap((step) => verdictsOf(step, table)))
  return new Set(verdicts.flatMap((verdict) => verdict.chain ?? []))
}

/** A chain and all chains that are reached from it, itself first; those that one chain jumps to as they stand in the table. */
export function reachableFrom(chain: Chain, table: Table): readonly Chain[] {
  const found = new Set<Chain>([chain])
  for (const current of found) {
    const targets = [...targetsOf(current, table)].map((name) => placesOf(table).get(name) ?? -1)
    for (const at of targets.sort((left, right) => left - right)) {
      const next = table.chains[at]
      if (next) found.add(next)
    }
  }
  return [...found]
}

/** How deep jumps may nest: the kernel's stack has 16 places (NFT_JUMP_STACK_SIZE), and one is the base chain's (measured on Linux 6.18). */
export const JUMP_DEPTH = 15

/** How deep it is looked: ways of thousands of jumps are refused all the same. */
export const DEEPEST = 10 * JUMP_DEPTH

/** For each chain of a table how deep the jumps from it nest, which is counted up to 150; Infinity: they lead back to where they began. */
export function jumpDepths(table: Table): (chain: Chain) => number {
  const depths = new Map<Chain, number>()
  const onWay = new Set<Chain>()
  return function depthOf(chain: Chain): number {
    const known = depths.get(chain)
    if (known !== undefined) return known
    if (onWay.has(chain)) return Infinity
    if (onWay.size > DEEPEST) return 0
    onWay.add(chain)
    let depth = 0
    for (const name of targetsOf(chain, table)) {
      const next = chainNamed(name, table)
      if (next) depth = Math.max(depth, 1 + depthOf(next))
    }
    onWay.delete(chain)
    depths.set(chain, depth)
    return depth
  }
}

/** Whether every packet that reaches the rule ends there: nothing is asked before a verdict that ends the chain. */
export function isUnconditional(rule: Rule): boolean {
  for (const step of rule.steps) {
    if (step.step === "reject") return step.with !== "tcp-reset"
    if (step.step === "verdict") return step.verdict !== "continue" && step.verdict !== "jump"
    if (step.step !== "counter" && step.step !== "log" && step.step !== "mark" && step.step !== "notrack")
      return false
  }
  return false
}
