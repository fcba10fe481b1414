import { closeSync, openSync, writeSync } from "node:fs"
import type { Address } from "../../src/core/base/address.js"
import { buildPacket } from "../../src/core/packet/build.js"
import type { PacketDescription, TcpDescription } from "../../src/core/packet/description.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import { ACK, FIN, PSH, RST, SYN, URG } from "../../src/core/packet/packet.js"
import {
  PCAP_RECORD_HEADER_LENGTH,
  pcapFileHeader,
  writePcapRecordHeader,
} from "../../src/core/packet/pcap-writer.js"

/** Connections that are open at a time, and UDP flows; clients that they come from. */
const CONNECTIONS = 4096
const FLOWS = 1024
const CLIENTS = 2000
/** Of 100 connections and flows so many are IPv6. */
const SHARE_OF_SIX = 15
const START_SECONDS = 1_767_312_000
/** Mean distance of two packets: 100 seconds for a million. */
const STEP_NANOSECONDS = 100_000

/** What a capture of a busy server in bad times is made of, in parts of a thousand. */
const mixture: readonly { readonly parts: number; readonly make: (mix: Mixer) => PacketDescription }[] = [
  { parts: 650, make: (mix) => mix.connection() },
  { parts: 90, make: (mix) => mix.datagram() },
  { parts: 20, make: (mix) => mix.ping() },
  { parts: 150, make: (mix) => mix.forgedSyn() },
  { parts: 40, make: (mix) => mix.scan() },
  { parts: 20, make: (mix) => mix.fragment() },
  { parts: 20, make: (mix) => mix.malformed() },
  { parts: 5, make: (mix) => mix.badChecksum() },
  { parts: 5, make: () => arp },
]

/**
 * Writes a capture of `packets` packets, always the same: live TCP connections (handshake, data, acknowledgements, end), answered UDP, pings,
 * SYNs from forged sources, port scans, fragments, malformed packets. IPv6 among all of them.
 */
export function writeMixedCapture(path: string, packets: number): void {
  const mix = new Mixer()
  const kinds = mixture.flatMap(({ parts, make }) => new Array<typeof make>(parts).fill(make))
  const file = openSync(path, "w")
  const buffer = new Uint8Array(1 << 20)
  const view = new DataView(buffer.buffer)
  buffer.set(pcapFileHeader(LINKTYPE_ETHERNET))
  let used = pcapFileHeader(LINKTYPE_ETHERNET).length
  let time = 0
  for (let number = 0; number < packets; number++) {
    const bytes = buildPacket(kinds[mix.below(kinds.length)]!(mix))
    time += mix.below(2 * STEP_NANOSECONDS)
    if (used + PCAP_RECORD_HEADER_LENGTH + bytes.length > buffer.length) {
      writeSync(file, buffer, 0, used)
      used = 0
    }
    const seconds = Math.floor(time / 1e9)
    writePcapRecordHeader(
      view,
      used,
      START_SECONDS + seconds,
      time - seconds * 1e9,
      bytes.length,
      bytes.length,
    )
    buffer.set(bytes, used + PCAP_RECORD_HEADER_LENGTH)
    used += PCAP_RECORD_HEADER_LENGTH + bytes.length
  }
  writeSync(file, buffer, 0, used)
  closeSync(file)
}

const server4: Address = { family: 4, words: [0xc0000201] }
const server6: Address = { family: 6, words: [0x20010db8, 0, 0, 1] }
const arp: PacketDescription = {
  arp: {
    operation: 1,
    senderMac: "02:00:00:00:00:07",
    sender: "192.0.2.7",
    targetMac: "00:00:00:00:00:00",
    target: "192.0.2.1",
  },
}

interface Connection {
  readonly client: Address
  readonly port: number
  readonly service: number
  /** Next sequence numbers. */
  clientNext: number
  serverNext: number
  /** 0 SYN, 1 SYN-ACK, 2 ACK, 3 data, then the end in three steps. */
  stage: number
  /** Packets of data still to come. */
  left: number
}

/** Makes packets one after the other; what is to come depends only on what came. */
class Mixer {
  private state = 0x2545f491
  private readonly connections: Connection[] = []
  private readonly flows: { client: Address; port: number; asks: boolean }[] = []
  private ports = 1024
  private scanned = 0
  private identification = 0
  private pendingFragment: PacketDescription | undefined

  /** An integer from 0 to below `count`: Marsaglia's xorshift with 32 bits. */
  below(count: number): number {
    let { state } = this
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return (state >>> 0) % count
  }

  connection(): PacketDescription {
    const slot = this.below(CONNECTIONS)
    const known = this.connections[slot]
    const connection = known ?? this.open()
    this.connections[slot] = connection
    const packet = this.step(connection)
    if (connection.stage > 6) this.connections[slot] = this.open()
    return packet
  }

  private open(): Connection {
    this.ports = this.ports >= 65_000 ? 1024 : this.ports + 1
    return {
      client: this.client(),
      port: this.ports,
      service: [443, 443, 443, 80, 22][this.below(5)]!,
      clientNext: this.below(0xffffffff),
      serverNext: this.below(0xffffffff),
      stage: 0,
      left: 20 + this.below(200),
    }
  }

