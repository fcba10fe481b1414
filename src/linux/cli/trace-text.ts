import type { OriginReference, RuleReference } from "../../core/engine/reference.js"
import { reasonSentence } from "../../core/engine/replay-summary.js"
import type { Style } from "./style.js"
import { hang, plural } from "./text.js"
import type { TracedRule, TracedStage, TracedStep } from "./trace-recorder.js"

export interface ExplainedVerdict {
  readonly verdict: string
  readonly rule: RuleReference | null
  readonly ctstate: string | null
  readonly why: string
}

/** How a trace is shown. */
export interface TraceLook {
  /** The packet's number: it names the trace, as the kernel's number does in `nft monitor trace`. */
  readonly id: number
  /** 4 or 6: rules of the other IP version are only counted. 0: neither. */
  readonly family: number
  /** Each rule that did not match has a line of its own, however many they are. */
  readonly all: boolean
  /** Columns; Infinity: lines are not broken. */
  readonly width: number
  readonly style: Style
}

/**
 * The packet's way for people, in the words of `nft monitor trace`: chain by chain, rule by rule, what was asked and what the packet had; the verdict
 * last. Rules that did not match, which the kernel's trace does not show, are counted where they are more than a few.
 */
export function traceText(
  stages: readonly TracedStage[],
  verdict: ExplainedVerdict,
  look: TraceLook,
): string {
  return [...stages.map((stage) => stageText(stage, look)), verdictText(verdict, look)].join("\n\n")
}

/** So many rules in a row that did not match are shown one by one; more are counted. */
const SHOWN_IN_A_ROW = 3

function stageText(stage: TracedStage, look: TraceLook): string {
  const { style, id, width } = look
  if ("kernel" in stage) {
    const state = stage.ctstate === undefined ? "" : `: ${style.bold(stage.ctstate)}`
    return `${style.bold(stage.kernel)}${state}`
  }
  const { family, table, chain, place, packet, rules, policy } = stage
  const where = place ? style.faint(` (${place.hook}, priority ${place.priority})`) : ""
  const lines = [hang(`${style.bold(`trace id ${id} ${family} ${table} ${chain}`)}${where}`, width, "    ")]
  if (packet !== undefined) lines.push(hang(`  packet: ${packet}`, width, "    "))
  let origin = ""
  for (const group of grouped(rules, look)) {
    if ("count" in group) {
      lines.push(hang(`    ${style.faint(countText(group))}`, width, "      "))
      continue
    }
    const next = originText(group.origin)
    const isSaid = group.place !== undefined || next === origin
    if (!isSaid) lines.push(hang(`  ${style.name(next)}`, width, "    "))
    origin = next
    lines.push(...ruleLines(group, look))
  }
  if (policy) lines.push(`  policy ${paint(policy, style)(policy)}`)
  return lines.join("\n")
}

/** Rules that did not match. */
interface Passed {
  readonly count: number
  readonly first: number
  readonly last: number
  /** How many of them ask for the other IP version. */
  readonly others: number
  /** The policy's protections that asked. */
  readonly protections: readonly string[]
}

/** What is shown one by one, and what is only counted between it. */
function grouped(rules: readonly TracedRule[], look: TraceLook): (TracedRule | Passed)[] {
  const groups: (TracedRule | Passed)[] = []
  let run: TracedRule[] = []
  const flush = () => {
    const others = run.filter((rule) => isOfOtherFamily(rule, look.family))
    if (!look.all && run.length - others.length > SHOWN_IN_A_ROW) groups.push(passed(run, others.length))
    else
      for (const rule of run) {
        const last = groups.at(-1)
        if (!others.includes(rule)) groups.push(rule)
        else if (last && "count" in last && last.last === rule.index - 1)
          groups[groups.length - 1] = {
            ...last,
            count: last.count + 1,
            last: rule.index,
            others: last.others + 1,
          }
        else groups.push(passed([rule], 1))
      }
    run = []
  }
  for (const rule of rules) {
    if (rule.verdict === undefined) run.push(rule)
    else {
      flush()
      groups.push(rule)
    }
  }
  flush()
  return groups
}

function passed(rules: readonly TracedRule[], others: number): Passed {
  const protections = [...new Set(rules.flatMap(({ origin }) => origin?.protection ?? []))]
  return { count: rules.length, first: rules[0]!.index, last: rules.at(-1)!.index, others, protections }
}

