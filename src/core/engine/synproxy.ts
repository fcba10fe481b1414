import { ACK, FIN, type Packet, RST, SYN, TCP } from "../packet/packet.js"
import { BREAK, CONTINUE, DROP, type Outcome, type Run } from "../ruleset/runtime.js"
import type { Conntrack } from "./conntrack/conntrack.js"
import { REPLY } from "./conntrack/status.js"
import { NANOSECONDS } from "./settings.js"

/** How many answered SYNs are remembered; a later one takes the place of an earlier one of the same hash. */
const SLOTS = 1 << 14
/** A cookie is good for two minutes (MAX_SYNCOOKIE_AGE). */
const COOKIE_LIFE = 120 * NANOSECONDS

/**
 * SYNPROXY, as net/netfilter/nf_synproxy_core.c: a SYN is answered in the server's place and goes no further; the ACK that brings the cookie
 * back goes no further either, and the proxy opens the connection to the server itself.
 *
 * What the cookie was a capture cannot tell. `assumed`: the ACK that follows an answered SYN brings it back, and the server accepts: the connection is
 * established from then on, whatever its sequence numbers (the proxy translates them). `refused`: no ACK ever does, as where recorded
 * packets are played to a kernel that made a cookie of its own.
 */
export class SynProxy {
  private readonly conntrack: Conntrack
  private readonly cookies: "assumed" | "refused"
  private hasOpened = false
  private sequences: Uint32Array | null = null
  private checks = new Uint32Array(0)
  private times = new Float64Array(0)

  constructor(conntrack: Conntrack, cookies: "assumed" | "refused") {
    this.conntrack = conntrack
    this.cookies = cookies
  }

  /** The statement: DROP for what the proxy takes, CONTINUE for the rest of TCP. */
  take(packet: Packet, run: Run): Outcome {
    if (packet.protocol !== TCP) return BREAK
    if (packet.transportOffset < 0) return DROP
    const flags = packet.tcpFlags & (SYN | ACK | FIN | RST)
    if (flags === SYN) {
      this.remember(packet, run.now)
      run.why = "synproxy"
      return DROP
    }
    if (flags !== ACK) return CONTINUE
    run.why = "synproxy-cookie"
    if (this.cookies === "assumed" && this.answers(packet, run.now)) {
      run.why = "synproxy"
      this.hasOpened = true
      this.conntrack.openProxied(packet, run)
    }
    return DROP
  }

  /** The server's answer to the proxy's own SYN is the proxy's, too, behind all rules. */
  takesAnswer(packet: Packet, run: Run): boolean {
    return (
      this.hasOpened &&
      run.connection !== null &&
      run.ctDirection === REPLY &&
      packet.protocol === TCP &&
      (packet.tcpFlags & (SYN | ACK)) === (SYN | ACK) &&
      this.conntrack.isProxied()
    )
  }

  private remember(packet: Packet, now: number): void {
    if (this.sequences === null) {
      this.sequences = new Uint32Array(SLOTS)
      this.checks = new Uint32Array(SLOTS)
      this.times = new Float64Array(SLOTS).fill(-Infinity)
    }
    const hash = hashOf(packet)
    const slot = hash & (SLOTS - 1)
    this.sequences[slot] = packet.tcpSequence
    this.checks[slot] = hash
    this.times[slot] = now
  }

  private answers(packet: Packet, now: number): boolean {
    if (this.sequences === null) return false
    const hash = hashOf(packet)
    const slot = hash & (SLOTS - 1)
    return (
      this.checks[slot] === hash &&
      (this.sequences[slot]! + 1) >>> 0 === packet.tcpSequence &&
      now - this.times[slot]! <= COOKIE_LIFE
    )
  }
}

function hashOf(packet: Packet): number {
  let value = Math.imul(packet.source0 ^ Math.imul(packet.destination0, 0x9e3779b1), 0x85ebca6b)
  if (packet.family === 6) {
    value ^= Math.imul(packet.source1 ^ packet.source2 ^ packet.source3, 0xcc9e2d51)
    value ^= Math.imul(packet.destination1 ^ packet.destination2 ^ packet.destination3, 0x1b873593)
  }
  value ^= Math.imul((packet.sourcePort << 16) | packet.destinationPort, 0x27d4eb2f)
  value ^= value >>> 15
  value = Math.imul(value, 0x2c1b3c6d)
  return (value ^ (value >>> 13)) >>> 0
}
