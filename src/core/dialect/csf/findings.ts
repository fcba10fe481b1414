import type { Diagnostic, Severity, Span } from "../../base/diagnostic.js"
import type { DiagnosticId } from "../../base/diagnostic-ids.js"
import { contains, isPrefix, parsePrefix, printPrefix } from "../../base/prefix.js"
import type { Draft, DraftMap, ImportItem, OwnerOutcome, Relation } from "../imported.js"
import type { PartlyOpen } from "./advanced-filter.js"
import type { ListItem } from "./conf.js"
import type { Configuration } from "./configuration.js"

/** The zone that csf's rules are about. */
export const zone = "wan"

/** What is reported: a line, or an item of one. */
export interface Place {
  readonly span: Span
  readonly text: string
}

export interface Mistake {
  readonly id: DiagnosticId
  readonly message: string
  readonly hint?: string
  /** Left out: a warning. */
  readonly severity?: Severity
}

export interface Told {
  readonly owner: OwnerOutcome
  readonly does: string
  /** Paths with values; left out: nothing. */
  readonly becomes?: readonly string[]
  readonly relation: Relation
  readonly why?: string
  readonly protects: boolean
  readonly mistakes?: readonly Mistake[]
}

/** A line of csf.allow about ports, and the item that tells it. */
interface Allowed {
  readonly phrase: string
  readonly opening: PartlyOpen
  readonly item: number
}

/** A rule of one of CSF's chains for lists, without what it does with the device. */
export interface ListedRule {
  readonly family: 4 | 6
  readonly list: "ALLOW" | "DENY"
  readonly direction: "in" | "out"
  readonly match: string
}

type Changing = Record<string, Draft>

/** What is found while the files are read: the report and the policy, which grow together. */
export class Findings {
  readonly items: ImportItem[] = []
  readonly diagnostics: Diagnostic[] = []
  /** What stands behind the zone, without the maps below. */
  readonly incoming: Changing = {}
  readonly outgoing: Changing = {}
  readonly portFloods: Changing = {}
  readonly connections: Changing = {}
  readonly detect: Changing = {}
  readonly bypass: string[] = []
  readonly neverBlock: string[] = []
  readonly blocked: string[] = []
  readonly blockedOut: string[] = []
  /** What csf.allow and csf.deny come to in the kernel. */
  readonly listed: ListedRule[] = []
  /** The ports that stay open; undefined: nothing is closed. */
  open: string[] | undefined
  /** Items of `open` for some sources. */
  private readonly openings: DraftMap[] = []
  private readonly allowed: Allowed[] = []
  device = "auto"
  /** The first item with which csf gives up: it flushes the whole firewall. */
  breaksOpen: Place | undefined
  /** The first line with which csf does not even start. */
  refused: Place | undefined
  readonly exact: boolean
  readonly configuration: Configuration

  constructor(configuration: Configuration, exact: boolean) {
    this.configuration = configuration
    this.exact = exact
  }

  /** Ports that csf.allow opens for somebody; the item that tells it comes next. What becomes of it is settled when all is read. */
  allow(phrase: string, opening: PartlyOpen): void {
    this.allowed.push({ phrase, opening, item: this.items.length })
  }

  /**
   * Ports for somebody are opened where ports are closed. csf.allow stands before all of CSF's other rules: a source that is denied as well, and under `--exact` each, is let past the protections instead.
   */
  settle(): void {
    for (const { phrase, opening, item } of this.allowed.splice(0)) {
      const { ports, from, to } = opening
      const isDenied = this.blocked.some((text) => {
        const other = parsePrefix(text)
        return isPrefix(other) && (contains(other, from) || contains(from, other))
      })
      if (this.exact || !this.open || isDenied) {
        this.bypass.push(phrase)
        continue
      }
      const value = { ports, from: [printPrefix(from)], ...(to && { to: [printPrefix(to)] }) }
      this.openings.push(value)
      this.items[item] = {
        ...this.items[item]!,
        becomes: path("open", flow(value)),
        relation: "stricter",
        why: "it is open to them, and the protections look at what they send as at all else",
      }
    }
  }

  tell(place: Place, told: Told): void {
    const { owner, does, becomes = [], relation, why, protects, mistakes = [] } = told
    if (owner === "breaks-open") this.breaksOpen ??= place
    this.items.push({
      span: place.span,
      text: place.text,
      owner,
      ownerDoes: does,
      becomes: becomes.length > 0 ? becomes.join("; ") : null,
      relation,
      ...(why !== undefined && { why }),
      protects,
      diagnostics: mistakes.map((mistake) => diagnosticAt(mistake, place.span)),
    })
  }

  warn(mistake: Mistake, span: Span): void {
    this.diagnostics.push(diagnosticAt(mistake, span))
  }

  /** The policy, in the shape of its text. */
  policy(): DraftMap {
    const filled = (key: string, value: Changing | readonly string[]): DraftMap =>
      Object.keys(value).length > 0 ? { [key]: value } : {}
    const outgoing = { ...this.outgoing, ...filled("blocklist", this.blockedOut) }
    return {
      version: 1,
      interfaces: { [zone]: this.device },
      ...filled("never-block", this.neverBlock),
      protect: {
        [zone]: {
          ...this.incoming,
          ...(this.open && { open: [...this.open, ...this.openings] }),
          ...filled("port-floods", this.portFloods),
          ...filled("connections", this.connections),
          ...filled("blocklist", this.blocked),
          ...filled("outgoing", outgoing),
        },
      },
      ...filled("detect", this.detect),
      ...filled("bypass", this.bypass),
    }
  }
}

/** A setting that does nothing there and needs nothing here. */
export function off(does: string): Told {
  return { owner: "nothing", does, relation: "same", protects: false }
}

/** An item at which CSF gives up altogether; `form` is how it would be right. */
export function breaksOpen({ text }: ListItem, why: string, form: string): Told {
  return {
    owner: "breaks-open",
    does: `CSF gives up at this item (${why}): all chains are flushed, their policies accept, and the host is open`,
    relation: "stricter",
    why: "a mistake in one item does not open the host here; the item itself is not guessed at",
    protects: false,
    mistakes: [
      {
        id: "csf-breaks-open",
        severity: "error",
        message: `"${text}" makes CSF flush the whole firewall open: ${why}`,
        hint: form,
      },
    ],
  }
}

/** `protect.wan.open: 22/tcp` */
export function path(name: string, value: string): string {
  return `protect.${zone}.${name}: ${value}`
}

function diagnosticAt({ id, message, hint, severity = "warning" }: Mistake, span: Span): Diagnostic {
  return { id, severity, message, span, ...(hint !== undefined && { hint }) }
}

/** A map on one line, as the policy has it. */
export function flow(value: Draft): string {
  if (typeof value !== "object") return String(value)
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`)
  return `{ ${entries.join(", ")} }`
}

/** 1st, 2nd, 3rd, 11th. */
export function ordinal(count: number): string {
  const teens = count % 100 >= 11 && count % 100 <= 13
  const ending = teens ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[count % 10] ?? "th")
  return `${count}${ending}`
}
