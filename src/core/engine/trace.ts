import type { Packet } from "../packet/packet.js"
import type { Outcome, Run } from "../ruleset/runtime.js"

/**
 * Watches a packet on its way. The evaluator is the same with and without one; chains are indices into `Engine.chains`, rules into
 * their chain.
 */
export interface Trace {
  /** A base chain begins, with the packet as it is there (whole, where it came in fragments; translated, where it was); both are borrowed. */
  enter(chain: number, packet: Packet, run: Run): void
  /** A rule's step ran. What its expression was worth is asked again, by who wants to know (`TraceValues`). */
  step(chain: number, rule: number, step: number, outcome: Outcome, run: Run): void
  /** A rule's verdict; for JUMP and GOTO `run.target` is the chain. */
  verdict(chain: number, rule: number, outcome: Outcome, run: Run): void
  /** A chain came to its end without a verdict. */
  end(chain: number): void
  /** A base chain's policy decided. */
  policy(chain: number, outcome: Outcome): void
  /** The kernel's own work: defragmentation, conntrack, what dropped the packet before a hook. */
  kernel(what: string): void
}
