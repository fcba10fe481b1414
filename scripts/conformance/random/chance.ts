/** Chance that is the same at each run of a seed (the generator of Numerical Recipes; its high bits are the good ones). */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
    for (let index = 0; index < 4; index++) this.below(2)
  }

  /** An integer from 0 (inclusive) to `limit` (exclusive). */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 0x100000000) * limit)
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0
  }
}
