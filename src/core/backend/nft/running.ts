import type { Problem } from "../../base/diagnostic.js"
import { type Generation, generationOf, pauseSet } from "./names.js"

/** What stands in the kernel in tables of ours, as far as the next transaction needs to know it. */
export interface Running {
  readonly tables: readonly RunningTable[]
  /** The rules that are kept: in force, or in force again when the trial ends. Null: nothing was there before the trial. */
  readonly kept: Generation | null
  /** The rules on trial, whether its time is still running or not; null: no trial, or it was confirmed. */
  readonly trial: Generation | null
  /** A pause was asked for, whether its time is still running or not. */
  readonly paused: boolean
}

export interface RunningTable {
  readonly family: string
  readonly name: string
  readonly chains: readonly RunningChain[]
  readonly sets: readonly RunningSet[]
  /** Rules that a transaction put in front of a base chain. */
  readonly gates: readonly Gate[]
  /** From a chain of the administrator's own to chains of ours. */
  readonly jumps: readonly RunningJump[]
}

export interface RunningJump {
  readonly chain: string
  readonly handle: number
  readonly target: string
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
  /** The generations whose rules name it. */
  readonly usedBy: readonly Generation[]
}

export interface Gate {
  readonly chain: string
  readonly handle: number
  readonly kind: GateKind
}

/** `trial`: on a trial's chains, `kept`: on those it would replace, `pause`: on all while a pause lasts. */
export type GateKind = "trial" | "kept" | "pause"

const gateComment = /^gate: (trial|kept|pause)$/

/**
 * Reads what `nft -j -a -t list ruleset` (or `list table …`) prints: our tables in it, by their name, whatever their family. Null: there are none. Terse is enough, for elements
 * are not looked at.
 */
export function parseRunning(listing: string, name = "floodwall"): Running | null | Problem {
  const objects = readObjects(listing)
  if (!objects)
    return { id: "unreadable-listing", message: "nft's listing is not the JSON that it should be" }
  const tables = objects
    .flatMap((object) =>
      isRecord(object["table"]) && object["table"]["name"] === name ? [object["table"]] : [],
    )
    .map((table) => readTable(objects, textOf(table["family"]), name))
  if (tables.length === 0) return null
  const generations = new Set(
    tables.flatMap(({ chains }) => chains.flatMap(({ generation }) => generation ?? [])),
  )
  const trial = tables.flatMap(({ gates }) => gates).find(({ kind }) => kind === "trial")
  const trialLetter = trial ? generationOf(trial.chain) : leftover(generations)
  const kept = [...generations].find((generation) => generation !== trialLetter) ?? null
  return {
    tables,
    kept,
    trial: trialLetter,
    paused: tables.some(({ sets }) => sets.some((set) => set.name === pauseSet)),
  }
}

/** Two generations without a gate between them: no transaction of ours leaves that. The second one counts as a trial that is over, so that it goes away. */
function leftover(generations: ReadonlySet<Generation>): Generation | null {
  return generations.size === 2 ? "b" : null
}

function readTable(objects: readonly JsonRecord[], family: string, name: string): RunningTable {
  const own = (key: string) =>
    objects.flatMap((object) => {
      const inner = object[key]
      return isRecord(inner) && inner["family"] === family && inner["table"] === name ? [inner] : []
    })
  const rules = own("rule")
  const uses = rules.map((rule) => ({
    generation: generationOf(textOf(rule["chain"])),
    names: new Set(setNames(rule["expr"])),
  }))
  const setOf = (isMap: boolean) => (set: JsonRecord) => {
    const setName = textOf(set["name"])
    const users = uses.filter(({ names }) => names.has(setName)).flatMap(({ generation }) => generation ?? [])
    return { name: setName, isMap, usedBy: [...new Set(users)] }
  }
  return {
    family,
    name,
    chains: own("chain").map((chain) => {
      const policy = chain["policy"]
      return {
        name: textOf(chain["name"]),
        generation: generationOf(textOf(chain["name"])),
        ...((policy === "accept" || policy === "drop") && { policy }),
      }
    }),
    sets: [...own("set").map(setOf(false)), ...own("map").map(setOf(true))],
    jumps: rules.flatMap((rule) =>
      generationOf(textOf(rule["chain"])) === null
        ? targetsOf(rule["expr"]).map((target) => ({
            chain: textOf(rule["chain"]),
            handle: Number(rule["handle"]),
            target,
          }))
        : [],
    ),
    gates: rules.flatMap((rule) => {
      const kind = gateComment.exec(textOf(rule["comment"]))?.[1]
      return kind
        ? [{ chain: textOf(rule["chain"]), handle: Number(rule["handle"]), kind: kind as GateKind }]
        : []
    }),
  }
}

/** Where a rule's JSON jumps or goes to. */
function targetsOf(expressions: unknown): readonly string[] {
  if (!Array.isArray(expressions)) return []
  return expressions.flatMap((each) => {
    const verdict = isRecord(each) ? (each["jump"] ?? each["goto"]) : undefined
    return isRecord(verdict) ? [textOf(verdict["target"])] : []
  })
}

/** Every `@name` in a rule's JSON. */
function* setNames(value: unknown): Generator<string> {
  if (typeof value === "string") {
    if (value.startsWith("@")) yield value.slice(1)
  } else if (Array.isArray(value)) {
    for (const item of value) yield* setNames(item)
  } else if (isRecord(value)) {
    for (const item of Object.values(value)) yield* setNames(item)
  }
}

type JsonRecord = Readonly<Record<string, unknown>>

function readObjects(listing: string): readonly JsonRecord[] | undefined {
  try {
    const parsed: unknown = JSON.parse(listing)
    const objects = isRecord(parsed) ? parsed["nftables"] : undefined
    return Array.isArray(objects) ? objects.filter(isRecord) : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : ""
}
