import type { AlertEvent } from "../event/alert-event.js"
import type { AnswerEvent } from "../event/answer-event.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import type { Confidence, Finding, FindingTarget } from "../event/finding.js"
import type { Flow } from "../event/flow.js"
import type { LoginEvent } from "../event/login-event.js"
import type { PacketEvent } from "../event/packet-event.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import type { PacketMemory } from "./packet-memory.js"
import type { Sampled } from "./samples.js"
import type { Scanners } from "./scanners.js"
import type { Suspects } from "./suspects.js"

// What a packet is to detectors, in bits; most packets are nothing, and no detector is asked.
/** A SYN, and nothing else that begins or ends a connection. */
export const IS_SYN = 1
export const IS_SYN_ACK = 2
/** TCP that no state has: flags that contradict each other, or none. */
export const IS_ODD = 4
/** Other TCP of no connection: conntrack calls it new or invalid. */
export const IS_STRAY = 8
/** UDP that is neither an answer nor answered. */
export const IS_DATAGRAM = 16
export const IS_ICMP = 32
export const IS_FRAGMENT = 64
export const IS_MALFORMED = 128
export const IS_SPOOFED = 256
/** A protection's rule has judged or noticed it. */
export const IS_JUDGED = 512
/** Of no connection, and neither TCP nor UDP nor ICMP. */
export const IS_OTHER = 1024
/** TCP data that may continue what nobody saw begin: answers alone are seen, or it began before. */
export const IS_WITHIN = 2048
/** One more than all bits of what a packet may be. */
export const ALL_CLASSES = 4096

/** Sees events one after the other, and reports what it finds to its context. What it remembers is bounded. */
export interface Detector {
  /** Bits of what it wants to see of packets; 0 or absent: none. */
  readonly wants?: number
  packet?(event: PacketEvent): void
  answer?(event: AnswerEvent): void
  connection?(event: ConnectionEvent): void
  /** What a rule has counted, how much of it other detectors hold against single sources, and about how many sources the logged packets had. */
  counter?(event: CounterEvent, held: number, sourceCount: number): void
  /** Parts of what a rule has counted, each of one source: how many packets of it are this detector's to judge. */
  sampled?(event: CounterEvent, shares: readonly Sampled[]): number
  alert?(event: AlertEvent): void
  login?(event: LoginEvent): void
}

/** One file each; what the policy may say of it is in policy/detectors.ts, under the same name. */
export interface DetectorKind {
  readonly name: string
  create(setting: DetectorSetting, context: DetectorContext): Detector
}

/** What a detector has besides events. */
export interface DetectorContext {
  /** Every packet comes; else only those that rules log, and connections and counts tell of the others. */
  readonly seesAll: boolean
  readonly packets: PacketMemory
  /** One source's doing. `slot` is its place among `suspects`, `flow` the event that was too much. */
  report(draft: Draft, suspects: Suspects, slot: number, flow: Flow): void
  /** What is not one source's doing, or is known otherwise. */
  reportFinding(finding: Concluded, limit: Limit | undefined): void
  isProven(flow: Flow): boolean
  /** Scanners of the last minutes: what belongs to a scan that has been told is not told once more as something else. */
  readonly scanners: Scanners
}

/** A finding without what the policy says. */
export type Concluded = Omit<Finding, "detector" | "threshold" | "action" | "blockFor"> & {
  readonly isForged?: boolean
  readonly onlyNotify?: boolean
}

/** What only the detector knows of its finding. */
export interface Draft {
  readonly kind: string
  readonly sentence: string
  readonly confidence: Confidence
  /** Left out: the flow's destination and port. */
  readonly target?: Partial<FindingTarget>
  /** How many counted; left out: what the suspects counted. */
  readonly count?: number
  readonly first?: number
  /** What counted shows that the address is the source's own. */
  readonly isProven?: boolean
  /** The source is somebody else's address, or this host's: nothing is done to it, whatever the policy says. */
  readonly isForged?: boolean
  /** Somebody honest may do it, too (a monitor): it is told, whatever the policy says, and nothing more. */
  readonly onlyNotify?: boolean
}
