import type { Packet } from "../packet/packet.js"

/** What becomes of a packet. Numbers inside, names outside. */
export const VERDICT_ACCEPT = 0
export const VERDICT_DROP = 1
export const VERDICT_REJECT = 2
/** A fragment taken in by defragmentation. */
export const VERDICT_ABSORBED = 3
/** It never reached a hook. */
export const VERDICT_NONE = 4

export type VerdictName = "accept" | "drop" | "reject" | "absorbed" | "none"
export const verdictNames: readonly VerdictName[] = ["accept", "drop", "reject", "absorbed", "none"]

export type CtStateName = "new" | "established" | "related" | "invalid" | "untracked"

/** The name of a `ct state` bit; null for 0, before or without conntrack. */
export function ctStateName(bit: number): CtStateName | null {
  switch (bit) {
    case 1:
      return "invalid"
    case 2:
      return "established"
    case 4:
      return "related"
    case 8:
      return "new"
    case 64:
      return "untracked"
    default:
      return null
  }
}

/** The answer to one packet. One object for the life of an engine: read it before the next packet. */
export interface Judgement {
  verdict: number
  /** Index into `Engine.chains` of the chain that decided, or -1: no rule and no policy did. */
  chain: number
  /** Index of the rule in its chain, or -1: the chain's policy. */
  rule: number
  /** A bit of `ct state`, or 0. */
  ctState: number
  /** 0 original, 1 reply; meaningful with a connection. */
  ctDirection: number
  /** Why, where no rule says it: what was wrong with the packet, or why conntrack calls it invalid; else "". A constant text. */
  why: string
  /** The packet as the last hook saw it: the whole datagram where fragments were put together. */
  packet: Packet
}
