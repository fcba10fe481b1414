import type { Engine } from "../engine/engine.js"
import { RTN_BROADCAST } from "../engine/routes.js"
import type { Judgement } from "../engine/verdict.js"
import { ACK, FIN, type Packet, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import { FROM_HOST, FROM_INSIDE, FROM_OUTSIDE, THROUGH, TOWARDS_HOST } from "./flow.js"
import { describePacket } from "./from-packet.js"
import { PacketEvent, UNJUDGED } from "./packet-event.js"

export interface EnginePacketsOptions {
  /** Names of interfaces that lead to the world: what arrives there and goes on comes from outside. What arrives elsewhere and goes on comes from inside. */
  readonly outside: readonly string[]
}

const ESTABLISHED = 2

/**
 * Is it a packet from within a connection that conntrack knows, accepted and without fault? Most are, and the events of most say nothing to anybody: with an
 * acknowledgement of the caller's, of TCP, a handshake may be complete, and that is all.
 */
export function isOrdinary(packet: Packet, { ctState, verdict }: Judgement): boolean {
  return (
    ctState === ESTABLISHED &&
    verdict === 0 &&
    packet.malformed === 0 &&
    !packet.isFragment &&
    (packet.protocol === UDP || (packet.protocol === TCP && (packet.tcpFlags & NOT_WITHIN) === ACK))
  )
}

const NOT_WITHIN = FIN | SYN | RST | ACK | URG
const DUPLICATE = "duplicate"
const MARTIAN = "martian"
const SPOOFED = "spoofed-source"

/** Makes events of the packets that an engine judges. */
export class EnginePackets {
  readonly event = new PacketEvent()
  private readonly engine: Engine
  private readonly outside: ReadonlySet<number>
  /** By chain and rule: the protection that asked for it. */
  private readonly protections: string[][]
  private readonly names: string[] = []

  constructor(engine: Engine, { outside }: EnginePacketsOptions) {
    this.engine = engine
    this.outside = new Set(outside.map((name) => engine.interfaces.index(name)))
    this.protections = engine.chains.map(({ rules }) => rules.map(({ rule }) => rule.origin.protection ?? ""))
  }

  /**
   * The packet as an event, good until the next call; null: it is none (not IP, seen for the second time, or from loopback to loopback). `seconds` since 1970.
   * The judgement is the engine's latest.
   */
  take(packet: Packet, judgement: Judgement, seconds: number): PacketEvent | null {
    if (packet.family === 0 || judgement.why === DUPLICATE || isWithinHost(packet)) return null
    const { event, engine } = this
    const { verdict, chain, rule, why } = judgement
    describePacket(event, packet)
    event.time = seconds
    const { inputInterface, outputInterface } = packet
    event.direction = inputInterface === 0 ? FROM_HOST : outputInterface === 0 ? TOWARDS_HOST : THROUGH
    event.side = this.sideOf(packet)
    event.interface = this.nameOf(inputInterface || outputInterface)
    event.ctState = judgement.ctState
    event.verdict = verdict
    event.why = why
    const isDecided = verdict !== 0 && verdict !== UNJUDGED && chain >= 0 && rule >= 0
    event.protection = isDecided ? (this.protections[chain]?.[rule] ?? "") : ""
    event.isSpoofed =
      why === MARTIAN ||
      event.protection === SPOOFED ||
      (event.side === FROM_OUTSIDE && event.ctState !== 2 && this.isForged(packet))
    event.isBroadcast =
      packet.icmpType >= 0 || packet.protocol === 17
        ? packet.linkPacketType === 1 ||
          isToEverybody(packet) ||
          engine.routes.addressType(packet, "destination") === RTN_BROADCAST
        : false
    return event
  }

  private sideOf(packet: Packet): typeof FROM_OUTSIDE | typeof FROM_INSIDE {
    const { inputInterface, outputInterface, direction } = packet
    if (inputInterface === 0) return FROM_INSIDE
    if (outputInterface !== 0) return this.outside.has(inputInterface) ? FROM_OUTSIDE : FROM_INSIDE
    const { routes } = this.engine
    // Nobody said who is who: who goes from a private address to a public one is at home.
    const isUnsaid = direction === 0 && !routes.knowsLocal && !routes.knowsNetworks
    return isUnsaid && isAtHome(packet) ? FROM_INSIDE : FROM_OUTSIDE
  }

  /** From an own address or loopback, as none can arrive. */
  private isForged(packet: Packet): boolean {
    if (packet.family !== 4) return false
    if (packet.source0 >>> 24 === 127) return true
    return this.engine.routes.knowsLocal && this.engine.routes.isLocal(packet, "source")
  }

  private nameOf(index: number): string {
    return (this.names[index] ??= this.engine.interfaces.names[index] ?? "")
  }
}

/** By its Ethernet address. */
function isToEverybody({ view, destinationMacOffset }: Packet): boolean {
  return (
    destinationMacOffset >= 0 &&
    view.getUint16(destinationMacOffset) === 0xffff &&
    view.getUint32(destinationMacOffset + 2) === 0xffffffff
  )
}

/** What a host says to itself. */
function isWithinHost({
  family,
  source0,
  source1,
  source2,
  source3,
  destination0,
  destination3,
}: Packet): boolean {
  if (family === 4) return source0 >>> 24 === 127 && destination0 >>> 24 === 127
  return source3 === 1 && destination3 === 1 && (source0 | source1 | source2 | destination0) === 0
}

function isAtHome(packet: Packet): boolean {
  if (packet.family === 4) return isPrivate(packet.source0) && !isPrivate(packet.destination0)
  return isLocal6(packet.source0) && !isLocal6(packet.destination0)
}

/** RFC 1918, RFC 6598, RFC 3927. */
function isPrivate(word: number): boolean {
  const first = word >>> 24
  if (first === 10) return true
  if (first === 172) return ((word >>> 16) & 0xf0) === 16
  if (first === 192) return word >>> 16 === 0xc0a8
  if (first === 100) return ((word >>> 16) & 0xc0) === 64
  return word >>> 16 === 0xa9fe
}

/** fc00::/7 and fe80::/10; groups too. */
function isLocal6(word: number): boolean {
  const first = word >>> 24
  return (first & 0xfe) === 0xfc || word >>> 22 === 0x3fa || first === 0xff
}
