import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { stepsToText } from "../../../src/core/ruleset/kinds.js"
import type { Score, ScoreRow } from "../score.js"
import { type Case, caseToJson } from "./case.js"
import { describePacket, type Judged } from "./judge.js"
import { type Outcome, runCase } from "./run-case.js"
import { shrink } from "./shrink.js"

/** A kind of random cases: each seed makes one, always the same. */
export interface Family {
  readonly name: string
  /** How the rows of the table call it. */
  readonly title: string
  readonly make: (seed: number) => Case
  /** Of all runs, how many parts are of this kind. */
  readonly share: number
}

export interface RandomOptions {
  readonly families: readonly Family[]
  readonly seed: number
  readonly runs: number
  /** Where failing cases are written; absent: nowhere, and they are not made small. */
  readonly folder?: string
  /** Shrinking takes long: so many failing cases are made small at most. */
  readonly shrunk?: number
  readonly onProgress?: (done: number, all: number) => void
}

/** What random rules and traffic came to, for one family. */
export interface RandomTally {
  readonly family: string
  cases: number
  /** Rulesets that the kernel's tool refused. */
  refused: number
  /** Rulesets that the engine could not take. */
  unreadable: number
  packets: number
  same: number
  /** Packets that a rule or a policy stopped in the kernel: an agreement on nothing but passing would prove little. */
  dropped: number
  left: number
  rules: number
  matched: number
  sameCounters: number
  failing: number
}

export interface RandomResult {
  readonly tallies: readonly RandomTally[]
  /** Differing cases, and what the kernel refused: some lines each. */
  readonly reports: readonly string[]
}

/** Runs random cases through kernel and engine. The seeds are `seed`, `seed + 1`, … */
export function runRandom(options: RandomOptions): RandomResult {
  const { families, seed, runs, folder, shrunk = 5, onProgress } = options
  const tallies = families.map(({ title }) => newTally(title))
  const reports: string[] = []
  const wheel = families.flatMap((family, index) =>
    Array.from({ length: family.share }, () => ({ family, index })),
  )
  let small = 0
  for (let run = 0; run < runs; run++) {
    const { family, index } = wheel[run % wheel.length]!
    onProgress?.(run + 1, runs)
    const one = made(family, seed + run)
    if (typeof one === "string") {
      tallies[index]!.cases++
      tallies[index]!.unreadable++
      reports.push(`${family.name} ${seed + run}: ${one}`)
      continue
    }
    const outcome = runCase(one)
    add(tallies[index]!, outcome)
    if (outcome.refused !== null)
      reports.push(`${one.name}: the kernel refuses: ${outcome.refused.split("\n").slice(0, 3).join(" | ")}`)
    else if (outcome.unreadable !== null) reports.push(`${one.name}: no engine: ${outcome.unreadable}`)
    else if (isDifferent(outcome)) {
      const isShrunk = folder !== undefined && small < shrunk
      if (isShrunk) small++
      const shown = isShrunk ? shrinkCase(one, outcome) : one
      reports.push(report(shown, isShrunk ? runCase(shown) : outcome, folder))
    }
  }
  return { tallies, reports }
}

/** A case, or why its rules could not be read. */
function made(family: Family, seed: number): Case | string {
  try {
    return family.make(seed)
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure)
  }
}

/** A smaller case that has the trouble that this one had. */
export function shrinkCase(one: Case, outcome: Outcome): Case {
  return shrink(one, sameTrouble(outcome))
}

/** A smaller case is one of the same: a packet that differs, or where none did a counter. */
function sameTrouble({ judged }: Outcome): (candidate: Case) => boolean {
  const hasPackets = judged.some(({ same }) => !same)
  return (candidate) => {
    const outcome = runCase(candidate)
    return hasPackets ? outcome.judged.some(({ same }) => !same) : outcome.rules.different.length > 0
  }
}

export function isDifferent({ judged, rules }: Outcome): boolean {
  return judged.some(({ same }) => !same) || rules.different.length > 0
}

function newTally(family: string): RandomTally {
  return {
    family,
    cases: 0,
    refused: 0,
    unreadable: 0,
    packets: 0,
    same: 0,
    dropped: 0,
    left: 0,
    rules: 0,
    matched: 0,
    sameCounters: 0,
    failing: 0,
  }
}

