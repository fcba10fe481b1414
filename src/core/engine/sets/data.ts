import type { SetElement } from "../../ruleset/ruleset.js"
import type { Run } from "../../ruleset/runtime.js"
import { ACCEPT, CONTINUE, DROP, GOTO, JUMP, RETURN } from "../../ruleset/runtime.js"

const outcomes = {
  accept: ACCEPT,
  drop: DROP,
  return: RETURN,
  continue: CONTINUE,
  jump: JUMP,
  goto: GOTO,
} as const

/** What a map's elements are worth, by element: an outcome and its chain, or a value's first word. */
export class MapData {
  private values = new Float64Array(16)
  private targets = new Int32Array(16).fill(-1)
  private readonly words: (readonly number[])[] = []
  private readonly chain: (name: string) => number

  constructor(chain: (name: string) => number) {
    this.chain = chain
  }

  put(element: number, data: SetElement["data"]): void {
    if (data === undefined) return
    if (element >= this.values.length) this.grow(element + 1)
    if ("verdict" in data) {
      this.values[element] = outcomes[data.verdict]
      this.targets[element] = data.chain === undefined ? -1 : this.chain(data.chain)
    } else {
      this.values[element] = data[0] ?? 0
      this.words[element] = data
      this.targets[element] = -1
    }
  }

  /** What a rule adds to a map: `words` words in `run.registers` from `at` on. */
  keep(element: number, run: Run, at: number, words: number): void {
    this.put(element, [...run.registers.subarray(at, at + words)])
  }

  get(element: number, run: Run): number {
    const target = this.targets[element]!
    if (target >= 0) run.target = target
    return this.values[element]!
  }

  /** All words of a value. */
  copy(element: number, run: Run, at: number): void {
    const words = this.words[element]
    for (let index = 0; words && index < words.length; index++) run.registers[at + index] = words[index]!
  }

  private grow(least: number): void {
    const size = Math.max(least, this.values.length * 2)
    const values = new Float64Array(size)
    values.set(this.values)
    const targets = new Int32Array(size).fill(-1)
    targets.set(this.targets)
    this.values = values
    this.targets = targets
  }
}
