import { buildPacket } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"
import { fragmentPacket } from "../../../core/packet/fragment.js"
import { LINKTYPE_ETHERNET } from "../../../core/packet/link-type.js"
import { ACK, FIN, PSH, RST, SYN, URG } from "../../../core/packet/packet.js"
import { type Act, ActWriter, type Expectation, type Numbers, type World } from "./act.js"
import { TcpSession, usualOptions } from "./tcp-session.js"

interface AttackKind {
  readonly name: string
  readonly expectation: Expectation
  readonly families?: readonly (4 | 6)[]
  readonly write: (world: World, writer: ActWriter, sources: Sources) => void
}

/** How much of each flood: a laboratory can take it all, a sample that is shipped cannot. */
export interface Sizes {
  readonly flood: number
  /** For each family; in the laboratory more than the ceiling lets pass. */
  readonly forged: { readonly 4: number; readonly 6: number }
}

export const laboratorySizes: Sizes = { flood: 5000, forged: { 4: 15_000, 6: 15_000 } }
export const sampleSizes: Sizes = { flood: 2500, forged: { 4: 4000, 6: 4000 } }

/** Hands out attackers, so that what one did is not held against the next. */
class Sources {
  #last = 0
  readonly #world: World
  readonly sizes: Sizes

  constructor(world: World, sizes: Sizes) {
    this.#world = world
    this.sizes = sizes
  }

  next(): string {
    return this.#world.attacker(this.#last++)
  }
}

/** Nanoseconds between two packets of a flood where times are kept: 50,000 a second. */
const FLOOD_PACE = 20_000

const dropped: Expectation = { verdict: "dropped" }
const XMAS = FIN | SYN | RST | PSH | ACK | URG

const kinds: readonly AttackKind[] = [
  { name: "null scan", expectation: dropped, write: flagged([0]) },
  { name: "xmas scan", expectation: dropped, write: flagged([XMAS, FIN | PSH | URG]) },
  { name: "impossible flags: all others", expectation: dropped, write: flagged(impossible()) },
  { name: "LAND", expectation: dropped, write: land },
  { name: "own or loopback source", expectation: dropped, write: forgedSelf },
  { name: "no connection: SYN-ACK, RST, bad checksum", expectation: dropped, write: unconnected },
  {
    name: "ACK flood, data out of nowhere",
    expectation: dropped,
    write: flagged([ACK, PSH | ACK, ACK | URG, PSH | ACK | URG], 25),
  },
  { name: "RST into a connection, outside its window", expectation: dropped, write: blindReset },
  { name: "tiny fragments", expectation: dropped, write: tinyFragments },
  { name: "overlapping fragments", expectation: dropped, write: overlappingFragments },
  { name: "MSS 48", expectation: dropped, write: smallMss },
  { name: "ping flood", expectation: { verdict: "limited", burst: 200, perSecond: 50 }, write: pingFlood },
  {
    name: "SYN flood of one source",
    expectation: { verdict: "limited", burst: 1000, perSecond: 200 },
    write: synFlood,
  },
  {
    name: "SYN flood of one /64",
    families: [6],
    expectation: { verdict: "limited", burst: 1000, perSecond: 200 },
    write: synFloodOfOnePrefix,
  },
  {
    name: "decoy ports: second knock, then blocked",
    expectation: { verdict: "dropped", after: 1 },
    write: decoys,
  },
  {
    name: "350 connections of one source",
    expectation: { verdict: "told", by: "connections" },
    write: manyConnections,
  },
]

/** Every attack that the default policy knows, for one family. */
export function attackActs(world: World, numbers: Numbers, sizes: Sizes): Act[] {
  const sources = new Sources(world, sizes)
  return kinds
    .filter(({ families = [4, 6] }) => families.includes(world.family))
    .map(({ name, expectation, write }) => {
      const writer = new ActWriter(numbers)
      write(world, writer, sources)
      return { kind: name, purpose: "attack", family: world.family, expectation, frames: writer.frames }
    })
}

