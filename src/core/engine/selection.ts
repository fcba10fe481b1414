import type { Packet } from "../packet/packet.js"
import { knownOf, stepChangesSort, stepChangesState, stepIsKnown, stepIsQuestion } from "../ruleset/kinds.js"
import type { Known } from "../ruleset/known.js"
import type { StepNode } from "../ruleset/node.js"
import { coarseSortOf, NO_SORT, PACKET_SORTS, plainSort, sortOf } from "../ruleset/packet-sort.js"
import { isPossible, type Requirement } from "../ruleset/requirement.js"
import type { Chain, Rule, Table } from "../ruleset/ruleset.js"
import { BREAK, CONTINUE, GOTO, JUMP, type Outcome, type Run, type Step } from "../ruleset/runtime.js"
import type { CompiledSet } from "./compile.js"
import { Emptiness } from "./emptiness.js"
import { Program } from "./program.js"

export interface CompiledChain {
  readonly table: Table
  readonly chain: Chain
  readonly rules: readonly CompiledRule[]
  /** ACCEPT or DROP; for a chain that is only jumped to it is never asked. */
  readonly policy: Outcome
}

/** A question that says BREAK where a step would, without a change; `isStep`: it is the step itself, and CONTINUE is what that says, too. Null: the step has none. */
export type Guard = { readonly ask: Step; readonly isStep: boolean } | null

/** What is walked. */
export interface WalkedRule {
  /** Asked one after the other, until one says something else than CONTINUE. */
  readonly steps: readonly Step[]
  /** What the rule says where all of them said CONTINUE: its verdict, if that is known before; else CONTINUE. */
  readonly outcome: Outcome
  /** The chain of a JUMP or GOTO that is known before. */
  readonly target: number
  /** Its chain, and its place there. */
  readonly chain: number
  readonly index: number
  /** Of each step. */
  readonly guards: readonly Guard[]
}

export interface CompiledRule extends WalkedRule {
  readonly rule: Rule
  /** Where what its steps remember begins in the rules' state. */
  readonly memory: number
  /** What a packet must be for the rule to match or to change anything; null: no packet is. */
  readonly requires: Requirement | null
}

/** What there is left to ask packets of one class, by chain; undefined: nobody has asked yet. */
export interface Selection {
  readonly sort: number
  readonly state: number
  readonly rules: (readonly WalkedRule[] | undefined)[]
  /** By base chain; null: it would be too long. */
  readonly programs: (Program | null | undefined)[]
}

/** A state of conntrack's as a small number; 0 is none, or one that is not asked for. */
const STATES = 7
const ESTABLISHED = 2
/** Established, and of the reply direction, where rules ask for directions; ESTABLISHED is the original one then. */
const ESTABLISHED_REPLY = 6
const stateNumbers = new Uint8Array(128)
for (const [index, bit] of [1, 2, 4, 8, 64].entries()) stateNumbers[bit] = index + 1

/** So many rules in selections, counted with multiplicity, and the chains' lists; then all are made anew. */
const MOST_SELECTED = 2_000_000

/** Selections of packets that come in and leave the same way, by state, then by sort. */
type Place = (readonly (Selection | undefined)[])[]

/**
 * What is left of the chains for packets of a class: those that are of one sort (packet-sort.ts), have one state of conntrack's (and, of live connections, one direction), and
 * come in and leave on the same interfaces.
 * Most questions of most rulesets are about these alone, so a rule is asked once a class what it asks of them, and not once a packet: rules that cannot match are left out,
 * steps that always match are, verdicts are known, and what stands behind a verdict for all is never reached.
 *
 * Nothing that remembers (limits, sets, counters) and nothing that a packet of the class may be asked with another result is ever left out.
 */
