import { protectionKinds } from "../../policy/protections/index.js"
import type { Draft, DraftMap } from "../imported.js"
import type { Item } from "./item.js"
import type { Scope } from "./model.js"
import { draftOf, flow, type Merged, mergeSettings, portsApart, type Setting } from "./setting.js"
import type { ZoneDevices } from "./zones.js"

export type Direction = "in" | "out"

/** What a zone is asked for, gathered line by line. */
export class ZonePolicy {
  readonly zone: ZoneDevices
  readonly open = new Set<string>()
  /** Ports that are open for this host alone, in a zone that routers are written for. */
  readonly openHere = new Set<string>()
  readonly bypass = new Set<string>()
  /** Ports that are open in part, by how they are written. */
  readonly openings = new Map<string, DraftMap>()
  /** Whether new connections are kept to the open ports. */
  closed = false
  /** The end that is open altogether, where the other one is closed. */
  openEnd: "here" | "through" | undefined
  /** Whether some router is about it, so that what is let in to this host is not let through. */
  hasRouter = false
  private readonly settings = { in: new Map<string, Setting>(), out: new Map<string, Setting>() }
  private readonly fixed = { in: new Map<string, Draft>(), out: new Map<string, Draft>() }

  constructor(zone: ZoneDevices) {
    this.zone = zone
  }

  get name(): string {
    return this.zone.name
  }

  has(name: string, direction: Direction = "in"): boolean {
    return this.settings[direction].has(name) || this.fixed[direction].has(name)
  }

  setting(name: string, direction: Direction = "in"): Setting | undefined {
    return this.settings[direction].get(name)
  }

  /** Adds what a line asks for, and tells the item what comes of it. */
  ask(name: string, setting: Setting, direction: Direction, item: Item): void {
    const path = this.path(name, direction)
    if (direction === "out" && !protectionKinds.some((kind) => kind.name === name && kind.outgoing)) {
      item.differs("lost", `The policy has no ${name} for what leaves.`)
      return
    }
    const before = this.settings[direction].get(name)
    const merged = before ? mergeOrPart(name, before, setting) : { setting, outcome: "same" as const }
    if (merged.outcome === "lost") {
      item.differs("lost", `${this.name} has one setting of ${name}, and the line before has taken it.`)
      return
    }
    if (merged.outcome !== "same") {
      const what =
        merged.outcome === "stricter" && setting.amount === undefined
          ? "holds for both families of addresses"
          : "is the one with the lower rate"
      item.differs(merged.outcome, `${this.name} has one setting of ${name}: it ${what}.`)
    }
    this.settings[direction].set(name, merged.setting)
    item.becomes.push(`${path}: ${flow(draftOf(setting))}`)
    item.asked.push({ zone: this.name, direction, name })
  }

  /** What is no limit and no flag check: lists, decoys. */
  fix(name: string, value: Draft, direction: Direction, item: Item): void {
    this.fixed[direction].set(name, value)
    item.becomes.push(`${this.path(name, direction)}: ${flow(value)}`)
  }

  fixedValue(name: string, direction: Direction = "in"): Draft | undefined {
    return this.fixed[direction].get(name)
  }

  path(name: string, direction: Direction = "in"): string {
    return `protect.${this.name}${direction === "out" ? ".outgoing" : ""}.${name}`
  }

  /** What is said of ports that are open for one end: nothing where the other one is not closed, or where nobody says that it is. */
  onlyFor(end: "here" | "through"): "here" | undefined {
    return end === "here" && this.hasRouter && this.openEnd !== "through" ? end : undefined
  }

  /** Opens a port for all, and tells the item. */
  openPort(port: string, end: "here" | "through", item: Item): void {
    const only = this.onlyFor(end)
    const all = only ? this.openHere : this.open
    all.add(port)
    item.becomes.push(`${this.path("open")}: ${only ? flow({ ports: [port], only }) : port}`)
  }

  /** Opens ports in part, and tells the item. */
  openInPart(opening: DraftMap, item: Item): void {
    const text = flow(opening)
    this.openings.set(text, opening)
    item.becomes.push(`${this.path("open")}: ${text}`)
  }

  /** Whether what arrives for one end is kept to the open ports. */
  closes(end: "here" | "through"): boolean {
    return this.closed && this.openEnd !== end
  }

  draft(openFor: DraftMap | undefined): DraftMap {
    const ends = this.openEnd ? [{ ports: "all", only: this.openEnd }] : []
    const alone = [...this.openHere].filter((port) => !this.open.has(port)).sort(byPort)
    const here = alone.length > 0 ? [{ ports: alone, only: "here" }] : []
    const ports: readonly Draft[] = [
      ...[...this.open].sort(byPort),
      ...here,
      ...this.openings.values(),
      ...ends,
    ]
    const open: DraftMap = this.closed ? { open: openFor ? { ports, for: openFor } : ports } : {}
    const outgoing = this.direction("out")
    return {
      ...open,
      ...this.direction("in"),
      ...(Object.keys(outgoing).length > 0 && { outgoing }),
    }
  }

  private direction(direction: Direction): DraftMap {
    const settings = [...this.settings[direction]].map(([name, setting]) => [name, draftOf(setting)] as const)
    return Object.fromEntries([...settings, ...this.fixed[direction]])
  }
}

/** Where a protection may have settings for ports beside its own, two that do not fit each other stand side by side. */
function mergeOrPart(name: string, before: Setting, setting: Setting): Merged {
  const merged = mergeSettings(before, setting)
  if (
    merged.outcome !== "lost" ||
    !protectionKinds.some((kind) => kind.name === name && kind.value === "setting-and-per-port")
  ) {
    return merged
  }
  const together = portsApart(before, setting)
  return together ? { setting: together, outcome: "same" } : merged
}

/** Where what a scope lets in ends. */
export function endOf({ kind }: Scope): "here" | "through" {
  return kind === "interface" ? "here" : "through"
}

function byPort(left: string, right: string): number {
  return Number.parseInt(left, 10) - Number.parseInt(right, 10) || (left < right ? -1 : 1)
}
