import type { Diagnostic } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import { fits } from "./check-set.js"
import { hasExtensionField } from "./expression/extension-header.js"
import { payloadFields } from "./expression/payload-field.js"
import { stepToNft, typesOf } from "./kinds.js"
import type { ExpressionNode, StepNode } from "./node.js"
import type { Rule, SetDeclaration, Table } from "./ruleset.js"
import { setTypeOf, type TypeName } from "./type.js"
import type { Item } from "./value.js"
import { chainNamed, expressionsIn, stepsIn, verdictsOf } from "./walk.js"

type Report = (id: Diagnostic["id"], message: string, hint?: string) => void

/** One rule by itself: does what it names exist, and do values fit what they are compared with. */
export function checkRule(rule: Rule, table: Table): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const report: Report = (id, message, hint) => {
    found.push({ id, severity: "error", message, span: rule.origin.span, ...(hint && { hint }) })
  }
  for (const step of stepsIn(rule.steps)) {
    for (const expression of expressionsIn(step)) checkField(expression, report)
    checkStep(step, table, report)
  }
  for (const verdict of rule.steps.flatMap((step) => verdictsOf(step, table))) {
    const needsChain = verdict.verdict === "jump" || verdict.verdict === "goto"
    if (!needsChain) continue
    const target = chainNamed(verdict.chain ?? "", table)
    if (!target) {
      const names = table.chains.map(({ name }) => name)
      report("unknown-chain", `there is no chain ${verdict.chain}`, didYouMean(verdict.chain ?? "", names))
    } else if (target.base)
      report("jump-to-base-chain", `${target.name} is a base chain, and rules cannot jump there`)
  }
  const end = rule.steps.findIndex(({ step }) => step === "verdict" || step === "reject")
  if (end >= 0 && end < rule.steps.length - 1)
    report("step-behind-verdict", "a verdict ends its rule, and something stands behind it")
  return found
}

function checkStep(step: StepNode, table: Table, report: Report): void {
  const text = stepToNft(step)
  if (typeof text !== "string") report("nft-cannot-say", text.unsupported)
  if (step.step === "compare") checkItems([step.right], typesOf(step.left), report)
  else if (step.step === "lookup") {
    if (typeof step.set === "string") checkSetUse(step.set, typesOf(step.left), () => true, table, report)
    else checkItems(step.set, typesOf(step.left), report)
  } else if (step.step === "verdict-map") {
    if (typeof step.map === "string")
      checkSetUse(step.map, typesOf(step.left), (set) => set.data === "verdict", table, report)
    else
      checkItems(
        step.map.map(({ key }) => key),
        typesOf(step.left),
        report,
      )
  } else if (step.step === "set-update") {
    const isMap = step.data !== undefined
    const set = checkSetUse(
      step.set,
      typesOf(step.key),
      ({ data }) => (data !== undefined) === isMap || step.operation === "delete",
      table,
      report,
    )
    if (set) checkUpdate(step, set, report)
  }
}

function checkUpdate(
  step: Extract<StepNode, { step: "set-update" }>,
  set: SetDeclaration,
  report: Report,
): void {
  const statements = step.statements ?? []
  const hasTimeout = set.flags.includes("timeout")
  if (set.flags.includes("interval"))
    report("interval-and-dynamic", `rules cannot add to ${set.name}, a set of intervals`)
  if (step.timeout !== undefined && !hasTimeout)
    report("timeout-not-declared", `set ${set.name} lacks the flag timeout`)
  if (hasTimeout && statements.some((statement) => statement.step === "ct-count")) {
    report("count-with-timeout", `set ${set.name}: elements that count connections cannot have a timeout`)
  }
  if (statements.length > 0 && set.data === undefined && !set.flags.includes("dynamic")) {
    report(
      "dynamic-not-declared",
      `set ${set.name} lacks the flag dynamic, which elements with statements need`,
    )
  }
}

function checkSetUse(
  name: string,
  types: readonly TypeName[],
  isKind: (set: SetDeclaration) => boolean,
  table: Table,
  report: Report,
): SetDeclaration | undefined {
  const set = table.sets.find((candidate) => candidate.name === name)
  if (!set) {
    report(
      "unknown-set",
      `there is no set ${name}`,
      didYouMean(
        name,
        table.sets.map((candidate) => candidate.name),
      ),
    )
    return undefined
  }
  if (!isKind(set))
    report(
      "set-type-mismatch",
      `${name} is a ${set.data ? `map to ${set.data}` : "set"}, and is used as another kind`,
    )
  if (set.key.map(setTypeOf).join(" . ") !== types.map(setTypeOf).join(" . ")) {
    report("set-type-mismatch", `${name} holds ${set.key.join(" . ")}, and is asked for ${types.join(" . ")}`)
  }
  return set
}

function checkItems(items: readonly Item[], types: readonly TypeName[], report: Report): void {
  const misfit = items.find((item) => !fits(item, types))
  if (misfit)
    report("value-does-not-fit", `a value is not of the type ${types.join(" . ")}: ${JSON.stringify(misfit)}`)
}

function checkField(expression: ExpressionNode, report: Report): void {
  if (expression.expression === "payload") {
    const fields = payloadFields[expression.protocol]
    if (!(expression.field in fields)) {
      report(
        "unknown-field",
        `${expression.protocol} has no field ${expression.field}`,
        didYouMean(expression.field, Object.keys(fields)),
      )
    }
  }
  if (
    expression.expression === "extension-header" &&
    expression.field !== undefined &&
    !hasExtensionField(expression.header, expression.field)
  ) {
    report("unknown-field", `the extension header ${expression.header} has no field ${expression.field}`)
  }
}
