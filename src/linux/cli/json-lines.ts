import type { Engine } from "../../core/engine/engine.js"
import { ruleReference } from "../../core/engine/reference.js"
import { ctStateName, type Judgement, verdictNames } from "../../core/engine/verdict.js"

/**
 * Writes the lines of `replay --json`, a million in seconds: what does not change from packet to packet (the second, the rules) is put into
 * words once.
 */
export class JsonLines {
  readonly #engine: Engine
  /** By chain, then rule + 1. */
  readonly #rules: (string | undefined)[][] = []
  readonly #reasons = new Map<string, string>()
  #second = Number.NaN
  #date = ""

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** `{"n":1,"time":"2026-01-02T03:04:05.000000Z","verdict":"accept","rule":null,"ctstate":"new"}`, without its line end. */
  line(n: number, seconds: number, nanoseconds: number, judgement: Judgement): string {
    return `{"n":${n},"time":"${this.#time(seconds, nanoseconds)}",${this.judged(judgement)}}`
  }

  /** `"verdict":"accept","rule":null,"ctstate":"new"`, and why where no rule says it. */
  judged(judgement: Judgement): string {
    const state = ctStateName(judgement.ctState)
    const why = judgement.why === "" ? "" : `,"why":${this.#reason(judgement.why)}`
    return (
      `"verdict":"${verdictNames[judgement.verdict]}",` +
      `"rule":${this.#rule(judgement.chain, judgement.rule)},"ctstate":${state === null ? "null" : `"${state}"`}${why}`
    )
  }

  #time(seconds: number, nanoseconds: number): string {
    if (seconds !== this.#second) {
      const date = new Date(seconds * 1000)
      this.#date = Number.isNaN(date.getTime()) ? "1970-01-01T00:00:00" : date.toISOString().slice(0, -5)
      this.#second = seconds
    }
    return `${this.#date}.${String(Math.floor(nanoseconds / 1000)).padStart(6, "0")}Z`
  }

  #rule(chain: number, rule: number): string {
    if (chain < 0) return "null"
    const rules = (this.#rules[chain] ??= [])
    return (rules[rule + 1] ??= JSON.stringify(ruleReference(this.#engine, chain, rule)))
  }

  #reason(why: string): string {
    const known = this.#reasons.get(why)
    if (known !== undefined) return known
    const text = JSON.stringify(why)
    this.#reasons.set(why, text)
    return text
  }
}