export class Selections {
  private readonly chains: readonly CompiledChain[]
  private readonly hasFineSorts: boolean
  private readonly asksState: boolean
  private readonly asksDirection: boolean
  private readonly asksInterfaces: boolean
  /** By interface in, then by interface out; where no rule asks for them all are at 0. */
  private places: (Place | undefined)[][] = []
  private selected = 0
  private readonly emptiness: Emptiness

  constructor(chains: readonly CompiledChain[], sets: readonly CompiledSet[]) {
    this.chains = chains
    this.emptiness = new Emptiness(sets, () => this.forget())
    const nodes = chains.flatMap(({ rules }) => rules.flatMap(({ rule }) => rule.steps))
    const knows = (known: Known) => nodes.some((node) => isAsked(node) && stepIsKnown(node, known))
    this.hasFineSorts = !nodes.some(stepChangesSort)
    const changesState = nodes.some(stepChangesState)
    const asksDirection = (node: StepNode) =>
      stepIsKnown(node, withDirection) && !stepIsKnown(node, withState)
    this.asksDirection = !changesState && nodes.some(asksDirection)
    this.asksState = this.asksDirection || (!changesState && knows(withState))
    this.asksInterfaces = knows(knownOf({ ...nothing, interfaces: true }))
  }

  /** Goes up when what is selected is no longer right: a set is not empty any more. Who walks goes on with whole rules. */
  generation = 0

  /** The packet's class as it is now; null: it is asked everything. */
  of(packet: Packet, run: Run): Selection | null {
    const sort = this.hasFineSorts ? sortOf(packet) : coarseSortOf(packet)
    if (sort === NO_SORT) return null
    let state = this.asksState && run.tracked ? stateNumbers[run.ctState]! : 0
    if (state === ESTABLISHED && this.asksDirection && run.ctDirection !== 0) state = ESTABLISHED_REPLY
    const place = this.asksInterfaces
      ? this.places[run.inputInterface]?.[run.outputInterface]
      : this.places[0]?.[0]
    return place?.[state]?.[sort] ?? this.open(sort, state, run)
  }

  /** What is left of a chain for the class of this packet. */
  rulesOf(chain: number, selection: Selection, packet: Packet, run: Run): readonly WalkedRule[] {
    return selection.rules[chain] ?? this.select(chain, selection, packet, run)
  }

  /** The same as one program. */
  programOf(base: number, selection: Selection, packet: Packet, run: Run): Program | null {
    return selection.programs[base] ?? this.write(base, selection, packet, run)
  }

  private write(base: number, selection: Selection, packet: Packet, run: Run): Program | null {
    if (selection.programs[base] === null) return null
    const program = new Program()
    const isOpen = program.open(base, this.rulesOf(base, selection, packet, run), this.chains[base]!.policy)
    selection.programs[base] = isOpen ? program : null
    this.selected += program.steps.length
    return selection.programs[base]!
  }

  /** Writes the chain of a jump that is taken for the first time; where it begins, or undefined: the program is too long, and given up. */
  extend(
    program: Program,
    at: number,
    base: number,
    selection: Selection,
    packet: Packet,
    run: Run,
  ): number | undefined {
    const before = program.steps.length
    const first = program.take(at, this.rulesOf(program.targetAt(at), selection, packet, run))
    this.selected += program.steps.length - before
    if (first === undefined) selection.programs[base] = null
    return first
  }

  private open(sort: number, state: number, run: Run): Selection {
    if (this.selected > MOST_SELECTED) this.forget()
    const input = this.asksInterfaces ? run.inputInterface : 0
    const output = this.asksInterfaces ? run.outputInterface : 0
    while (this.places.length <= input) this.places.push([])
    const row = this.places[input]!
    while (row.length <= output) row.push(undefined)
    row[output] ??= new Array(STATES).fill(noSelections)
    const place = row[output]!
    if (place[state] === noSelections) place[state] = [...noSelections]
    const made: Selection = {
      sort,
      state,
      rules: new Array(this.chains.length).fill(undefined),
      programs: new Array(this.chains.length).fill(undefined),
    }
    ;(place[state] as (Selection | undefined)[])[sort] = made
    this.selected += this.chains.length
    return made
  }

