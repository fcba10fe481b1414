import { jenkins } from "../../base/jenkins.js"
import { DCCP, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import { DESTINATION, type End, SOURCE } from "../../packet/rewrite.js"
import { KIND, PORTS, TUPLE_WORDS } from "../conntrack/layout.js"
import type { ConnectionTable } from "../conntrack/table.js"
import { invert } from "../conntrack/tuple.js"
import type { Request } from "./request.js"
import type { NatSources } from "./sources.js"

/** How many ports are tried in a first round (NF_NAT_MAX_ATTEMPTS), and when it is given up. */
const MOST_ATTEMPTS = 128
const LEAST_ATTEMPTS = 16

/**
 * Chooses what a connection's packets shall look like: get_unique_tuple of net/netfilter/nf_nat_core.c. Tuples here are those of the packets as the
 * server sees them (source, destination), ICMP's identifier standing in for the source port.
 */
export class TupleChoice {
  private readonly table: ConnectionTable
  private readonly sources: NatSources
  private readonly random: (below: number) => number
  private readonly reply = new Uint32Array(TUPLE_WORDS)
  private readonly known = new Uint32Array(TUPLE_WORDS)
  private readonly swapped = new Uint32Array(4)

  constructor(table: ConnectionTable, sources: NatSources, random: (below: number) => number) {
    this.table = table
    this.sources = sources
    this.random = random
  }

  /** Writes into `tuple` what becomes of `original`. */
  choose(original: Uint32Array, tuple: Uint32Array, request: Request, end: End, now: number): void {
    const isDrawn = request.random || request.fullyRandom
    tuple.set(original)
    if (end === SOURCE && !isDrawn) {
      if (this.isWithin(original, request)) {
        if (!this.isTaken(original, now)) return
      } else if (this.sameSource(original, tuple, request) && !this.isTaken(tuple, now)) return
      tuple.set(original)
    }
    this.chooseAddress(tuple, request, end)
    if (!isDrawn) {
      if (request.fromPort >= 0) {
        const fits = request.basePort < 0 && portIsWithin(tuple, end, request.fromPort, request.toPort)
        if (fits && (request.fromPort === request.toPort || !this.isTaken(tuple, now))) return
      } else if (!this.isTaken(tuple, now)) return
    }
    this.choosePort(tuple, request, end, now)
  }

  /** A source that was translated before keeps its address and port, whoever it talks to. */
  private sameSource(original: Uint32Array, tuple: Uint32Array, request: Request): boolean {
    const { table, known } = this
    return this.sources.some(original, (entry) => {
      table.readTuple(entry * 2 + 1, known)
      for (let word = 0; word < 4; word++) tuple[word] = known[4 + word]!
      const ports = known[PORTS]!
      const port = isIcmp(original[KIND]! & 0xff) ? ports >>> 16 : ports & 0xffff
      tuple[PORTS] = (port << 16) | (original[PORTS]! & 0xffff)
      return this.isWithin(tuple, request)
    })
  }

  private isWithin(tuple: Uint32Array, request: Request): boolean {
    if (request.hasAddresses) {
      if (compare(tuple, request.lowest) < 0 || compare(tuple, request.highest) > 0) return false
    }
    return request.fromPort < 0 || portIsWithin(tuple, SOURCE, request.fromPort, request.toPort)
  }

  /** Would the answers belong to another connection too? */
  private isTaken(tuple: Uint32Array, now: number): boolean {
    return invert(tuple, this.reply) && this.table.find(this.reply, now) >= 0
  }

  /** Among several addresses a hash decides, so that a client meets the same one again: words as they lie in a little-endian memory. */
  private chooseAddress(tuple: Uint32Array, request: Request, end: End): void {
    if (!request.hasAddresses) return
    const { lowest, highest } = request
    const at = end === SOURCE ? 0 : 4
    const last = tuple[KIND]! >>> 8 === 4 || (tuple[KIND]! & 0xff00) === 0x400 ? 0 : 3
    if (compare(lowest, highest) === 0) {
      for (let word = 0; word <= last; word++) tuple[at + word] = lowest[word]!
      return
    }
    const { swapped } = this
    for (let word = 0; word < 4; word++) swapped[word] = swap(tuple[word]!)
    const zone = tuple[KIND]! >>> 16
    let hash = jenkins(swapped, 4, request.persistent ? 0 : swap(tuple[4 + last]!) ^ zone)
    let isFree = false
    for (let word = 0; word <= last; word++) {
      const from = isFree ? 0 : lowest[word]!
      const distance = isFree ? 0xffffffff : highest[word]! - lowest[word]! + 1
      tuple[at + word] = (from + Math.floor((hash / 0x100000000) * distance)) >>> 0
      if (tuple[at + word] !== highest[word]) isFree = true
      if (!request.persistent) hash = (hash ^ swap(tuple[4 + word]!)) >>> 0
    }
  }

  private choosePort(tuple: Uint32Array, request: Request, end: End, now: number): void {
    const protocol = tuple[KIND]! & 0xff
    const isQuery = isIcmp(protocol)
    if (!isQuery && !isPorted(protocol)) return
    const isHigh = isQuery || end === SOURCE
    const present = isHigh ? tuple[PORTS]! >>> 16 : tuple[PORTS]! & 0xffff
    let lowest: number
    let count: number
    if (request.fromPort >= 0) {
      lowest = Math.min(request.fromPort, request.toPort)
      count = Math.abs(request.toPort - request.fromPort) + 1
    } else if (isQuery) {
      lowest = 0
      count = 65536
    } else if (end === DESTINATION) return
    else if (present < 512) {
      lowest = 1
      count = 511
    } else if (present < 1024) {
      lowest = 600
      count = 424
    } else {
      lowest = 1024
      count = 64512
    }
    let offset: number
    if (request.basePort >= 0) offset = (present - request.basePort) & 0xffff
    else if (request.random || request.fullyRandom || end === SOURCE) offset = this.random(65536)
    else offset = 0
    for (let attempts = Math.min(count, MOST_ATTEMPTS); ; ) {
      for (let attempt = 0; attempt < attempts; attempt++, offset++) {
        const port = lowest + ((offset & 0xffff) % count)
        tuple[PORTS] = isHigh ? (port << 16) | (tuple[PORTS]! & 0xffff) : (tuple[PORTS]! & 0xffff0000) | port
        if (!this.isTaken(tuple, now)) return
      }
      if (attempts >= count || attempts < LEAST_ATTEMPTS) return
      attempts >>= 1
      offset = this.random(65536)
    }
  }
}

function portIsWithin(tuple: Uint32Array, end: End, from: number, to: number): boolean {
  const protocol = tuple[KIND]! & 0xff
  const isQuery = isIcmp(protocol)
  if (!isQuery && !isPorted(protocol)) return true
  const port = isQuery || end === SOURCE ? tuple[PORTS]! >>> 16 : tuple[PORTS]! & 0xffff
  return port >= from && port <= to
}

function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6
}

function isPorted(protocol: number): boolean {
  return (
    protocol === TCP || protocol === UDP || protocol === UDPLITE || protocol === SCTP || protocol === DCCP
  )
}

function compare(left: Uint32Array, right: Uint32Array): number {
  for (let word = 0; word < 4; word++) if (left[word] !== right[word]) return left[word]! - right[word]!
  return 0
}

function swap(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
