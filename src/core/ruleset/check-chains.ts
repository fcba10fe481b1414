import type { Diagnostic } from "../base/diagnostic.js"
import { checkShadows } from "./check-shadow.js"
import { priority } from "./hook.js"
import { expressionNeedsConntrack, stepAsksTooEarly } from "./kinds.js"
import { isName } from "./name.js"
import type { ExpressionNode, StepNode } from "./node.js"
import type { BaseChain, Chain, Rule, Table } from "./ruleset.js"
import {
  chainNamed,
  DEEPEST,
  expressionsIn,
  isUnconditional,
  JUMP_DEPTH,
  jumpDepths,
  reachableFrom,
  stepsIn,
  targetsOf,
} from "./walk.js"

/** The chains together: loops, rules that nothing reaches, questions asked at a place where the kernel has no answer yet. */
export function checkChains(table: Table): readonly Diagnostic[] {
  const depthOf = jumpDepths(table)
  return [
    ...table.chains.flatMap((chain) => [
      ...checkName(chain),
      ...checkLoop(chain, depthOf(chain), table),
      ...checkDepth(chain, depthOf(chain)),
      ...checkUnreachable(chain),
      ...checkShadows(chain, table),
    ]),
    ...unique(table.chains.flatMap((chain) => (chain.base ? checkPlace(chain, chain.base, table) : []))),
  ]
}

function checkName(chain: Chain): readonly Diagnostic[] {
  if (isName(chain.name)) return []
  return [
    {
      id: "bad-nft-name",
      severity: "error",
      message: `nft does not take ${JSON.stringify(chain.name)} as the name of a chain`,
    },
  ]
}

function checkLoop(chain: Chain, depth: number, table: Table): readonly Diagnostic[] {
  if (depth !== Infinity) return []
  const behind = [...targetsOf(chain, table)].flatMap((name) => chainNamed(name, table) ?? [])
  if (!behind.some((next) => reachableFrom(next, table).includes(chain))) return []
  return [
    {
      id: "jump-ring",
      severity: "error",
      message: `chain ${chain.name} leads back to itself`,
      ...spanOf(chain.rules[0]),
    },
  ]
}

function checkDepth(chain: Chain, depth: number): readonly Diagnostic[] {
  if (!chain.base || depth <= JUMP_DEPTH || depth === Infinity) return []
  return [
    {
      id: "jump-depth",
      severity: "error",
      message: `jumps from chain ${chain.name} nest ${depthText(depth)} deep, the kernel takes ${JUMP_DEPTH}`,
      ...spanOf(chain.rules[0]),
    },
  ]
}

function depthText(depth: number): string {
  return depth > DEEPEST ? `more than ${DEEPEST}` : `${depth}`
}

function checkUnreachable(chain: Chain): readonly Diagnostic[] {
  const end = chain.rules.findIndex(isUnconditional)
  const next = end < 0 ? undefined : chain.rules[end + 1]
  if (!next) return []
  const related = {
    span: chain.rules[end]!.origin.span,
    message: "this rule ends the chain for every packet",
  }
  const message = `no packet reaches this rule and what follows it in chain ${chain.name}`
  return [{ id: "unreachable-rule", severity: "lint", message, ...spanOf(next), related }]
}

/** A base chain says where its rules, and those of all chains behind it, are asked. */
function checkPlace(chain: Chain, base: BaseChain, table: Table): readonly Diagnostic[] {
  const chains = reachableFrom(chain, table)
  return [
    ...(isBeforeConntrack(base)
      ? chains.flatMap((reached) => reached.rules.flatMap((rule) => checkConntrack(rule, chain)))
      : []),
    ...(isBeforeConntrack(base)
      ? []
      : chains.flatMap((reached) => reached.rules.flatMap((rule) => checkNotrack(rule, chain)))),
    ...(seesFragments(base) ? checkFragments(chains, chain) : []),
  ]
}

/** At its own priority it is left open who comes first. */
function isBeforeConntrack(base: BaseChain): boolean {
  if (base.hook === "ingress") return true
  return (base.hook === "prerouting" || base.hook === "output") && base.priority <= priority.conntrack
}

function seesFragments(base: BaseChain): boolean {
  return base.hook === "ingress" || (base.hook === "prerouting" && base.priority <= priority.defragmentation)
}

function checkConntrack(rule: Rule, chain: Chain): readonly Diagnostic[] {
  if (![...stepsIn(rule.steps)].some(asksTooEarly)) return []
  const message = `chain ${chain.name} is before conntrack, where every packet's state is invalid and nothing else is known`
  return [
    {
      id: "conntrack-too-early",
      severity: "lint",
      message,
      ...spanOf(rule),
      hint: "ask at prerouting with a priority above -200",
    },
  ]
}

function asksTooEarly(step: StepNode): boolean {
  return stepAsksTooEarly(step) || [...expressionsIn(step)].some(expressionNeedsConntrack)
}

function checkNotrack(rule: Rule, chain: Chain): readonly Diagnostic[] {
  if (![...stepsIn(rule.steps)].some(({ step }) => step === "notrack")) return []
  const message = `chain ${chain.name} is behind conntrack, where notrack comes too late`
  return [
    { id: "notrack-too-late", severity: "lint", message, ...spanOf(rule), hint: "use a priority of -300" },
  ]
}

/** Fine where somebody on the way has asked about fragments. */
function checkFragments(reached: readonly Chain[], chain: Chain): readonly Diagnostic[] {
  const rules = reached.flatMap((one) => one.rules)
  const careless = rules.find((rule) => asks(rule, isTransportField))
  if (!careless || rules.some((rule) => asks(rule, asksFragment))) return []
  const message = `chain ${chain.name} sees fragments, and the kernel reads ports and flags of later ones out of their data`
  const hint = "ask ip frag-off & 0x1fff == 0 (and exthdr frag missing) before"
  return [{ id: "fragments-have-ports", severity: "lint", message, ...spanOf(careless), hint }]
}

function asks(rule: Rule, isAsked: (expression: ExpressionNode) => boolean): boolean {
  return rule.steps.some((step) => [...expressionsIn(step)].some(isAsked))
}

function asksFragment(expression: ExpressionNode): boolean {
  if (expression.expression === "extension-header") return expression.header === "frag"
  return (
    expression.expression === "payload" && expression.protocol === "ip" && expression.field === "frag-off"
  )
}

const transports = new Set(["tcp", "udp", "th", "icmp", "icmpv6"])

function isTransportField(expression: ExpressionNode): boolean {
  return expression.expression === "payload" && transports.has(expression.protocol)
}

function spanOf(rule: Rule | undefined) {
  return rule ? { span: rule.origin.span } : {}
}

/** Two base chains may lead to the same rule. */
function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>()
  return diagnostics.filter((diagnostic) => {
    const key = JSON.stringify(diagnostic)
    return !seen.has(key) && seen.add(key)
  })
}