function add(tally: RandomTally, { refused, unreadable, judged, left, rules }: Outcome): void {
  tally.cases++
  if (refused !== null) tally.refused++
  if (unreadable !== null) tally.unreadable++
  tally.packets += judged.length
  const same = judged.filter((each) => each.same).length
  tally.same += same
  if (same < judged.length) tally.failing++
  tally.dropped += judged.filter(({ kernel }) => kernel !== "through" && kernel !== "routing").length
  tally.left += left
  tally.rules += rules.all
  tally.matched += rules.matched
  tally.sameCounters += rules.all - rules.different.length
}

/** A difference for people: the rules, the packets, what each judge said, and the file that replays it. */
export function report(one: Case, outcome: Outcome, folder: string | undefined): string {
  const { judged, rules } = outcome
  const different = judged.filter(({ same }) => !same)
  const lines = [
    `${one.name}: ${different.length} of ${judged.length} packets differ, ${rules.different.length} of ${rules.all} counters`,
    ...different.slice(0, 5).map(judgedLine),
    ...rules.different
      .slice(0, 5)
      .map(
        ({ rule, kernel, engine }) =>
          `  counter ${rule}: kernel ${kernel}, engine ${engine}: ${ruleText(one, rule)}`,
      ),
  ]
  if (folder === undefined) return lines.join("\n")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${one.name.replaceAll(/\W+/g, "-")}.json`)
  writeFileSync(file, caseToJson(one))
  return [...lines, `  again: npm run conformance -- --replay ${file}`].join("\n")
}

/** What each judge said of a packet. */
export function judgedLine({ arrival, kernel, engine, states, why }: Judged): string {
  return `  kernel ${kernel} ${states.kernel ?? ""}, engine ${engine} ${states.engine ?? ""}: ${why}: ${describePacket(arrival).slice(0, 240)}`
}

function ruleText(one: Case, rule: string): string {
  const [family, name, chain, index] = rule.split(" ")
  const table = one.ruleset.tables.find((each) => each.family === family && each.name === name)
  const found = table?.chains.find((each) => each.name === chain)
  const base = found?.base ? `[${found.base.hook} ${found.base.priority}] ` : ""
  return base + stepsToText(found?.rules[Number(index)]?.steps ?? [])
}

/** The section of the page. `kernel`: its version. */
export function randomScore(
  { tallies, reports }: RandomResult,
  about: { readonly seed: number; readonly runs: number; readonly kernel: string },
): Score {
  const rows: ScoreRow[] = tallies.map((tally) => ({
    name: tally.family,
    agreed: tally.same,
    compared: tally.packets,
    note: `${tally.cases} rulesets${tally.refused > 0 ? ` (${tally.refused} refused by the kernel's tool)` : ""}; ${tally.dropped} packets dropped; ${tally.matched} of ${tally.rules} rules matched something; counters ${tally.sameCounters} of ${tally.rules}`,
  }))
  const all = tallies.reduce(
    (sum, { same, packets }) => ({ agreed: sum.agreed + same, compared: sum.compared + packets }),
    { agreed: 0, compared: 0 },
  )
  const failing = tallies.reduce((sum, tally) => sum + tally.failing, 0)
  return {
    name: "random",
    title: "Random rules, random traffic",
    text: `Random rulesets are loaded into real netfilter (Linux ${about.kernel}) in a network namespace, random traffic is sent through it from both sides, and the same packets go through the engine at the times at which the kernel
saw them. Compared is where each packet came to its end (at ingress, in prerouting, input, forward, output, postrouting, at egress, or nowhere), its conntrack state where that is asked for, and how often each rule's
counter was reached. The firewall's own answers are packets like others. Seeds ${about.seed} to ${about.seed + about.runs - 1}: each makes one ruleset and its traffic, always the same.`,
    rows: [...rows, { name: "**all**", ...all }],
    notes: `${failing === 0 ? "No case had a packet on which the two differ." : `${failing} cases had packets on which the two differ; known reasons stand in [model-gaps.md](model-gaps.md).`} \`npm run conformance -- --seed N --runs M\` tries others; a case that differs is made small and written to a file that \`--replay\` runs again.`,
    differences: reports,
  }
}