  private step(connection: Connection): PacketDescription {
    switch (connection.stage++) {
      case 0:
        return this.segment(connection, true, SYN, 0, opening)
      case 1:
        return this.segment(connection, false, SYN | ACK, 0, opening)
      case 2:
        return this.segment(connection, true, ACK, 0)
      case 3: {
        if (--connection.left > 0) connection.stage = 3
        const kind = this.below(10)
        if (kind < 6) return this.segment(connection, this.below(3) > 0, ACK, 0)
        const length = kind < 9 ? 40 + this.below(500) : 1448
        return this.segment(connection, kind === 6, ACK | PSH, length)
      }
      case 4:
        return this.segment(connection, true, FIN | ACK, 0)
      case 5:
        return this.segment(connection, false, FIN | ACK, 0)
      default:
        return this.segment(connection, true, ACK, 0)
    }
  }

  private segment(
    connection: Connection,
    fromClient: boolean,
    flags: number,
    length: number,
    more: Partial<TcpDescription> = {},
  ): PacketDescription {
    const { client, port, service, clientNext, serverNext } = connection
    const server = client.family === 4 ? server4 : server6
    const advance = length + (flags & (SYN | FIN) ? 1 : 0)
    if (fromClient) connection.clientNext = (clientNext + advance) >>> 0
    else connection.serverNext = (serverNext + advance) >>> 0
    return {
      source: fromClient ? client : server,
      destination: fromClient ? server : client,
      dontFragment: true,
      identification: this.next(),
      tcp: {
        sourcePort: fromClient ? port : service,
        destinationPort: fromClient ? service : port,
        flags,
        sequence: fromClient ? clientNext : serverNext,
        ...(flags & ACK ? { acknowledgement: fromClient ? serverNext : clientNext } : {}),
        window: 2048,
        timestamps: [1000, 1000],
        ...more,
      },
      payload: length,
    }
  }

  /** A question or its answer, of a flow that lives on. */
  datagram(): PacketDescription {
    const slot = this.below(FLOWS)
    const flow = (this.flows[slot] ??= { client: this.client(), port: 20_000 + slot, asks: false })
    flow.asks = !flow.asks
    const server = flow.client.family === 4 ? server4 : server6
    return {
      source: flow.asks ? flow.client : server,
      destination: flow.asks ? server : flow.client,
      identification: this.next(),
      udp: flow.asks
        ? { sourcePort: flow.port, destinationPort: 53 }
        : { sourcePort: 53, destinationPort: flow.port },
      payload: flow.asks ? 30 + this.below(30) : 60 + this.below(200),
    }
  }

  ping(): PacketDescription {
    const client = this.client()
    return {
      source: client,
      destination: client.family === 4 ? server4 : server6,
      icmp: { type: client.family === 4 ? 8 : 128, identifier: this.below(64), sequence: this.below(65536) },
      payload: 56,
    }
  }

  forgedSyn(): PacketDescription {
    return {
      source: { family: 4, words: [0x0b000000 + this.below(0x60000000)] },
      destination: server4,
      identification: this.next(),
      tcp: {
        sourcePort: 1024 + this.below(60_000),
        destinationPort: 443,
        flags: SYN,
        sequence: this.below(0xffffffff),
        maximumSegmentSize: 1460,
      },
    }
  }

  /** Three hosts that try one port after the other. */
  scan(): PacketDescription {
    const number = this.scanned++
    return {
      source: { family: 4, words: [0xc6336400 + (number % 3)] },
      destination: server4,
      tcp: {
        sourcePort: 40_000,
        destinationPort: 1 + (Math.floor(number / 3) % 65_535),
        flags: SYN,
        maximumSegmentSize: 1460,
      },
    }
  }

  /** The first and the second half of a datagram. */
  fragment(): PacketDescription {
    const second = this.pendingFragment
    this.pendingFragment = undefined
    if (second !== undefined) return second
    const both = { source: this.client4(), destination: server4, identification: this.next(), protocol: 17 }
    const bytes = new Uint8Array(1480)
    // Ports and length; a zero checksum is none.
    bytes.set([0x30, 0x39, 0x00, 0x35, 0x08, 0x30, 0, 0])
    this.pendingFragment = { ...both, fragment: { offset: 1480, more: false }, payload: 0x830 - 1480 }
    return { ...both, fragment: { offset: 0, more: true }, payload: bytes }
  }

  malformed(): PacketDescription {
    const flags = [0, FIN | PSH | URG, SYN | FIN, 63, SYN | RST][this.below(5)]!
    const tcp = { sourcePort: 1024 + this.below(60_000), destinationPort: 443, flags }
    const short = this.below(8) === 0
    return { source: this.client4(), destination: server4, tcp: short ? { ...tcp, headerLength: 12 } : tcp }
  }

  badChecksum(): PacketDescription {
    const tcp = { sourcePort: 1024 + this.below(60_000), destinationPort: 443, flags: ACK }
    return {
      source: this.client4(),
      destination: server4,
      tcp: { ...tcp, checksum: "bad" },
      payload: this.below(500),
    }
  }

  private client(): Address {
    const number = this.below(CLIENTS)
    return this.below(100) < SHARE_OF_SIX
      ? { family: 6, words: [0x20010db8, 0x00010000 + number, 0, number + 1] }
      : { family: 4, words: [0xcb007100 + number] }
  }

  private client4(): Address {
    return { family: 4, words: [0xcb007100 + this.below(CLIENTS)] }
  }

  private next(): number {
    this.identification = (this.identification + 1) & 0xffff
    return this.identification
  }
}

const opening: Partial<TcpDescription> = {
  window: 64240,
  maximumSegmentSize: 1460,
  windowScale: 7,
  sackPermitted: true,
}
