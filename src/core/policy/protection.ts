import type { Diagnostic } from "../base/diagnostic.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import type { Action, HostFacts, Limit, Policy, Protection, Zone } from "./policy.js"

/**
 * Where a protection's rules go, in the order that packets meet them (layout.ts has the chains, docs/decisions/ the costs).
 * On arrival, before defragmentation and conntrack:
 * `arrival`: every packet; each expression here costs everybody;
 * `listed`: every packet but plain ACKs of sources that no `Listing` holds;
 * `fragment`: only fragments, first and later ones;
 * `syn`: only TCP packets with SYN and none of FIN, RST, ACK;
 * `datagram`: all other packets with a transport header of their own, but no plain ACK.
 * After conntrack and before destination NAT, so that ports mean what the client dialled:
 * `tracked`: every packet;
 * `invalid`: packets that belong to no connection conntrack understands;
 * `new`: the first packet of a connection, and `let-in`: the same, where none of `new` dropped it;
 * `acknowledged`: TCP packets without data, and answers to SYNs; `handshake`: those that complete a connection which was let in.
 * With direction `out` the same on the way out, where fragments are met on the wire (egress) and all else in postrouting.
 */
export type Place =
  | "arrival"
  | "listed"
  | "fragment"
  | "syn"
  | "datagram"
  | "tracked"
  | "invalid"
  | "new"
  | "let-in"
  | "acknowledged"
  | "handshake"

export interface PlacedRules {
  readonly place: Place
  /** Absent: the direction that the protection was asked for. */
  readonly direction?: "in" | "out"
  /** Orders rules within a place: lower is met first. Rules of equal order keep the policy's order. */
  readonly order: number
  readonly rules: readonly Rule[]
}

/** TCP flags (FIN 1 to URG 32) that no honest packet has, and the chain that judges them: all kinds share one look-up. */
export interface FlagRules {
  readonly flags: readonly number[]
  readonly chain: string
  /** The chain drops whatever gets there: no other kind needs to be asked. */
  readonly isFinal: boolean
}

/** A set of sources that are not let in: packets of theirs do not take the short way that plain ACKs have. */
export interface Listing {
  readonly family: 4 | 6
  readonly set: string
}

/** What a kind compiles to. Names of sets and chains are unique in the table; kinds make them with `context.name`. */
export interface Compiled {
  readonly placed: readonly PlacedRules[]
  readonly flags?: readonly FlagRules[]
  readonly listings?: readonly Listing[]
  readonly sets: readonly SetDeclaration[]
  /** Chains that its rules jump to. */
  readonly chains: readonly Chain[]
  readonly diagnostics?: readonly Diagnostic[]
}

export interface CompileContext {
  readonly policy: Policy
  readonly zone: Zone
  readonly direction: "in" | "out"
  readonly host: HostFacts
  /** Begins the names of this protection's sets and chains: `wan/syn-floods`, and a number where the name stands several times. */
  readonly name: string
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
    /** The same, and items that are maps: ports that are open in part (open). */
    | "openings"
    /** A map of port → setting (port-floods). */
    | "setting-per-port"
    /** A setting, or a map in which ports may have settings of their own beside it (connections). */
    | "setting-and-per-port"
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
  /** Port scans are found by what its rules log, so that each packet counts. They stand behind connection tracking, which calls these packets so. */
  readonly meetsProbes?: "new" | "invalid"
  compile(protection: Protection, context: CompileContext): Compiled
  readonly manual: ProtectionManual
}
