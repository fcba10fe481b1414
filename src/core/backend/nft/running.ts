/** A ruleset goes into the kernel under one of two letters, so that two of them can stand side by side: `input.a`, `input.b`. */
export type Generation = "a" | "b"

/** What stands in the kernel in tables of ours, as far as the next transaction needs to know it. */
export interface Running {
  readonly tables: readonly RunningTable[]
}

export interface RunningTable {
  readonly family: string
  readonly name: string
  readonly chains: readonly RunningChain[]
  readonly sets: readonly RunningSet[]
  /** Rules that a transaction put in front of a base chain. */
  readonly gates: readonly Gate[]
  /** The rules that are kept: in force, or in force again when the trial ends. Null: nothing was there before the trial. */
  readonly kept: Generation | null
  /** The rules on trial, whether its time is still running or not; null: no trial, or it was confirmed. */
  readonly trial: Generation | null
}

export interface RunningChain {
  readonly name: string
  readonly generation: Generation | null
  /** Its policy, where it is a base chain. */
  readonly policy?: "accept" | "drop"
}

export interface RunningSet {
  readonly name: string
  readonly isMap: boolean
}

export interface Gate {
  readonly chain: string
  readonly handle: number
  /** `trial`: on a trial's chains, `kept`: on those it would replace, `pause`: on all while a pause lasts. */
  readonly kind: GateKind
}

export type GateKind = "trial" | "kept" | "pause"
