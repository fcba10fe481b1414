import type { Diagnostic } from "../base/diagnostic.js"
import { contains, type Prefix } from "../base/prefix.js"
import type { AdminSession, HostFacts, Opening, PortSelector, Protection } from "./policy.js"
import { printPort } from "./port-list.js"

/** Whether the port may be dialled by somebody: plain ports, and openings that are not for all. */
export function isOpenedToSome(open: Protection, port: PortSelector): boolean {
  const named = (open.openings ?? []).some(
    ({ ports }) => ports === "all" || ports.some((other) => meet(other, port)),
  )
  return named || open.ports.some((other) => meet(other, port))
}

/** Ports that an opening names; those of `all` are named by nobody. */
export function openingPorts({ openings = [] }: Protection): readonly PortSelector[] {
  return openings.flatMap(({ ports }) => (ports === "all" ? [] : ports))
}

/** Whether whoever is logged in could log in again. */
export function letsIn(open: Protection, { from, port }: AdminSession, host: HostFacts): boolean {
  const wanted: PortSelector = { protocol: "tcp", range: { from: port, to: port } }
  if (open.ports.some((each) => covers(each, wanted))) return true
  return (open.openings ?? []).some((opening) => {
    if (opening.only === "through" || !coversAll(opening.ports, [wanted])) return false
    if (opening.from && !opening.from.prefixes.some((prefix) => contains(prefix, from))) return false
    // Which of its addresses the session goes to is not known.
    return (
      !opening.to ||
      opening.to.prefixes.some((prefix) => host.addresses.some(({ address }) => contains(prefix, address)))
    )
  })
}

/** Items that open nothing, and items that are open already by what stands beside them. */
export function lintOpenings({ openings = [], ports, origin }: Protection): Diagnostic[] {
  return openings.flatMap((opening, index): Diagnostic[] => {
    const lint = (id: Diagnostic["id"], message: string, more: Partial<Diagnostic> = {}): Diagnostic[] => [
      { id, severity: "lint", message, span: opening.origin.span, ...more },
    ]
    for (const [key, hosts] of [
      ["from", opening.from],
      ["to", opening.to],
    ] as const) {
      if (hosts?.prefixes.length === 0)
        return lint("exception-for-nobody", `${key} holds no address, so that this opens nothing`)
    }
    const mine = opening.ports
    if (mine !== "all" && mine.length > 0 && mine.every((port) => ports.some((wide) => covers(wide, port)))) {
      return lint(
        "shadowed-entry",
        `${mine.map(printPort).join(", ")} stands in the list without conditions`,
        {
          hint: "take it out there, or leave this item out",
          related: { span: origin.span, message: "written here" },
        },
      )
    }
    const wider = openings
      .slice(0, comparedMaximum)
      .find(
        (other, place) =>
          place !== index && includes(other, opening) && (place < index || !includes(opening, other)),
      )
    if (wider) {
      return lint("shadowed-entry", "what this opens is open already", {
        related: { span: wider.origin.span, message: "by this item" },
      })
    }
    if (mine === "all" && !opening.from && !opening.to && !opening.only) {
      return lint("opens-everything", "this opens every port to everybody, so that open closes nothing", {
        hint: "leave open out, or say from, to or only",
      })
    }
    return []
  })
}

/** Long lists are not compared: a lint is not worth a minute. */
const comparedMaximum = 1000

function includes(wide: Opening, narrow: Opening): boolean {
  return (
    (wide.only === undefined || wide.only === narrow.only) &&
    coversAll(wide.ports, narrow.ports) &&
    inside(wide.from?.prefixes, narrow.from?.prefixes) &&
    inside(wide.to?.prefixes, narrow.to?.prefixes)
  )
}

function inside(wide: readonly Prefix[] | undefined, narrow: readonly Prefix[] | undefined): boolean {
  if (!wide) return true
  if (!narrow || wide.length * narrow.length > comparedMaximum) return false
  return narrow.every((inner) => wide.some((outer) => contains(outer, inner)))
}

function coversAll(wide: Opening["ports"], narrow: Opening["ports"]): boolean {
  if (wide === "all") return true
  return narrow !== "all" && narrow.every((port) => wide.some((each) => covers(each, port)))
}

function covers(wide: PortSelector, { protocol, range }: PortSelector): boolean {
  return (
    (wide.protocol === "any" || wide.protocol === protocol) &&
    wide.range.from <= range.from &&
    range.to <= wide.range.to
  )
}

export function meet(left: PortSelector, right: PortSelector): boolean {
  const protocols = left.protocol === "any" || right.protocol === "any" || left.protocol === right.protocol
  return protocols && left.range.from <= right.range.to && right.range.from <= left.range.to
}