  private forget(): void {
    this.places = []
    this.selected = 0
    this.generation++
  }

  private select(chain: number, selection: Selection, packet: Packet, run: Run): readonly WalkedRule[] {
    const left: WalkedRule[] = []
    const { target } = run
    const { table, rules } = this.chains[chain]!
    const without = {
      ...nothing,
      plain: plainSort(selection.sort) ?? null,
      state: selection.state !== 0,
      direction:
        this.asksDirection && (selection.state === ESTABLISHED || selection.state === ESTABLISHED_REPLY),
      interfaces: this.asksInterfaces,
    }
    const known = {
      always: knownOf(without),
      now: knownOf({ ...without, isEmpty: (set) => this.emptiness.assume(table, set) }),
    }
    for (const rule of rules) {
      if (rule.requires === null || !isPossible(rule.requires, selection.sort)) continue
      const special = specialise(rule, known, packet, run)
      if (special === null || this.leadsNowhere(special, selection, packet, run)) continue
      if (special.steps.length > 0 || special.outcome === JUMP) left.push(special)
      else if (special.outcome === GOTO) {
        // What is behind a goto comes back to where this chain was jumped from, as this chain's end does.
        for (const each of this.rulesOf(special.target, selection, packet, run)) left.push(each)
        break
      } else {
        left.push(special)
        break
      }
    }
    run.target = target
    selection.rules[chain] = left
    this.selected += left.length
    return left
  }

  /** A jump to a chain of which nothing is left, behind questions only. */
  private leadsNowhere(rule: WalkedRule, selection: Selection, packet: Packet, run: Run): boolean {
    if (rule.outcome !== JUMP || rule.steps.length > 0) return false
    return this.rulesOf(rule.target, selection, packet, run).length === 0
  }
}

const noSelections: readonly (Selection | undefined)[] = new Array(PACKET_SORTS).fill(undefined)

/** A verdict is known of every packet, and no reason to tell classes apart. */
function isAsked(node: StepNode): boolean {
  return !stepIsKnown(node, nothingKnown)
}

const nothing = { plain: null, state: false, direction: false, interfaces: false, isEmpty: () => false }
const nothingKnown = knownOf(nothing)
const withState = knownOf({ ...nothing, state: true })
const withDirection = knownOf({ ...nothing, state: true, direction: true })

/** What is known of a class for good, and as long as sets that are empty stay so. */
interface KnownNow {
  readonly always: Known
  readonly now: Known
}

/** A rule without what is known of all packets of a class; null where that leaves nothing that matters. `packet`: one of them, for whom `run` stands. */
function specialise(rule: CompiledRule, known: KnownNow, packet: Packet, run: Run): WalkedRule | null {
  const nodes = rule.rule.steps
  const { chain, index } = rule
  const steps: Step[] = []
  const guards: Guard[] = []
  let matters = false
  for (const [at, step] of rule.steps.entries()) {
    const node = nodes[at]!
    // A step before may fill the set.
    if (!stepIsKnown(node, matters ? known.always : known.now)) {
      steps.push(step)
      guards.push(rule.guards[at]!)
      matters ||= !stepIsQuestion(node)
      continue
    }
    const outcome = step(packet, run)
    if (outcome === CONTINUE) continue
    if (outcome !== BREAK) return { steps, outcome, target: run.target, chain, index, guards }
    // What stands before it may still have something to remember.
    break
  }
  return matters ? { steps, outcome: CONTINUE, target: -1, chain, index, guards } : null
}

/** A rule as it stands in its chain: a class of which nothing is known. */
export function wholeRule(steps: readonly Step[], chain: number, index: number): WalkedRule {
  return { steps, outcome: CONTINUE, target: -1, chain, index, guards: [] }
}
