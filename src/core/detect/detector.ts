import type { AlertEvent } from "../event/alert-event.js"
import type { AnswerEvent } from "../event/answer-event.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import type { Confidence, Finding, FindingTarget } from "../event/finding.js"
import type { Flow, FROM_INSIDE, FROM_OUTSIDE } from "../event/flow.js"
import type { LoginEvent } from "../event/login-event.js"
import type { PacketEvent } from "../event/packet-event.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import type { PacketMemory } from "./packet-memory.js"
import type { Sampled, Sampling } from "./samples.js"
import type { Scanners } from "./scanners.js"
import type { Suspects, SuspectsMaker } from "./suspects.js"

// What a packet is to detectors, in bits; most packets are nothing, and no detector is asked.
/** A SYN, and nothing else that begins or ends a connection; sent again, it is none. */
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
/** TCP that is of no connection or begins one, and carries data. */
export const IS_LOADED = 512
/** Of no connection, and neither TCP nor UDP nor ICMP. */
export const IS_OTHER = 1024
/** TCP data that may continue what nobody saw begin: answers alone are seen, or it began before. */
export const IS_WITHIN = 2048
/** One more than all bits of what a packet may be. */
export const ALL_CLASSES = 4096

// What became of an attempt from outside, in bits.
export const IS_OPEN_TCP = 1
export const IS_OPEN_OTHER = 2
/** Closed, refused or silent. */
export const IS_SHUT_TCP = 4
export const IS_SHUT_OTHER = 8

// A step in the life of a connection that was begun outside, in bits.
/** Of TCP, UDP and whatever else is no ICMP. */
export const IS_BEGUN = 1
export const IS_ESTABLISHED = 2
export const IS_ENDED = 4
export const IS_ABANDONED = 8
/** A question of ICMP: an echo, a time, a mask. */
export const IS_ASKED = 16

/**
 * Sees events one after the other, and reports what it finds to its context. What it remembers is bounded. It says what it wants of packets, answers and connections in bits, and is called for
 * nothing else: most packets are for nobody.
 */
export interface Detector {
  /** Bits of what it wants to see of packets; 0 or absent: none. */
  readonly wants?: number
  /** From which side; left out: from outside. */
  readonly side?: typeof FROM_OUTSIDE | typeof FROM_INSIDE
  packet?(event: PacketEvent): void
  /** Bits of which answers it wants; absent: none. */
  readonly answers?: number
  answer?(event: AnswerEvent): void
  /** Bits of which steps of connections it wants; absent: none. */
  readonly connections?: number
  connection?(event: ConnectionEvent): void
  /** What a rule has counted, what its logged packets say of that, and how much of it other detectors hold against single sources. */
  counter?(event: CounterEvent, sampling: Sampling, held: number): void
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
  /** Places for what it holds against sources, in the table that all detectors have in common. */
  readonly suspects: SuspectsMaker
  /** One source's doing. `slot` is its place among `suspects`, `flow` the event that was too much. */
  report(draft: Draft, suspects: Suspects, slot: number, flow: Flow): void
  /** What is not one source's doing, or is known otherwise. */
  reportFinding(finding: Concluded, limit: Limit | undefined): void
  isProven(flow: Flow): boolean
  /** The policy, or whoever listens, says that the flow's port is a service. */
  isOffered(flow: Flow): boolean
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
