import { UDP_HEADER_LENGTH } from "../../packet/header.js"
import { ACK, GRE, ICMP, ICMPV6, type Packet, RST, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import type { Run, RunConnection } from "../../ruleset/runtime.js"
import { NANOSECONDS, type Settings } from "../settings.js"
import { checksumFits, plainChecksumFits } from "./checksum.js"
import { Connection } from "./connection.js"
import { Extras } from "./extras.js"
import { ERROR, icmpMayBegin, icmpRole, QUERY, UNTRACKED } from "./icmp.js"
import { icmpv6MayBegin, icmpv6Role } from "./icmpv6.js"
import {
  INVALID_CHECKSUM,
  INVALID_GRE,
  INVALID_ICMP_EMBEDDED,
  INVALID_ICMP_FAMILY,
  INVALID_ICMP_NEW,
  INVALID_ICMP_RECIPIENT,
  INVALID_ICMP_UNKNOWN,
  INVALID_NO_TRANSPORT,
} from "./invalid.js"
import {
  EXPIRES,
  FOUR_TCP,
  FOUR_UDP,
  GENERATION,
  KIND,
  PHASE,
  RECORD,
  STATUS,
  TUPLE_WORDS,
} from "./layout.js"
import { quotedTuple } from "./quoted.js"
import { SctpTracker, sctpFault } from "./sctp.js"
import {
  CONFIRMED,
  DST_NAT,
  DST_NAT_DONE,
  HELPER,
  ORIGINAL,
  REPLY,
  SEEN_REPLY,
  SRC_NAT,
  SRC_NAT_DONE,
} from "./status.js"
import { ConnectionTable } from "./table.js"
import { isLive, TcpTracker, tcpFault } from "./tcp.js"
import { TOLD_FLAGS } from "./tcp-state.js"
import { AGAIN, TAKEN } from "./tracker.js"
import { callOf, invert, tupleOf } from "./tuple.js"
import { AnsweredTracker, UdpTracker, udpFault, udpliteFault } from "./udp.js"

// Bits of `ct state` (ruleset/expression/ct.ts).
export const STATE_INVALID = 1
export const STATE_ESTABLISHED = 2
export const STATE_RELATED = 4
export const STATE_NEW = 8
export const STATE_UNTRACKED = 64

const NO_NEXT_HEADER = 59

/**
 * Connection tracking as net/netfilter/nf_conntrack_core.c does it, one packet at a time. `track` runs at priority -200 of prerouting and
 * output and leaves its answer in the Run; `confirm` or `release` end the packet's way.
 */
export class Conntrack {
  readonly table: ConnectionTable
  readonly extras: Extras
  /** The packet's connection, or -1. */
  entry = -1
  /** Which of the connections that have this entry one after the other it is. */
  private generation = 0
  /** Index into `invalidReasons`. */
  reason = 0

  private readonly settings: Settings
  private readonly verifies: boolean
  private readonly connection: Connection
  private readonly tcp: TcpTracker
  private readonly udp: UdpTracker
  private readonly udplite: AnsweredTracker
  private readonly gre: AnsweredTracker
  private readonly sctp: SctpTracker
  private readonly tuple = new Uint32Array(TUPLE_WORDS)
  private readonly reply = new Uint32Array(TUPLE_WORDS)

  constructor(settings: Settings, seed: number) {
    this.settings = settings
    this.verifies = settings.nf_conntrack_checksum !== 0
    this.table = new ConnectionTable(settings.nf_conntrack_max, seed)
    this.extras = new Extras(this.table)
    this.connection = new Connection(this.table, this.extras)
    this.tcp = new TcpTracker(this.table, settings)
    this.udp = new UdpTracker(this.table, settings)
    this.udplite = new AnsweredTracker(
      this.table,
      settings.nf_conntrack_udp_timeout,
      settings.nf_conntrack_udp_timeout_stream,
    )
    this.sctp = new SctpTracker(this.table, settings)
    this.gre = new AnsweredTracker(
      this.table,
      settings.nf_conntrack_gre_timeout,
      settings.nf_conntrack_gre_timeout_stream,
    )
  }

  /** Forgets the packet before. */
  begin(): void {
    this.entry = -1
    this.reason = 0
  }

  /**
   * Finds or makes the packet's connection. `arriving`: at prerouting, where checksums are asked. False: the table is full and nothing
   * could be given up, and the kernel drops the packet.
   */
  track(packet: Packet, run: Run, arriving: boolean): boolean {
    run.tracked = true
    run.connection = null
    run.ctDirection = ORIGINAL
    if (run.untrack) {
      run.ctState = STATE_UNTRACKED
      return true
    }
    const end =
      packet.networkLength === 0
        ? packet.frameOffset + packet.wireLength
        : packet.networkOffset + packet.networkLength
    const verify = arriving && this.verifies
    const { protocol } = packet
    if (
      packet.fragmentOffset > 0 ||
      packet.transportStart < 0 ||
      (packet.family === 6 && protocol === NO_NEXT_HEADER)
    )
      return this.invalid(run, INVALID_NO_TRANSPORT)

    if (protocol === TCP) {
      const fault = this.tcpFault(packet, end, verify)
      return fault !== 0 ? this.invalid(run, fault) : this.resolve(packet, run, end)
    }
    if (protocol === UDP) {
      const fault = udpFault(packet, end, verify)
      return fault !== 0 ? this.invalid(run, fault) : this.resolve(packet, run, end)
    }
    if (protocol === ICMP || protocol === ICMPV6) return this.trackIcmp(packet, run, end, verify)
    if (protocol === SCTP) {
      const fault = sctpFault(packet, end, verify)
      return fault !== 0 ? this.invalid(run, fault) : this.resolve(packet, run, end)
    }
    if (protocol === UDPLITE) {
      const fault = udpliteFault(packet, end, verify)
      return fault !== 0 ? this.invalid(run, fault) : this.resolve(packet, run, end)
    }
    if (protocol === GRE && callOf(packet) < 0) return this.invalid(run, INVALID_GRE)
    return this.resolve(packet, run, end)
  }

  /**
   * The packet got through: a new connection of its counts from now on. False: its answers, or its own packets, are those of another connection, as only
   * translation and zones of one direction can make them, and the kernel drops it.
   */
  confirm(now: number): boolean {
    const { entry, table } = this
    if (entry < 0) return true
    const status = table.statusOf(entry)
    if (status & CONFIRMED || this.isGone()) return true
    if (
      (this.hasHalfZones || status & (SRC_NAT_DONE | DST_NAT_DONE)) &&
      (this.isTaken(entry * 2, now) || this.isTaken(entry * 2 + 1, now))
    )
      return false
    table.confirm(entry)
    return true
  }

  /** A zone of one direction lets two connections have the same answers, as translation does. */
  private hasHalfZones = false

  private isTaken(node: number, now: number): boolean {
    this.table.readTuple(node, this.tuple)
    const found = this.table.find(this.tuple, now)
    // Of a connection with a zone for one direction only that direction is compared.
    const hasOneZone = this.table.kindOf(node) === this.table.kindOf(node ^ 1)
    return found >= 0 && (hasOneZone || (found & 1) === (node & 1))
  }

  /** A packet that ends its connection (a reset that answers a SYN) sees it go while it is on its way: who counts connections looks for it, and finds it over. */
  private isGone(): boolean {
    return this.table.generationOf(this.entry) !== this.generation
  }

  /** The packet was dropped: a connection that it would have begun is forgotten. */
  release(): void {
    if (this.entry >= 0 && !this.isGone() && !(this.table.statusOf(this.entry) & CONFIRMED))
      this.table.remove(this.entry)
    this.entry = -1
  }

  /** The packet's connection where it is in the table for good, or -1. */
  get confirmedEntry(): number {
    return this.entry >= 0 && this.table.statusOf(this.entry) & CONFIRMED ? this.entry : -1
  }

  /** In place of `track`, for a packet that belongs to another's connection: related to it. `detached`: where it is not in the table (-1, or gone meanwhile, another `generation`). */
  attach(run: Run, entry: number, generation: number, direction: number, detached: RunConnection): void {
    run.tracked = true
    run.ctDirection = direction
    run.ctState = STATE_RELATED
    run.connection = detached
    const { table } = this
    // One whose time is over may be given up at the next look-up: it is no connection any more.
    if (entry >= 0 && table.generationOf(entry) === generation && table.expiresOf(entry) > run.now)
      this.set(run, entry, direction, STATE_RELATED)
  }

  /**
   * In place of `track`, for a plain packet (packet-sort.ts) without a fault (receive.ts), untracked and zoned by nobody, whose connection is live and as little out of the ordinary as it is: its node (entry * 2 +
   * direction), with all done that `track` does of it but to tell a Run (`tell`). Its state is established. -1: this is for `track`, and nothing has changed. A translated connection is for `track`, too.
   */
  follow(packet: Packet, run: Run, arriving: boolean): number {
    const { table } = this
    const isTcp = packet.protocol === TCP
    if (isTcp && (packet.tcpFlags & TOLD_FLAGS) !== ACK) return -1
    let node: number
    if (packet.plain === 4) node = table.peekFour(packet, isTcp ? FOUR_TCP : FOUR_UDP)
    else {
      tupleOf(packet, this.tuple)
      node = table.peek(this.tuple)
    }
    if (node < 0) return -1
    const { now } = run
    const entry = node >> 1
    const direction = node & 1
    // Its record without the table's methods: there are more of them than V8 copies into one function.
    const { words } = table
    const at = entry * RECORD
    const status = words[at + STATUS]!
    if (table.numbers[entry * (RECORD / 2) + EXPIRES]! <= now || (status & (SRC_NAT | DST_NAT)) !== 0)
      return -1
    const verify = arriving && this.verifies
    if (isTcp) {
      if (!isLive(words[at + PHASE]!, status)) return -1
      if (verify && !plainChecksumFits(packet)) return -1
      if (!this.tcp.follow(entry, direction, packet, now)) return -1
    } else {
      if ((status & SEEN_REPLY) === 0 || packet.udpLength < UDP_HEADER_LENGTH) return -1
      if (verify && !plainChecksumFits(packet)) return -1
      this.udp.packet(entry, now)
    }
    if (this.extras.accounts) this.extras.count(entry, direction, packet.networkLength)
    this.reason = 0
    this.entry = entry
    this.generation = words[at + GENERATION]!
    return node
  }

  /** Tells a Run of the node that `follow` found. */
  tell(run: Run, node: number): void {
    run.tracked = true
    this.set(run, node >> 1, node & 1, STATE_ESTABLISHED)
  }

  private tcpFault(packet: Packet, end: number, verify: boolean): number {
    const { transportOffset } = packet
    if (
      verify &&
      transportOffset >= 0 &&
      packet.tcpHeaderLength >= 20 &&
      transportOffset + packet.tcpHeaderLength <= end
    ) {
      if (!checksumFits(packet, end, TCP, true)) return INVALID_CHECKSUM
    }
    return tcpFault(packet, end)
  }

  private trackIcmp(packet: Packet, run: Run, end: number, verify: boolean): boolean {
    const isSix = packet.family === 6
    if ((packet.protocol === ICMPV6) !== isSix) return this.invalid(run, INVALID_ICMP_FAMILY)
    const role = isSix ? icmpv6Role(packet, end, verify) : icmpRole(packet, end, verify)
    if (role === UNTRACKED) {
      run.ctState = STATE_UNTRACKED
      return true
    }
    if (role === ERROR) return this.relate(packet, run, end)
    if (role === QUERY) return this.resolve(packet, run, end)
    return this.invalid(run, role)
  }

  /** An ICMP error belongs to the connection of the packet that it quotes. */
  private relate(packet: Packet, run: Run, end: number): boolean {
    const { tuple, reply, table } = this
    if (!quotedTuple(packet, packet.transportOffset + 8, end, tuple) || !invert(tuple, reply))
      return this.invalid(run, INVALID_ICMP_EMBEDDED)
    const node = this.find(reply, run)
    if (node < 0) return this.invalid(run, INVALID_ICMP_UNKNOWN)
    table.readTuple(node, tuple)
    if (
      tuple[4] !== packet.destination0 ||
      tuple[5] !== packet.destination1 ||
      tuple[6] !== packet.destination2 ||
      tuple[7] !== packet.destination3
    )
      return this.invalid(run, INVALID_ICMP_RECIPIENT)
    return this.set(run, node >> 1, node & 1, STATE_RELATED)
  }

  private resolve(packet: Packet, run: Run, end: number): boolean {
    const { table, tuple, reply } = this
    const { now } = run
    tupleOf(packet, tuple)
    for (;;) {
      let node = this.find(tuple, run)
      if (node < 0) {
        if (!invert(tuple, reply)) return this.invalid(run, INVALID_ICMP_NEW)
        if (run.zone !== 0) this.putInZone(run)
        const entry = table.allocate(tuple, reply, now)
        if (entry < 0) {
          run.ctState = STATE_INVALID
          return false
        }
        node = entry * 2
        if (run.helper !== "") this.giveHelper(entry, run.helper)
      }
      const entry = node >> 1
      const direction = node & 1
      const result = this.packetOf(entry, direction, packet, end, now)
      if (result === AGAIN) continue
      if (result !== TAKEN) {
        if (!(table.statusOf(entry) & CONFIRMED)) table.remove(entry)
        return this.invalid(run, result)
      }
      if (this.extras.accounts && !this.tcp.leftAsItWas(packet.protocol))
        this.extras.count(entry, direction, packet.networkLength)
      const status = table.statusOf(entry)
      if (direction === REPLY) {
        table.setStatus(entry, status | SEEN_REPLY)
        return this.set(run, entry, REPLY, STATE_ESTABLISHED)
      }
      return this.set(run, entry, ORIGINAL, status & SEEN_REPLY ? STATE_ESTABLISHED : STATE_NEW)
    }
  }

  /** The connection that a SYN proxy opened for this client. */
  openProxied(packet: Packet, run: Run): void {
    const { table, tuple, reply } = this
    tupleOf(packet, tuple)
    if (this.find(tuple, run) >= 0 || !invert(tuple, reply)) return
    if (run.zone !== 0) this.putInZone(run)
    const entry = table.allocate(tuple, reply, run.now)
    if (entry < 0) return
    this.tcp.assume(entry, packet, run.now)
    this.extras.setProxied(entry)
    table.confirm(entry)
  }

  /** A rule resets the packet's connection: it is closed from now on (nf_ct_set_closing). A reset is never answered with one. */
  close(packet: Packet, now: number): void {
    const { entry, table } = this
    if (entry < 0 || packet.protocol !== TCP || (packet.tcpFlags & RST) !== 0) return
    if (table.statusOf(entry) & CONFIRMED) this.tcp.close(entry, now)
  }

  /** Is the packet's connection one that a SYN proxy opened? */
  isProxied(): boolean {
    return this.extras.isProxied(this.entry)
  }

  /** In the packet's zone, where a rule gave it one: that of the packet's own direction, else of the answers'. */
  private find(tuple: Uint32Array, run: Run): number {
    const { zone, zoneDirections, now } = run
    if (zone === 0) return this.table.find(tuple, now)
    const kind = tuple[KIND]!
    const original = zoneDirections & 1 ? zone : 0
    const answers = zoneDirections & 2 ? zone : 0
    tuple[KIND] = (kind | (original << 16)) >>> 0
    let node = this.table.find(tuple, now)
    if (answers !== original && (node < 0 || (node & 1) === REPLY)) {
      tuple[KIND] = (kind | (answers << 16)) >>> 0
      node = this.table.find(tuple, now)
      if (node >= 0 && (node & 1) === ORIGINAL) node = -1
    }
    tuple[KIND] = kind
    return node
  }

  /** A zone is part of a tuple's last word: two connections of two zones are never one. */
  private putInZone({ zone, zoneDirections }: Run): void {
    if (zoneDirections !== 3) this.hasHalfZones = true
    if (zoneDirections & 1) this.tuple[KIND] = (this.tuple[KIND]! | (zone << 16)) >>> 0
    if (zoneDirections & 2) this.reply[KIND] = (this.reply[KIND]! | (zone << 16)) >>> 0
    else this.reply[KIND] = this.reply[KIND]! & 0xffff
  }

  private giveHelper(entry: number, name: string): void {
    this.extras.setHelper(entry, name)
    this.table.addStatus(entry, HELPER)
  }

  /** Hands the packet to its protocol's tracker. */
  private packetOf(entry: number, direction: number, packet: Packet, end: number, now: number): number {
    switch (packet.protocol) {
      case TCP:
        return this.tcp.packet(
          entry,
          direction,
          packet,
          end - packet.transportOffset - packet.tcpHeaderLength,
          now,
        )
      case UDP:
        this.udp.packet(entry, now)
        return TAKEN
      case UDPLITE:
        this.udplite.packet(entry, now)
        return TAKEN
      case SCTP:
        return this.sctp.packet(entry, direction, packet, end, now)
      case GRE:
        this.gre.packet(entry, now)
        return TAKEN
      case ICMP:
        return this.icmpPacket(entry, icmpMayBegin, this.settings.nf_conntrack_icmp_timeout, now)
      case ICMPV6:
        return this.icmpPacket(entry, icmpv6MayBegin, this.settings.nf_conntrack_icmpv6_timeout, now)
      default:
        this.table.setExpires(entry, now + this.settings.nf_conntrack_generic_timeout * NANOSECONDS)
        return TAKEN
    }
  }

  private icmpPacket(
    entry: number,
    mayBegin: (type: number) => boolean,
    timeout: number,
    now: number,
  ): number {
    const { table } = this
    if (!(table.statusOf(entry) & CONFIRMED)) {
      const type = (table.portsOf(entry * 2) >>> 8) & 0xff
      if (!mayBegin(type)) return INVALID_ICMP_NEW
    }
    table.setExpires(entry, now + timeout * NANOSECONDS)
    return TAKEN
  }

  private set(run: Run, entry: number, direction: number, state: number): boolean {
    this.entry = entry
    this.generation = this.table.generationOf(entry)
    this.connection.entry = entry
    run.connection = this.connection
    run.ctDirection = direction
    run.ctState = state
    return true
  }

  private invalid(run: Run, reason: number): boolean {
    this.reason = reason
    run.ctState = STATE_INVALID
    return true
  }
}
