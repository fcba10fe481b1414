/**
 * What commands and the guard say to each other over the unix socket: JSON, one value a line, UTF-8. A client writes one request; the guard answers with one
 * `answer` or one `error`, and closes. `events` with `follow` answers with any number of `event` lines until the client hangs up.
 * Times are ISO 8601 in UTC, addresses and prefixes as floodwall prints them, `null` is ever.
 */

export type Request =
  | { readonly request: "blocked" }
  | {
      readonly request: "block"
      readonly hosts: readonly string[]
      /** Absent: 60 minutes; null: ever. */
      readonly seconds?: number | null
      readonly why?: string
    }
  | { readonly request: "unblock"; readonly hosts: readonly string[] | "all" }
  | { readonly request: "events"; readonly filter: EventFilter; readonly follow: boolean }
  | { readonly request: "why"; readonly address: string }
  | { readonly request: "status" }
  /** Reads the policy anew, as SIGHUP does. */
  | { readonly request: "reload" }
  /** Rules of this policy (an absolute path) were put in force by a command: the guard reads it, and works by it if it says what is in force. */
  | { readonly request: "follow"; readonly policy: string }
  | { readonly request: "stop"; readonly remove: boolean }

export interface EventFilter {
  /** Only what is about this source (a prefix: about any in it). */
  readonly source?: string
  /** Only these kinds: names of detectors, `block`, `unblock`, `notice`. */
  readonly kinds?: readonly string[]
  /** Not older than this. */
  readonly since?: string
  /** The latest so many. */
  readonly last?: number
}

export type Reply =
  | { readonly answer: Answer }
  | { readonly event: EventLine }
  | {
      readonly error: {
        /** As the exit statuses: `no` 1, `wrong` 2, `cannot` 3. */
        readonly kind: "no" | "wrong" | "cannot"
        readonly id: string
        readonly message: string
        readonly hint?: string
      }
    }

export type Answer =
  | { readonly blocked: readonly BlockedLine[] }
  | { readonly changed: readonly ChangeLine[] }
  | { readonly events: readonly EventLine[] }
  | { readonly known: KnownLine }
  | { readonly status: GuardStatus }
  | { readonly stopping: true }
  | { readonly reloaded: true }
  | { readonly followed: Followed }

/** What became of a guard when other rules were put in force beside it. */
export interface Followed {
  /** What it works by now. */
  readonly policy: string
  /** What it was started with, and goes back to when it is reloaded or started again. */
  readonly own: string
  /** Sources that were let out, for what they were blocked for only notifies now. */
  readonly letOut: number
  /** Why it goes on with the policy from before; absent: it works by the one that is in force. */
  readonly trouble?: string
}

/** A source that is kept out. */
export interface BlockedLine {
  readonly source: string
  /** `everything`: its live connections too; `new-connections`: it proved nothing, so only what it opens is kept out. */
  readonly scope: "everything" | "new-connections"
  readonly by: "hand" | "rule" | "detector"
  /** A detector's or a protection's name; `by-hand`; `neighbours` for a prefix made of many. */
  readonly kind: string
  readonly why: string
  readonly since: string
  readonly until: string | null
  /** How often this source has been blocked, this time included. */
  readonly times: number
  readonly droppedPackets: number
  readonly droppedBytes: number
}

/** What became of one of the hosts of a `block` or `unblock`. */
export interface ChangeLine {
  readonly source: string
  readonly result: "blocked" | "longer" | "unblocked" | "not-listed" | "refused"
  readonly until?: string | null
  /** Why it was refused. */
  readonly why?: string
}

export interface EventLine {
  readonly time: string
  /** A detector's name, `block`, `unblock`, or `notice` (what happened to the guard and the rules themselves). */
  readonly kind: string
  readonly source?: string
  readonly target?: string
  readonly text: string
  /** What was done about it. */
  readonly action?: "notify" | "drop" | "block"
  readonly confidence?: "high" | "medium" | "low"
  readonly evidence?: Readonly<Record<string, unknown>>
}

/** Everything the ledger knows of an address. */
export interface KnownLine {
  readonly address: string
  readonly blocks: readonly BlockedLine[]
  /** Blocks that are over, the latest first. */
  readonly earlier: readonly EventLine[]
  readonly events: readonly EventLine[]
  /** Why it is never blocked, where it is not. */
  readonly neverBlocked?: string
}

export interface GuardStatus {
  readonly pid: number
  readonly since: string
  readonly policy: string
  readonly blocked: number
  /** Sources that would have been blocked if their action were `block`. */
  readonly wouldBeBlocked: readonly WouldBeBlocked[]
  /** Event sources and what they say of themselves. */
  readonly sources: readonly {
    readonly name: string
    readonly state: string
    readonly events: number
    /** What it knows to have missed: packets, overruns of its buffer, lines that it could not read. */
    readonly lost: number
  }[]
  /** Sentences: a broken ledger set aside, a full disk, a foreign flush that was put back. */
  readonly notices: readonly string[]
}

export interface WouldBeBlocked {
  readonly source: string
  readonly kind: string
  readonly times: number
  readonly last: string
  /** It had completed a handshake, so it may be an honest visitor. */
  readonly hadConnections: boolean
}
