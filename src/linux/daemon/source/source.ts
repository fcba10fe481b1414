import type { Event } from "../../../core/event/event.js"
import type { Readiness } from "../../host/netlink/readiness.js"
import type { Outcome } from "../../host/outcome.js"
import type { Topology } from "../topology.js"

/** Where events come from; one file each. A source that fails to start is told of, and the guard goes on without it. */
export interface EventSource {
  /** `nflog`, `conntrack`: also its name in the metrics. */
  readonly name: string
  /** What it reads, for the line that the guard begins with. */
  readonly reads: string
  start(context: SourceContext): Outcome<RunningSource>
}

export interface SourceContext {
  emit(event: Event): void
  /** Seconds since 1970. */
  clock(): number
  readonly readiness: Readiness
  readonly topology: Topology
  /** A sentence for the log and `status`: what the source cannot read any more, say. */
  notice(text: string): void
}

export interface RunningSource {
  /** `reading`, or what keeps it from that. */
  readonly state: string
  /** What it has told so far. */
  readonly events: number
  /** What it knows to have missed. */
  readonly lost: number
  stop(): void
}
