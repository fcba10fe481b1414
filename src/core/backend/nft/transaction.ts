import type { Diagnostic } from "../../base/diagnostic.js"
import { checkRuleset } from "../../ruleset/check.js"
import { stepsToText } from "../../ruleset/kinds.js"
import type { Ruleset, Table } from "../../ruleset/ruleset.js"
import { type Generation, generationOf, isLimiterName, pauseSet, trialSet } from "./names.js"
import {
  gateRule,
  isPolicyPart,
  placeRuleset,
  policyLines,
  policyPart,
  timedKeys,
  timedSet,
} from "./placement.js"
import { renderNft } from "./render.js"
import { renderElements } from "./render-set.js"
import type { GateKind, Running, RunningChain, RunningTable } from "./running.js"

/**
 * Texts for `nft -f -`, each one transaction: all of it happens, or nothing.
 * They are made from what runs, as `parseRunning` read it just before; the caller holds a lock from the listing to the load.
 *
 * A trial:                                              while it lasts      when its time is over, whatever happened to any process
 *     set trial { ipv4 timeout 60s, ipv6 timeout 60s }  full                empty
 *     chain input.a (kept)    @trial return             lets past           judges
 *     chain input.b (trial)   != @trial return          judges              lets past
 */

export interface Transaction {
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Puts a ruleset in force in place of what runs. With `trialSeconds` the old rules stay behind a gate whose time runs in the kernel, and
 * are in force again when it is over; null: for good, and what ran goes away. A trial that is still there (running or over) is given up, and a pause ends.
 * Errors among the diagnostics say what the kernel would refuse: then the text is not to be loaded.
 */
export function renderApply(
  ruleset: Ruleset,
  running: Running | null,
  trialSeconds: number | null,
): Transaction {
  const kept = running?.kept ?? null
  const generation = other(kept ?? running?.trial ?? "b")
  const placed = placeRuleset(ruleset, generation, trialSeconds === null ? null : { seconds: trialSeconds })
  const rendered = renderNft(placed)
  const before: string[] = []
  const after: string[] = []
  for (const table of running?.tables ?? []) {
    const next = placed.tables.find((candidate) => isSame(candidate, table))
    if (running!.paused) before.push(...endPause(table))
    if (trialSeconds === null) before.push(...(next ? replaceAll(table, next) : [deleteTable(table)]))
    else {
      before.push(...startTrial(table, running!, next !== undefined))
      if (kept !== null) after.push(...gateKept(table, kept, next ? null : trialSeconds))
    }
  }
  after.push(...ruleset.tables.flatMap((table) => policyJumps(table, generation)))
  const refused = checkRuleset(placed).filter(({ severity }) => severity === "error")
  return {
    text: lines([...before, rendered.text, ...after]),
    diagnostics: refused.length > 0 ? refused : rendered.diagnostics,
  }
}

/** Keeps the rules on trial. The kernel refuses the transaction ("No such file or directory") once the time is over. */
export function renderConfirm(running: Running): string {
  const { trial, kept, tables } = running
  if (trial === null) return ""
  // First of all, for each table: this is what fails when the trial is over.
  const stop = tables.map((table) => `delete element ${path(table)} ${trialSet} ${keysOf(table)}`)
  const rest = tables.flatMap((table) => {
    if (!table.chains.some(({ generation }) => generation === trial)) return [deleteTable(table)]
    return [
      ...deleteGates(table, "trial"),
      ...(kept === null ? [] : deleteGeneration(table, kept)),
      `delete set ${path(table)} ${trialSet}`,
      ...deleteUnusedLimiters(table, [trial]),
    ]
  })
  return lines([...stop, ...rest])
}

/** Ends a trial, before or after its time: the rules before it stay; a table with nothing before is deleted. Empty where there is no trial. */
export function renderRollback(running: Running): string {
  const { trial, kept, tables } = running
  if (trial === null) return ""
  return lines(
    tables.flatMap((table) => {
      if (kept === null || !table.chains.some(({ generation }) => generation === kept))
        return [deleteTable(table)]
      return [
        ...deleteGeneration(table, trial),
        ...deleteGates(table, "kept"),
        ...deleteSets(table, (name) => name === trialSet),
        ...deleteUnusedLimiters(table, [kept]),
      ]
    }),
  )
}

/** Lets every packet past for so many seconds, and then by itself no longer. A pause that is there begins anew. */
export function renderPause(running: Running, seconds: number): string {
  return lines(
    running.tables.flatMap((table) => {
      const isGated = (chain: RunningChain) =>
        table.gates.some((gate) => gate.chain === chain.name && gate.kind === "pause")
      return [
        ...(hasSet(table, pauseSet) ? [`flush set ${path(table)} ${pauseSet}`] : []),
        ...declareTimed(table, pauseSet, seconds),
        ...table.chains
          .filter((chain) => chain.policy && !isGated(chain))
          .map((chain) => insertGate(table, chain, "pause")),
      ]
    }),
  )
}

/** Ends a pause, and tidies up after one that is over. Empty where there is none. */
export function renderResume(running: Running): string {
  return running.paused ? lines(running.tables.flatMap(endPause)) : ""
}

/** Deletes every table of ours. */
export function renderRemove(running: Running): string {
  return lines(running.tables.map(deleteTable))
}

/** From chains that keep the administrator's rules to those of the policy, in front of them. */
function policyJumps({ family, name, chains }: Table, generation: Generation): string[] {
  return chains
    .filter(({ keepsRules, rules }) => keepsRules && rules.length > 0)
    .map(
      (chain) =>
        `insert rule ${family} ${name} ${chain.name} jump ${policyPart(chain.name)}.${generation} comment "${policyLines}"`,
    )
}

/** Everything of ours that the next ruleset does not name goes; ledger sets stay. */
function replaceAll(table: RunningTable, next: Table): string[] {
  const named = new Set(next.sets.map(({ name }) => name))
  return [
    ...deleteChainsAndSets(
      table,
      (chain) => chain.generation !== null,
      (name) => generationOf(name) !== null || name === trialSet,
    ),
    ...deleteSets(table, (name) => isLimiterName(name) && !named.has(name)),
  ]
}

/** What an earlier trial left goes, and the time of the new one is not that of the old one. */
function startTrial(table: RunningTable, { kept, trial }: Running, goesOn: boolean): string[] {
  const commands = trial === null ? [] : deleteGeneration(table, trial)
  if (hasSet(table, trialSet)) commands.push(`flush set ${path(table)} ${trialSet}`)
  const hasKept = table.chains.some(({ generation }) => generation === kept)
  return hasKept || goesOn ? commands : [deleteTable(table)]
}

/** Puts the kept rules behind the gate; a table that the new ruleset does not have gets its own set for it. */
function gateKept(table: RunningTable, kept: Generation, declareFor: number | null): string[] {
  const isGated = (chain: RunningChain) =>
    table.gates.some((gate) => gate.chain === chain.name && gate.kind === "kept")
  const chains = table.chains.filter(
    (chain) => chain.generation === kept && (chain.policy || isPolicyPart(chain.name)),
  )
  if (chains.length === 0) return []
  return [
    ...(declareFor === null ? [] : declareTimed(table, trialSet, declareFor)),
    ...chains.filter((chain) => !isGated(chain)).map((chain) => insertGate(table, chain, "kept")),
  ]
}

function deleteGeneration(table: RunningTable, generation: Generation): string[] {
  return deleteChainsAndSets(
    table,
    (chain) => chain.generation === generation,
    (name) => generationOf(name) === generation,
  )
}

/** Rules first, for they hold sets and chains; then sets, for the verdicts of a map hold chains; then chains. */
function deleteChainsAndSets(
  table: RunningTable,
  isGone: (chain: RunningChain) => boolean,
  isSetGone: (name: string) => boolean,
): string[] {
  const chains = table.chains.filter(isGone)
  const names = new Set(chains.map(({ name }) => name))
  return [
    ...table.jumps
      .filter(({ target }) => names.has(target))
      .map(({ chain, handle }) => `delete rule ${path(table)} ${chain} handle ${handle}`),
    ...chains.map((chain) => `flush chain ${path(table)} ${chain.name}`),
    ...deleteSets(table, isSetGone),
    ...chains.map((chain) => `delete chain ${path(table)} ${chain.name}`),
  ]
}

function deleteSets(table: RunningTable, isGone: (name: string) => boolean): string[] {
  return table.sets
    .filter((set) => isGone(set.name))
    .map((set) => `delete ${set.isMap ? "map" : "set"} ${path(table)} ${set.name}`)
}

function deleteUnusedLimiters(table: RunningTable, users: readonly Generation[]): string[] {
  const used = new Set(
    table.sets.filter(({ usedBy }) => usedBy.some((user) => users.includes(user))).map(({ name }) => name),
  )
  return deleteSets(table, (name) => isLimiterName(name) && !used.has(name))
}

function deleteGates(table: RunningTable, kind: GateKind): string[] {
  return table.gates
    .filter((gate) => gate.kind === kind)
    .map((gate) => `delete rule ${path(table)} ${gate.chain} handle ${gate.handle}`)
}

function endPause(table: RunningTable): string[] {
  return [...deleteGates(table, "pause"), ...deleteSets(table, (name) => name === pauseSet)]
}

function insertGate(table: RunningTable, chain: RunningChain, kind: "kept" | "pause"): string {
  const { steps, comment } = gateRule(familyOf(table), kind, chain.policy ?? "accept")
  return `insert rule ${path(table)} ${chain.name} ${stepsToText(steps)} comment "${comment}"`
}

/** Declares a set whose elements end by themselves, and fills it. */
function declareTimed(table: RunningTable, name: string, seconds: number): string[] {
  const set = timedSet(familyOf(table), name, seconds)
  return [
    renderNft({ tables: [{ family: familyOf(table), name: table.name, sets: [set], chains: [] }] }).text,
  ]
}

function keysOf(table: RunningTable): string {
  return renderElements(timedKeys(familyOf(table)), []) ?? "{ }"
}

function hasSet(table: RunningTable, name: string): boolean {
  return table.sets.some((set) => set.name === name)
}

function deleteTable(table: RunningTable): string {
  return `delete table ${path(table)}`
}

function isSame(table: Table, running: RunningTable): boolean {
  return table.family === running.family && table.name === running.name
}

function path(table: RunningTable): string {
  return `${table.family} ${table.name}`
}

/** Families are nft's words on both sides. */
function familyOf(table: RunningTable): Table["family"] {
  return table.family as Table["family"]
}

function other(generation: Generation): Generation {
  return generation === "a" ? "b" : "a"
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => (command.endsWith("\n") ? command : `${command}\n`)).join("")
}
