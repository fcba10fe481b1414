import type { OriginReference, RuleReference } from "../../core/engine/reference.js"
import { reasonSentence } from "../../core/engine/replay-summary.js"
import type { Style } from "./style.js"
import type { TracedStage, TracedStep } from "./trace-recorder.js"

export interface ExplainedVerdict {
  readonly verdict: string
  readonly rule: RuleReference | null
  readonly ctstate: string | null
  readonly why: string
}

/** The packet's way for people: chain by chain, policy line by policy line, match by match; the verdict last. */
export function traceText(stages: readonly TracedStage[], verdict: ExplainedVerdict, style: Style): string {
  return [...stages.map((stage) => stageText(stage, style)), verdictText(verdict, style)].join("\n\n")
}

function stageText(stage: TracedStage, style: Style): string {
  if ("kernel" in stage) {
    const state = stage.ctstate === undefined ? "" : `: ${style.bold(stage.ctstate)}`
    return `${style.bold(stage.kernel)}${state}`
  }
  const { chain, place, rules, policy } = stage
  if (rules.length === 0 && policy)
    return `${style.bold(`end of chain ${chain}`)}: ${paint(policy, style)(policy)}`
  const where = place ? ` at ${place.hook}, priority ${place.priority}` : ""
  const lines = [`${style.bold(`chain ${chain}`)}${where}`]
  let origin = ""
  for (const rule of rules) {
    const next = originText(rule.origin)
    if (next !== origin) lines.push(`  ${style.name(next)}`)
    origin = next
    lines.push(
      `  ${String(rule.index).padStart(3)}  ${rule.steps.map((step) => stepText(step, style)).join("  ")}`,
    )
  }
  if (policy) lines.push(`       ${style.faint("end of the chain:")} ${paint(policy, style)(policy)}`)
  return lines.join("\n")
}

/** `floodwall.yaml:7 syn-floods: 200/second burst 1000`; what a preset asked for is named too. */
function originText(origin: OriginReference | null): string {
  if (!origin) return "not the policy's"
  const { file, line, protection, text } = origin
  const isNamed =
    protection === undefined || text.startsWith(protection) || text.startsWith("sources that are blocked")
  return `${file}:${line} ${isNamed ? text : `${protection} (${text})`}`
}

function stepText({ text, result, target }: TracedStep, style: Style): string {
  const short = shortened(text)
  if (result === "no") return `${style.bad("✗")} ${short}`
  if (result === "yes") return `${style.good("✓")} ${short}`
  const where = target === undefined || short.endsWith(` ${target}`) ? "" : `: ${result} ${target}`
  return paint(result, style)(`→ ${short}${where}`)
}

/** A map of fifty flag combinations tells less than the one that was found. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : text.replace(/\{ .* \}/, "{ … }")
}

const LONGEST = 140

function verdictText({ verdict, rule, ctstate, why }: ExplainedVerdict, style: Style): string {
  const lines = [
    `${style.bold("Verdict")}  ${paint(verdict, style)(verdict)}${ctstate === null ? "" : `, ct state ${ctstate}`}`,
  ]
  if (rule) {
    const { table, chain, index, origin } = rule
    if (origin) lines.push(`         ${style.name(originText(origin))}`)
    const place = index === null ? `the policy of chain ${chain}` : `rule ${index} of chain ${chain}`
    lines.push(`         ${place} in table ${table}`)
  } else if (verdict === "accept") {
    lines.push("         no rule was against it")
  }
  if (why !== "") lines.push(`         ${why}${sentence(why)}`)
  return lines.join("\n")
}

function sentence(why: string): string {
  const text = reasonSentence(why)
  return text === "" ? "" : `: ${text}`
}

function paint(verdict: string, style: Style): (text: string) => string {
  if (verdict === "accept") return style.good
  if (verdict === "drop" || verdict === "reject") return style.bad
  return style.warn
}
