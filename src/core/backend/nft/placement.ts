import { shortHash } from "../../base/hash.js"
import type { VerdictMapNode } from "../../ruleset/action/verdict-map.js"
import { inSet, meta, notInSet } from "../../ruleset/build.js"
import { stepsToText } from "../../ruleset/kinds.js"
import type { StepNode, VerdictNode } from "../../ruleset/node.js"
import type { Chain, Rule, Ruleset, SetDeclaration, SetElement, Table } from "../../ruleset/ruleset.js"
import { askedApart } from "./apart.js"
import { type Generation, pauseSet, trialSet } from "./names.js"
import { withRawFlags } from "./raw-flags.js"

export type GateOfTrial = { readonly seconds: number } | null

/** The same ruleset under the names it has in the kernel; with a trial, behind its gate. */
export function placeRuleset(ruleset: Ruleset, generation: Generation, trial: GateOfTrial): Ruleset {
  return { tables: ruleset.tables.map((table) => placeTable(table, generation, trial)) }
}

function placeTable(table: Table, generation: Generation, trial: GateOfTrial): Table {
  const names = new Map(table.sets.map((set) => [set.name, placedSetName(set, table, generation)]))
  const lasting = new Set(table.chains.filter(({ keepsRules }) => keepsRules).map(({ name }) => name))
  const chain = (name: string) => (lasting.has(name) ? name : `${name}.${generation}`)
  const set = (name: string) => names.get(name) ?? name
  const sets = table.sets.map((declaration) => placeSet(declaration, set, chain))
  const apart = askedApart(table)
  for (const { name } of apart.chains) lasting.add(name)
  return {
    ...table,
    sets: trial ? [timedSet(table.family, trialSet, trial.seconds), ...sets] : sets,
    chains: [...table.chains.map(apart.place), ...apart.chains]
      .flatMap(withPolicyPart)
      .map((declared) => placeChain(declared, set, chain, trial ? table.family : undefined)),
  }
}

/** The name that a set of this table has in the kernel under a generation: for who adds elements to it, or reads them. */
export function placedSetName(set: SetDeclaration, table: Table, generation: Generation): string {
  if (set.keeps === "ledger") return set.name
  return set.keeps === "limiter"
    ? `${set.name}.h${shortHash(limiterText(set, table))}`
    : `${set.name}.${generation}`
}

/** All that an element of a limiter set depends on. */
function limiterText(set: SetDeclaration, table: Table): string {
  const updates = table.chains
    .flatMap(({ rules }) => rules)
    .flatMap(({ steps }) => steps.filter((step) => step.step === "set-update" && step.set === set.name))
  const own = [
    set.key.join(" . "),
    set.flags.join(","),
    set.size,
    set.timeout,
    stepsToText(set.statements ?? []),
  ]
  return [...own, ...new Set(updates.map((step) => stepsToText([step])))].join("\n")
}

/** The policy's rules of a chain that keeps the administrator's: a chain of their own, which has a generation and a gate; the lasting one jumps to it (transaction.ts). */
export function policyPart(chain: string): string {
  return `${chain}${POLICY_PART}`
}

const POLICY_PART = "/policy"

/** Marks the jump to it, among the administrator's rules. */
export const policyLines = "lines of the policy"

/** Whether the chain stands behind a gate although it is none that the kernel begins with. */
export function isPolicyPart(name: string): boolean {
  return name.replace(/\.[ab]$/, "").endsWith(POLICY_PART)
}

function withPolicyPart(chain: Chain): readonly Chain[] {
  if (!chain.keepsRules || chain.rules.length === 0) return [chain]
  return [
    { name: policyPart(chain.name), rules: chain.rules },
    { ...chain, rules: [] },
  ]
}

type Rename = (name: string) => string

function placeSet(declared: SetDeclaration, set: Rename, chain: Rename): SetDeclaration {
  const elements =
    declared.data === "verdict"
      ? declared.elements?.map((element) => placeElement(element, chain))
      : declared.elements
  return { ...declared, name: set(declared.name), ...(elements && { elements }) }
}

function placeElement(element: SetElement, chain: Rename): SetElement {
  return element.data && "step" in element.data
    ? { ...element, data: placeVerdict(element.data, chain) }
    : element
}

function placeVerdict(verdict: VerdictNode, chain: Rename): VerdictNode {
  return verdict.chain === undefined ? verdict : { ...verdict, chain: chain(verdict.chain) }
}

function placeChain(declared: Chain, set: Rename, chain: Rename, gated: Table["family"] | undefined): Chain {
  const rules = declared.rules.map(withRawFlags).map((rule) => ({
    ...rule,
    steps: rule.steps.map((step) => placeStep(step, set, chain)),
  }))
  const isGated = declared.base !== undefined || isPolicyPart(declared.name)
  const gate = gated && isGated ? [gateRule(gated, "trial", declared.base?.policy ?? "accept")] : []
  return { ...declared, name: chain(declared.name), rules: [...gate, ...rules] }
}

function placeStep(step: StepNode, set: Rename, chain: Rename): StepNode {
  if (step.step === "verdict") return placeVerdict(step, chain)
  if (step.step === "set-update") return { ...step, set: set(step.set) }
  if (step.step === "lookup") return typeof step.set === "string" ? { ...step, set: set(step.set) } : step
  return step.step === "verdict-map" ? { ...step, map: placeMap(step.map, set, chain) } : step
}

function placeMap(map: VerdictMapNode["map"], set: Rename, chain: Rename): VerdictMapNode["map"] {
  if (typeof map === "string") return set(map)
  return map.map(({ key, verdict }) => ({ key, verdict: placeVerdict(verdict, chain) }))
}

/** What a gate asks of each packet: something that every packet of the table has, and few values of it. */
function gateKey(family: Table["family"]) {
  // Outside of inet nft does not take `meta nfproto`.
  return family === "inet" ? meta("nfproto") : meta("protocol")
}

/** Elements for every packet that the table can see: IPv4 and IPv6; elsewhere also ARP and tagged frames. */
function gateElements(family: Table["family"]): readonly number[] {
  return family === "inet" ? [2, 10] : [0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8]
}

/** A set that holds for so many seconds, and then is empty by itself. */
export function timedSet(family: Table["family"], name: string, seconds: number): SetDeclaration {
  return {
    name,
    key: [family === "inet" ? "nf_proto" : "ether_type"],
    flags: ["timeout"],
    size: 8,
    elements: gateElements(family).map((value) => ({ key: { value: [value] }, timeout: seconds * 1e9 })),
  }
}

/** The elements of a `timedSet`, without their times: for deleting them. */
export function timedKeys(family: Table["family"]): SetDeclaration {
  return {
    ...timedSet(family, "", 1),
    elements: gateElements(family).map((value) => ({ key: { value: [value] } })),
  }
}

/**
 * The first rule of a base chain, which lets packets past all others. `return` where the policy accepts; where it drops, `return` would drop everything, and `accept` means
 * what is wanted.
 */
export function gateRule(
  family: Table["family"],
  kind: "trial" | "kept" | "pause",
  policy: "accept" | "drop",
): Rule {
  const key = gateKey(family)
  const match =
    kind === "trial" ? notInSet(key, trialSet) : inSet(key, kind === "pause" ? pauseSet : trialSet)
  return {
    steps: [match, { step: "verdict", verdict: policy === "drop" ? "accept" : "return" }],
    origin: { span: { file: "", line: 0, column: 0 }, text: "" },
    comment: `gate: ${kind}`,
  }
}
