import type { Packet } from "../../packet/packet.js"
import type { StepNode } from "../../ruleset/node.js"
import { type Build, CONTINUE, type Outcome, type Run, type Step } from "../../ruleset/runtime.js"
import type { ConnectionCounts } from "../conntrack/count.js"

/**
 * Statements that the elements of a set carry. A set may be updated by several rules with statements of their own: each such list is a
 * program, an element remembers which one it was made with, and the places of all programs stand side by side in an element's state.
 */
export class ElementStatements {
  /** Numbers that an element remembers. */
  width = 0
  private state = new Float64Array(0)
  private readonly programs: (readonly Step[])[] = [[]]
  private programOf = new Uint8Array(0)
  private readonly counters: ConnectionCounts[] = []
  private readonly buildFor: (part: ElementBuildPart) => Build
  private readonly makeCounter: () => ConnectionCounts

  constructor(buildFor: (part: ElementBuildPart) => Build, makeCounter: () => ConnectionCounts) {
    this.buildFor = buildFor
    this.makeCounter = makeCounter
  }

  /** The number of the program of these statements; 0 is none. */
  compile(statements: readonly StepNode[] | undefined): number {
    if (statements === undefined || statements.length === 0) return 0
    const build = this.buildFor({
      slots: (count) => {
        const first = this.width
        this.width += count
        return first
      },
      connectionCounter: () => {
        const counter = this.makeCounter()
        this.counters.push(counter)
        return counter
      },
    })
    this.programs.push(statements.map((statement) => build.step(statement)))
    return this.programs.length - 1
  }

  /** Room for `capacity` elements. */
  reserve(capacity: number): void {
    const state = new Float64Array(Math.max(capacity * this.width, this.state.length))
    state.set(this.state)
    this.state = state
    const programOf = new Uint8Array(Math.max(capacity, this.programOf.length))
    programOf.set(this.programOf)
    this.programOf = programOf
  }

  /** A new element: it remembers nothing. */
  begin(element: number, program: number): void {
    this.programOf[element] = program
    if (program === 0) return
    // A call of fill costs more than these few.
    const first = element * this.width
    for (let place = first; place < first + this.width; place++) this.state[place] = 0
    for (const counter of this.counters) counter.clear(element)
  }

  /** Runs the element's statements: CONTINUE, or what stopped them. */
  run(element: number, packet: Packet, run: Run): Outcome {
    const program = this.programOf[element]!
    if (program === 0) return CONTINUE
    const { state, stateBase, element: outer } = run
    run.state = this.state
    run.stateBase = element * this.width
    run.element = element
    let outcome: Outcome = CONTINUE
    const steps = this.programs[program]!
    for (let index = 0; index < steps.length; index++) {
      outcome = steps[index]!(packet, run)
      if (outcome !== CONTINUE) break
    }
    run.state = state
    run.stateBase = stateBase
    run.element = outer
    return outcome
  }
}

/** What differs between compiling a rule and compiling an element's statements. */
export interface ElementBuildPart {
  slots(count: number): number
  connectionCounter(): ConnectionCounts
}
