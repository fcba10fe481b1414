import type { Context, Target } from "./context.js"
import { type Accepted, restOf } from "./hidden.js"
import type { Item } from "./item.js"
import type { Families, ScopeLine } from "./model.js"
import type { Setting } from "./setting.js"
import type { TypeWord } from "./type-words.js"

/** One type of a line, and what stands around it. */
export interface Asked {
  readonly word: string
  readonly type: TypeWord
  /** The group that brought it. */
  readonly group?: string
  readonly line: ScopeLine
  readonly item: Item
  readonly targets: readonly Target[]
  readonly context: Context
  readonly accepted: Accepted
}

/** What lines before it have accepted never gets to it. Gives the ports that are left, for `exact`. */
export function hidden(
  { accepted, item, word, context, group }: Asked,
  kind: "tcp" | "icmp" | "new",
): readonly string[] | "nothing" | undefined {
  const isAll = accepted.everything || (kind === "icmp" && accepted.icmp)
  if (!isAll && (accepted.ports.length === 0 || kind === "icmp") && !accepted.some) return undefined
  const what = isAll ? "everything" : accepted.ports.length > 0 ? accepted.ports.join(", ") : "some sources"
  if (kind === "icmp" && !isAll) return undefined
  item.tell(
    "firehol-hidden-by-accept",
    `${group ?? word} stands behind line ${accepted.line}, which has let in ${what}: nothing of that gets here`,
    "protections stand before the lines that accept",
  )
  item.owned(
    isAll && group === undefined ? "nothing" : "partly",
    `${group ?? word} does not see what line ${accepted.line} lets in.`,
  )
  if (!context.exact) {
    item.differs("stricter", "It is for the whole interface, wherever the line stands.")
    return undefined
  }
  if (isAll) return "nothing"
  const ports = restOf(accepted.ports)
  return kind === "tcp" ? ports.filter((port) => port.endsWith("/tcp")) : ports
}

export function give({ targets, item, line }: Asked, name: string, setting: Setting): void {
  for (const { zone, direction } of targets) {
    zone.ask(name, setting, direction, item)
    const isPassing = direction === "out" && line.scope.kind === "interface"
    const forwards = zone.zone.behind.length > 0 || zone.zone.arriving.some(({ kind }) => kind === "router")
    if (isPassing && forwards)
      item.differs("stricter", `It is for all that leaves ${zone.name}, what is passed on included.`)
  }
}

export function familiesOf(families: Families): { families?: Families } {
  return families.four && families.six ? {} : { families }
}
