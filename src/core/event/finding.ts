import type { Address } from "../base/address.js"
import type { Action } from "../policy/policy.js"
import type { Origin } from "../ruleset/origin.js"

/** An attack: who, what, and how it is known. What is done about it is for block/ to decide; `action` is what the policy wishes. */
export interface Finding {
  /** Seconds since 1970: when it was concluded. */
  readonly at: number
  /** The detector's name, which is its word in the policy: `port-scan`. */
  readonly detector: string
  /** What it looks like to this detector: `vertical-syn-scan`. Each detector names its kinds. */
  readonly kind: string
  /** A sentence for people, without who and when: `tried 20 closed TCP ports of 192.0.2.1 within 0.4s`. */
  readonly sentence: string
  /** Who, the most active first; of many at most 16. An IPv6 address is one of a source's many. */
  readonly sources: readonly Address[]
  /** How many there are, all counted; an estimate where they are many. */
  readonly sourceCount: number
  /** Many sources act together: any single one may be forged, and none is blocked for it. */
  readonly manySources: boolean
  /** A source completed a handshake or logged in within the last day, so its address is its own. False: it proved nothing. */
  readonly proven: boolean
  /** Before all this began it had come to one service again and again: what can be forged may be somebody else's doing. */
  readonly isVisitor?: boolean
  readonly target: FindingTarget
  readonly evidence: Evidence
  /** `high`: nobody honest does it; `medium`: somebody honest might, misconfigured; `low`: worth a look. */
  readonly confidence: Confidence
  readonly threshold: Threshold
  /** The policy's word. */
  readonly action: Action
  /** Seconds; how long the policy would have a source kept out where `action` is `block`. Infinity: for ever. */
  readonly blockFor: number
  /** 1 for the first one of this source; counts on while the same goes on. */
  readonly repetition: number
}

export type Confidence = "high" | "medium" | "low"

export interface FindingTarget {
  /** Null: several. */
  readonly address: Address | null
  /** How many addresses, at least. */
  readonly addressCount: number
  readonly protocol: "tcp" | "udp" | "icmp" | "other"
  /** At most 16 of them; empty where ports have no meaning. */
  readonly ports: readonly number[]
  readonly portCount: number
}

export interface Evidence {
  /** What counted: packets, attempts, logins. */
  readonly count: number
  /** Seconds since 1970, of the first and the last of them. */
  readonly first: number
  readonly last: number
  /** A few of them, as text. */
  readonly packets: readonly string[]
}

export interface Threshold {
  /** The policy's phrase: `more than 19 in 1m`; "" where one is enough. */
  readonly phrase: string
  /** The policy's line; undefined: the default. */
  readonly origin?: Origin
}
