import type { Diagnostic } from "../base/diagnostic.js"
import type { Rule, SetDeclaration } from "../ruleset/ruleset.js"
import type { Action, HostFacts, Limit, Policy, Protection, Zone } from "./policy.js"

/**
 * Where a protection's rules go, in the order that packets meet them, cheapest first (docs/architecture.md has the drawing and the costs):
 * `early`: on arrival, before defragmentation and conntrack; every packet passes, so each expression here costs everybody;
 * `invalid`: after conntrack, packets that belong to no connection it understands;
 * `new`: after conntrack and before destination NAT, the first packet of a connection: ports mean what the client dialled;
 * `related`: none today, they are accepted.
 * With direction `out` the same places on the way out.
 */
export type Place = "early" | "invalid" | "new"

export interface PlacedRules {
  readonly place: Place
  /** Orders rules within a place: lower is met first. Rules of equal order keep the policy's order. */
  readonly order: number
  readonly rules: readonly Rule[]
}

/** What a kind compiles to. Names of sets are unique in the table; kinds make them with `context.name`. */
export interface Compiled {
  readonly placed: readonly PlacedRules[]
  readonly sets: readonly SetDeclaration[]
  readonly diagnostics?: readonly Diagnostic[]
}

export interface CompileContext {
  readonly policy: Policy
  readonly zone: Zone
  readonly direction: "in" | "out"
  readonly host: HostFacts
}

/** The manual entry of a protection; the reference and `--help` are generated from it. */
export interface ProtectionManual {
  /** One line. */
  readonly title: string
  readonly text: string
  /** The honest traffic it can harm, and how to see it beforehand. */
  readonly harms: string
  /** YAML, as it would stand under `protect: wan:`. */
  readonly example: string
  /** Where the ancestors have it: `FireHOL: protection syn-floods`. */
  readonly ancestors?: string
}

/** One kind of protection answers for itself: its settings, its defaults, its rules, its manual entry. One file each in protections/. */
export interface ProtectionKind {
  readonly name: string
  /** Accepted spellings: FireHOL's, Kura's. */
  readonly aliases: readonly string[]
  /** What the policy may write behind the name. */
  readonly value: /** `off`, `drop`, `notify`, `block`, a limit phrase, or a map of the common keys. */
    | "setting"
    /** A list of ports, or a map with `ports`. */
    | "ports"
    /** A map of port → setting (port-floods). */
    | "setting-per-port"
    /** A list of files and addresses. */
    | "addresses"
    /** A name that stands for several others (bad-packets, strong). */
    | "group"
  /** For a group: the names it stands for. */
  readonly members?: readonly string[]
  /** Which limit phrases it takes; none: it has no limit. */
  readonly limits: readonly Limit["form"][]
  readonly defaults: { readonly action?: Action; readonly limit?: Limit; readonly blockFor?: number }
  /** Keys beyond the common ones, each with the values it may have. */
  readonly options?: Readonly<Record<string, readonly string[] | "number">>
  readonly outgoing: boolean
  compile(protection: Protection, context: CompileContext): Compiled
  readonly manual: ProtectionManual
}
