import { Flow } from "./flow.js"

/** What became of the packet; the numbers are the engine's (engine/verdict.ts). */
export const ACCEPTED = 0
export const DROPPED = 1
export const REJECTED = 2
/** A fragment taken in by defragmentation. */
export const ABSORBED = 3
/** It never reached a hook. */
export const UNJUDGED = 4
/** Logged on its way: what becomes of it is not known. */
export const UNKNOWN = 5

/** A packet that was seen, and what became of it. One object for the life of its source. */
export class PacketEvent extends Flow {
  readonly event = "packet"
  /** TCP: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  tcpFlags = 0
  /** A SYN with a Fast Open option (RFC 7413) may carry data. */
  tcpFastOpen = false
  tcpSequence = 0
  tcpAcknowledgement = 0
  /** Set by detect/: this SYN, or this datagram's flow, was seen before. A source leaves it alone. */
  isRepeated = false
  /** Set by detect/: it answers what its destination sent. A source leaves it alone. */
  isAnswer = false
  /** Bytes of the IP packet, and behind the transport header. */
  length = 0
  payloadLength = 0
  ttl = 0
  /** ICMP and ICMPv6; -1 for others. */
  icmpType = -1
  icmpCode = -1
  /** Of an ICMP error: the packet that it quotes, which went from this packet's destination to `quotedDestination` (words as in the packet). Protocol -1: none. */
  quotedProtocol = -1
  quotedSourcePort = 0
  quotedDestinationPort = 0
  isFragment = false
  moreFragments = false
  /** Bytes. */
  fragmentOffset = 0
  identification = 0
  /** Bytes of the datagram that a fragment carries. */
  fragmentLength = 0
  /** 0, or an index into `malformedFacts` (packet/malformed.ts). What only the capture cut off is not malformed. */
  malformed = 0
  /** To a broadcast address, as far as the source of events knows networks. */
  isBroadcast = false
  /** Its source is an address that cannot be where it came from: the host's own, loopback, or a network that lies behind another interface. */
  isSpoofed = false
  /** A bit of `ct state`: 1 invalid, 2 established, 4 related, 8 new, 64 untracked; 0 where there is no conntrack. */
  ctState = 0
  /** ACCEPTED, DROPPED, … */
  verdict = ACCEPTED
  /** The protection whose rule dropped, rejected or noticed it (`syn-floods`), or "". */
  protection = ""
  /** One of a few that a rule logs of many, drawn by the clock: its count says how many. Else each was logged. */
  isSample = false
  /** Why, where no rule says it (the judgement's `why`, conntrack's reason), or "". A constant text. */
  why = ""
}