/** A flood whose every SYN bears another source, so that no source's own limit is ever reached. */
export function forgedFlood(world: World, numbers: Numbers, { forged }: Sizes): Act {
  const writer = new ActWriter(numbers)
  for (let number = 0; number < forged[world.family]; number++)
    writer.wait(FLOOD_PACE).packet("outside", {
      source: world.attacker(100_000 + number),
      destination: world.inside,
      tcp: {
        sourcePort: 1024 + (number % 60_000),
        destinationPort: 80,
        flags: SYN,
        sequence: number,
        maximumSegmentSize: 1460,
      },
    })
  return {
    kind: "SYN flood of forged sources",
    purpose: "attack",
    family: world.family,
    // Sources that nobody knows share one ceiling; the manual has its numbers for each protection, this is the most of them.
    expectation: { verdict: "limited", burst: 5000, perSecond: 500 },
    frames: writer.frames,
  }
}

/**
 * The flag combinations that no connection begins with or goes on with: what is left of the 64 without SYN; the RSTs and the ACKs that may
 * belong to a connection, and the two above.
 */
function impossible(): number[] {
  const possible = [
    SYN,
    SYN | ACK,
    RST,
    RST | ACK,
    ACK,
    FIN | ACK,
    PSH | ACK,
    FIN | PSH | ACK,
    RST | PSH | ACK,
  ]
  const urgent = [ACK | URG, FIN | ACK | URG, PSH | ACK | URG, FIN | PSH | ACK | URG]
  const above = [0, XMAS, FIN | PSH | URG]
  const other = [...possible, ...urgent, ...above]
  return Array.from({ length: 64 }, (_, flags) => flags).filter((flags) => !other.includes(flags))
}

function flagged(combinations: readonly number[], each = 2) {
  return (world: World, writer: ActWriter, sources: Sources) => {
    const source = sources.next()
    for (const flags of combinations)
      for (let number = 0; number < each; number++)
        writer.packet("outside", {
          source,
          destination: number % 2 === 0 ? world.inside : world.here,
          tcp: {
            sourcePort: 5000 + flags * 50 + number,
            destinationPort: 80,
            flags,
            sequence: 77,
            acknowledgement: flags & ACK ? 99 : 0,
          },
        })
  }
}

/** Source and destination are the same, ports too: CVE-1999-0016. */
function land(world: World, writer: ActWriter): void {
  for (const address of [world.here, world.inside])
    for (const port of [80, 139])
      writer.packet("outside", {
        source: address,
        destination: address,
        tcp: { sourcePort: port, destinationPort: port, flags: SYN, maximumSegmentSize: 1460 },
      })
}

function forgedSelf(world: World, writer: ActWriter): void {
  const loopback = world.family === 4 ? ["127.0.0.1", "127.8.8.8"] : ["::1"]
  for (const source of [world.here, ...loopback])
    for (const destination of [world.here, world.inside]) {
      if (source === destination) continue
      writer.packet("outside", {
        source,
        destination,
        udp: { sourcePort: 1, destinationPort: 53 },
        payload: 20,
      })
      writer.packet("outside", {
        source,
        destination,
        tcp: { sourcePort: 1, destinationPort: 80, flags: SYN, maximumSegmentSize: 1460 },
      })
    }
}

function unconnected(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < 10; number++) {
    const tcp = { sourcePort: 80, destinationPort: 6000 + number, sequence: 5, acknowledgement: 6 }
    for (const destination of [world.inside, world.here])
      for (const flags of [SYN | ACK, RST, RST | ACK])
        writer.packet("outside", { source, destination, tcp: { ...tcp, flags } })
    writer.packet("outside", {
      source,
      destination: world.inside,
      tcp: { ...tcp, flags: SYN, checksum: "bad" },
    })
  }
}

