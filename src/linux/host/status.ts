import { generationOf } from "../../core/backend/nft/names.js"
import type { KernelState } from "./kernel.js"
import { countElements } from "./kernel-table.js"

/** What a protection has done since its rules were loaded, by the policy line that asked for it. */
export interface ProtectionStatus {
  /** `syn-floods`; empty: a rule that no protection asked for. */
  readonly protection: string
  /** `policy.yaml:12`. */
  readonly place: string
  readonly dropped: Count
  /** Counted and let through: `notify`, or in a warm-up. */
  readonly noticed: Count
}

export interface Count {
  readonly packets: number
  readonly bytes: number
}

/** How full a set is that rules or the guard fill. */
export interface SetStatus {
  readonly name: string
  readonly elements: number
  readonly size: number
}

/** Counters of the rules in force, summed by the line of the policy; in its order. */
export function protectionStatus({ tables, inForce }: KernelState): readonly ProtectionStatus[] {
  const found = new Map<string, ProtectionStatus>()
  for (const { generation, comment, counted, verdict } of tables.flatMap(({ rules }) => rules)) {
    const place = /^(.+:\d+)(?: (\S+))?$/.exec(comment ?? "")
    if (generation !== inForce || counted === undefined || place === null) continue
    const [key, where = "", protection = ""] = place
    const before = found.get(key) ?? { protection, place: where, dropped: NOTHING, noticed: NOTHING }
    const isDrop = verdict === "drop"
    found.set(key, {
      ...before,
      dropped: isDrop ? plus(before.dropped, counted) : before.dropped,
      noticed: isDrop ? before.noticed : plus(before.noticed, counted),
    })
  }
  return [...found.values()].sort((left, right) => byPlace(left.place, right.place))
}

/** Sets of the rules in force, and those that outlive rules, that have a size: those that can be full. */
export function setStatus({ tables, inForce }: KernelState): readonly SetStatus[] {
  return tables.flatMap(({ place, sets }) =>
    sets.flatMap((set): readonly SetStatus[] => {
      const letter = generationOf(set.name)
      if (set.size === undefined || TIMERS.has(set.name) || (letter !== null && letter !== inForce)) return []
      return [{ name: set.name, elements: countElements(place, set), size: set.size }]
    }),
  )
}

/** Sources that are kept out now. */
export function blockedSources(sets: readonly SetStatus[]): number {
  return sets
    .filter(({ name }) => /^blocked(-networks|-new)?[46]$/.test(name))
    .reduce((sum, { elements }) => sum + elements, 0)
}

/** Whether any packet meets a rule: a policy that protects nothing compiles to no chain at a hook. */
export function judgesPackets({ tables, inForce }: KernelState): boolean {
  return (
    inForce !== null &&
    tables.some(({ chains }) => chains.some(({ generation, isBase }) => isBase && generation === inForce))
  )
}

const NOTHING: Count = { packets: 0, bytes: 0 }
const TIMERS: ReadonlySet<string> = new Set(["trial", "pause", "warm-up"])

function plus(left: Count, right: Count): Count {
  return { packets: left.packets + right.packets, bytes: left.bytes + right.bytes }
}

/** By file, and in it by line. */
function byPlace(left: string, right: string): number {
  const split = (place: string) => [
    place.slice(0, place.lastIndexOf(":")),
    place.slice(place.lastIndexOf(":") + 1),
  ]
  const [leftFile = "", leftLine] = split(left)
  const [rightFile = "", rightLine] = split(right)
  return leftFile.localeCompare(rightFile) || Number(leftLine) - Number(rightLine)
}