/** The step that failed asks for what packets of this IP version never have. */
function isOfOtherFamily({ steps }: TracedRule, family: number): boolean {
  const failed = steps.at(-1)
  if (failed?.result !== "no") return false
  if (family === 4) return /^(?:\w+ @\S+ \{ )?(?:ip6 |icmpv6 |meta nfproto ipv6)/.test(failed.text)
  if (family === 6) return /^(?:\w+ @\S+ \{ )?(?:ip |icmp |meta nfproto ipv4)/.test(failed.text)
  return false
}

function countText({ count, first, last, others, protections }: Passed): string {
  if (count === others)
    return `${rulesText(count, first, last)} ${count === 1 ? "is" : "are"} for the other IP version`
  const rest = others > 0 ? `, ${others} of them for the other IP version` : ""
  return `${rulesText(count, first, last)} did not match${rest}${protections.length > 0 ? `: ${protections.join(", ")}` : ""}`
}

/** `rule 4`, `12 rules (3 to 14)`. */
function rulesText(count: number, first: number, last: number): string {
  return count === 1 ? `rule ${first}` : `${plural(count, "rule")} (${first} to ${last})`
}

function ruleLines(rule: TracedRule, { style, width }: TraceLook): string[] {
  const { index, text, place = "", steps, verdict } = rule
  const name = `rule ${index}${place === "" ? "" : ` ${style.name(place)}`}`
  const failed = steps.at(-1)
  if (verdict === undefined && failed) {
    const asked = shortened(failed.text)
    const had = valuesText(failed, asked)
    const what = had === "" ? asked : `${asked}: ${had}`
    return [hang(`  ${style.bad("✗")} ${name} ${style.faint(what)}`, width, "      ")]
  }
  const told = ` (verdict ${paint(verdict?.split(" ")[0] ?? "", style)(verdict ?? "continue")})`
  const lines = [hang(`  ${style.good("✓")} ${name} ${shortened(text)}${told}`, width, "      ")]
  const had = steps.map((step) => knownText(step)).filter((each) => each !== "")
  if (had.length > 0) lines.push(hang(`      ${style.faint([...new Set(had)].join(", "))}`, width, "      "))
  return lines
}

/** `443`; several with their names: `tcp dport 443, tcp flags syn`. */
function valuesText({ values = [] }: TracedStep, asked: string): string {
  const some = values.map(({ of, value }) => ({ of, value: value ?? "not in this packet" }))
  if (some.length === 1 && asked.startsWith(some[0]!.of)) return some[0]!.value
  if (some.length > 1 && some.every(({ value }) => value === "not in this packet")) return some[0]!.value
  return some
    .filter(({ value }) => value !== "not in this packet")
    .map(({ of, value }) => `${of} ${value}`)
    .join(", ")
}

/** What a step that matched found, where its text does not say it. */
function knownText({ text, values = [] }: TracedStep): string {
  const words = text.includes("{") ? [] : text.split(/[\s,]+/)
  return values
    .filter(({ value }) => value !== null && !words.includes(value))
    .map(({ of, value }) => `${of} ${value}`)
    .join(", ")
}

/** `floodwall.yaml:7 syn-floods: 200/second burst 1000`; what a preset asked for is named too. */
function originText(origin: OriginReference | null): string {
  if (!origin) return "not the policy's"
  const { file, line, protection, text } = origin
  const isNamed =
    protection === undefined || text.startsWith(protection) || text.startsWith("sources that are blocked")
  return `${file}:${line} ${isNamed ? text : `${protection} (${text})`}`.trimEnd()
}

/** A map of fifty flag combinations tells less than the one that was found. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : text.replace(/\{ .* \}/, "{ … }")
}

const LONGEST = 140

function verdictText({ verdict, rule, ctstate, why }: ExplainedVerdict, { style, width }: TraceLook): string {
  const indent = "         "
  const lines = [
    `${style.bold("Verdict")}  ${paint(verdict, style)(verdict)}${ctstate === null ? "" : `, ct state ${ctstate}`}`,
  ]
  if (rule) {
    const { table, chain, index, origin } = rule
    if (origin) lines.push(hang(`${indent}${style.name(originText(origin))}`, width, `${indent}  `))
    const place = index === null ? `the policy of chain ${chain}` : `rule ${index} of chain ${chain}`
    const listed =
      index !== null && origin?.text.startsWith("-") ? ` (${index + 1} in iptables -L --line-numbers)` : ""
    lines.push(hang(`${indent}${place} in table ${table}${listed}`, width, `${indent}  `))
  } else if (verdict === "accept") {
    lines.push(`${indent}no rule was against it`)
  }
  if (why !== "") lines.push(hang(`${indent}${why}${sentence(why)}`, width, `${indent}  `))
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