/** RFC 5961: somebody who does not know the numbers tries to end a connection of others. */
function blindReset(world: World, writer: ActWriter, sources: Sources): void {
  const client = { side: "outside" as const, address: sources.next(), port: 40_000 }
  const connection = new TcpSession(writer, client, { side: "inside", address: world.inside, port: 80 })
  writer.prelude(() => connection.open().data("client", 100))
  for (let number = 1; number <= 20; number++) connection.segment("client", RST, 0, {}, number * 100_000_000)
}

/** RFC 1858 3.1: the flags of TCP lie in the second fragment. */
function tinyFragments(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < 10; number++) {
    const whole = writer.numbered(synWithData(source, world.inside, 7000 + number))
    for (const piece of fragmentPacket(buildPacket(whole), LINKTYPE_ETHERNET, 8, whole.identification))
      writer.bytes("outside", piece)
  }
}

/** RFC 1858 4, RFC 5722: a second fragment that begins before the first one ends, to write over its ports or flags. */
function overlappingFragments(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < 10; number++) {
    const whole = writer.numbered(synWithData(source, world.inside, 7100 + number))
    writer.packet("outside", { ...whole, fragment: { offset: 0, more: true }, payload: 48 })
    writer.packet("outside", {
      ...rest(whole),
      protocol: 6,
      fragment: { offset: 8, more: false },
      payload: 80,
    })
  }
}

function rest({ tcp, ...others }: PacketDescription): PacketDescription {
  void tcp
  return others
}

function synWithData(source: string, destination: string, sourcePort: number): PacketDescription {
  return {
    source,
    destination,
    tcp: { sourcePort, destinationPort: 80, flags: SYN, maximumSegmentSize: 1460 },
    payload: 40,
  }
}

/** CVE-2019-11479: segments so small that they cost the sender dearly. */
function smallMss(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < 20; number++)
    writer.packet("outside", {
      source,
      destination: number % 2 === 0 ? world.inside : world.here,
      tcp: { sourcePort: 8000 + number, destinationPort: 80, flags: SYN, maximumSegmentSize: 48 },
    })
}

function pingFlood(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < sources.sizes.flood / 2; number++)
    writer.wait(FLOOD_PACE).packet("outside", {
      source,
      destination: world.inside,
      icmp: { type: world.family === 4 ? 8 : 128, identifier: 3, sequence: number },
      payload: 56,
    })
}

function syn(source: string, destination: string, number: number): PacketDescription {
  return {
    source,
    destination,
    tcp: { sourcePort: 1024 + number, destinationPort: 80, flags: SYN, sequence: number, ...usualOptions },
  }
}

function synFlood(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (let number = 0; number < sources.sizes.flood; number++)
    writer.wait(FLOOD_PACE).packet("outside", syn(source, world.inside, number))
}

function synFloodOfOnePrefix(world: World, writer: ActWriter, sources: Sources): void {
  const prefix = sources.next().replace(/::1$/, "::")
  for (let number = 0; number < sources.sizes.flood; number++)
    writer
      .wait(FLOOD_PACE)
      .packet("outside", syn(`${prefix}${(number + 2).toString(16)}`, world.inside, number))
}

function decoys(world: World, writer: ActWriter, sources: Sources): void {
  const source = sources.next()
  for (const [index, port] of [23, 3389, 23, 2323, 5900].entries())
    writer.packet("outside", {
      ...syn(source, world.here, index),
      tcp: { ...syn(source, world.here, index).tcp!, destinationPort: port },
    })
  // Blocked now: what it sends to a service that is there is dropped too.
  for (let number = 10; number < 20; number++) writer.packet("outside", syn(source, world.inside, number))
}

function manyConnections(world: World, writer: ActWriter, sources: Sources): void {
  const address = sources.next()
  for (let number = 0; number < 350; number++)
    new TcpSession(
      writer,
      { side: "outside", address, port: 10_000 + number },
      { side: "inside", address: world.inside, port: 80 },
      1000 + number,
      2000,
    ).open()
}
