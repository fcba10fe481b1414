import { BREAK, CONTINUE, GOTO, JUMP, type Outcome, RETURN, type Step } from "../ruleset/runtime.js"
import { JUMP_DEPTH } from "../ruleset/walk.js"
import type { WalkedRule } from "./selection.js"

/** Chains that are jumped to from many places are written out at each of them: so many steps, and no more. */
const MOST_STEPS = 1024
/** Below it a number says which jump is not written out yet; from it to -1 it says which ending. */
const FIRST_JUMP = -(1 << 20)
const ENDING_WORDS = 3

/** A chain in a program: what it is walked by, and the jumps that led to it, the outermost first. */
export interface Stretch {
  readonly chain: number
  readonly rules: readonly WalkedRule[]
  readonly jumps: readonly Jump[]
}

export interface Jump {
  readonly from: Stretch
  readonly rule: WalkedRule
  /** Of the rule behind it, in the stretch's rules. */
  readonly position: number
}

/** Where a step stands. */
export interface Place {
  readonly stretch: Stretch
  readonly rule: WalkedRule
  /** Of the rule behind it. */
  readonly position: number
  /** The step's number in its rule. */
  readonly index: number
}

/** A jump that is written out when the first packet takes it. */
interface Awaited {
  readonly jumps: readonly Jump[]
  readonly target: number
  readonly end: number
}

/**
 * What is left of a base chain for packets of one class, with all jumps that are known before, as one list of steps: a step that goes on leads to another than one that ends its rule.
 * A walk through rules as objects touches four lines of memory for each rule; one through a program touches what the steps themselves do.
 */
export class Program {
  readonly steps: Step[] = []
  /** Two numbers for each step: where it leads if it says CONTINUE, and where if it says BREAK. 0 and above: a step; below: an ending, or a jump that is awaited. */
  ways = new Int32Array(32)
  readonly places: Place[] = []
  start = 0
  /** Who decides there, and what: the chain, the rule, the outcome. */
  private endings = new Int32Array(8 * ENDING_WORDS)
  private endingCount = 0
  private readonly awaited: Awaited[] = []
  /** Where jumps lead that were awaited and are written out by now. */
  private readonly written: (number | undefined)[] = []

  /** `policy`: an outcome. False: it is too long. */
  open(base: number, rules: readonly WalkedRule[], policy: Outcome): boolean {
    const start = this.write({ chain: base, rules, jumps: [] }, this.ending(base, -1, policy))
    if (start === undefined) return false
    this.start = start
    return true
  }

  chainAt(at: number): number {
    return this.endings[(-1 - at) * ENDING_WORDS]!
  }

  ruleAt(at: number): number {
    return this.endings[(-1 - at) * ENDING_WORDS + 1]!
  }

  outcomeAt(at: number): Outcome {
    return this.endings[(-1 - at) * ENDING_WORDS + 2]!
  }

  /** The chain that an awaited jump leads to, or -1: it is an ending. */
  targetAt(at: number): number {
    return at > FIRST_JUMP ? -1 : this.awaited[FIRST_JUMP - at]!.target
  }

  /** What led to an awaited jump's chain. */
  jumpsAt(at: number): readonly Jump[] {
    return this.awaited[FIRST_JUMP - at]!.jumps
  }

  /** Writes an awaited jump's chain out, and says where it begins; undefined: the program would be too long. */
  take(at: number, rules: readonly WalkedRule[]): number | undefined {
    const { jumps, target, end } = this.awaited[FIRST_JUMP - at]!
    const first = this.write({ chain: target, rules, jumps }, this.settled(end))
    if (first === undefined) return undefined
    this.written[FIRST_JUMP - at] = first
    for (let way = 0; way < this.steps.length * 2; way++) if (this.ways[way] === at) this.ways[way] = first
    if (this.start === at) this.start = first
    return first
  }

  private settled(way: number): number {
    let at = way
    while (at <= FIRST_JUMP) {
      const written = this.written[FIRST_JUMP - at]
      if (written === undefined) break
      at = written
    }
    return at
  }

  /** From the last rule to the first, because each leads to what is behind it. `end`: where the chain's end leads. */
  private write(stretch: Stretch, end: number): number | undefined {
    const { rules } = stretch
    let behind = end
    for (let place = rules.length - 1; place >= 0; place--) {
      const rule = rules[place]!
      const position = place + 1
      let first = this.verdict(stretch, rule, position, behind, end)
      if (first === undefined || this.steps.length + rule.steps.length > MOST_STEPS) return undefined
      for (let index = rule.steps.length - 1; index >= 0; index--)
        first = this.step({ stretch, rule, position, index }, first, behind)
      behind = first
    }
    return behind
  }

  /** Where a rule leads whose steps all said CONTINUE. */
  private verdict(
    stretch: Stretch,
    rule: WalkedRule,
    position: number,
    behind: number,
    end: number,
  ): number | undefined {
    const { outcome, target } = rule
    if (outcome === CONTINUE || outcome === BREAK) return behind
    if (outcome === RETURN) return end
    if (outcome === GOTO) return this.await({ jumps: stretch.jumps, target, end })
    if (outcome !== JUMP) return this.ending(rule.chain, rule.index, outcome)
    if (stretch.jumps.length === JUMP_DEPTH) return undefined
    return this.await({ jumps: [...stretch.jumps, { from: stretch, rule, position }], target, end: behind })
  }

  private await(jump: Awaited): number {
    this.awaited.push(jump)
    return FIRST_JUMP - (this.awaited.length - 1)
  }

  private step(place: Place, goesOn: number, ends: number): number {
    const at = this.steps.length
    this.steps.push(place.rule.steps[place.index]!)
    this.places.push(place)
    if (at * 2 === this.ways.length) {
      const ways = new Int32Array(at * 4)
      ways.set(this.ways)
      this.ways = ways
    }
    this.ways[at * 2 + CONTINUE] = goesOn
    this.ways[at * 2 + BREAK] = ends
    return at
  }

  private ending(chain: number, rule: number, outcome: Outcome): number {
    const at = this.endingCount * ENDING_WORDS
    if (at === this.endings.length) {
      const endings = new Int32Array(at * 2)
      endings.set(this.endings)
      this.endings = endings
    }
    this.endings[at] = chain
    this.endings[at + 1] = rule
    this.endings[at + 2] = outcome
    this.endingCount++
    return -this.endingCount
  }
}
