import { buildPacket } from "../../../src/core/packet/build.js"
import type { PacketDescription } from "../../../src/core/packet/description.js"
import { LINKTYPE_RAW } from "../../../src/core/packet/link-type.js"
import { ACK, FIN, PSH, RST, SYN, URG } from "../../../src/core/packet/packet.js"
import { type ActFrame, ActWriter, Numbers } from "../../../src/linux/demo/traffic/act.js"
import { type Endpoint, TcpSession } from "../../../src/linux/demo/traffic/tcp-session.js"
import { Chance } from "./chance.js"
import type { Pools } from "./pools.js"

/** A frame, who sends it, and how long to wait before: milliseconds. */
export interface TrafficFrame {
  readonly side: "outside" | "inside"
  readonly bytes: Uint8Array
  readonly wait: number
}

export interface TrafficOptions {
  readonly pools: Pools
  readonly stories: number
  /** `steady`: one behind the other. `bursts`: with rests of 400 ms between some. `apart`: 12 ms between any two. */
  readonly pace: "steady" | "bursts" | "apart"
}

/** How many bursts a case in bursts has. */
const BURSTS = 4

/**
 * Stories of a random day: sessions through the firewall in both directions and to it, scans, floods, questions and answers, errors, fragments, and packets that nobody
 * honest sends. They run beside one another.
 */
export function randomTraffic(seed: number, options: TrafficOptions): TrafficFrame[] {
  const chance = new Chance(seed)
  const numbers = new Numbers()
  const stories = Array.from({ length: options.stories }, () => {
    const writer = new ActWriter(numbers)
    const family = chance.below(3) === 0 ? 6 : 4
    new Story(chance, writer, family, options.pools).tell()
    return writer.frames
  })
  const frames = interleave(chance, stories).filter(({ side }) => side !== "firewall")
  const rests = new Set(Array.from({ length: BURSTS - 1 }, () => chance.below(frames.length)))
  return frames.map(({ side, bytes }, index) => ({
    side: side === "inside" ? "inside" : "outside",
    bytes,
    wait: options.pace === "apart" ? 12 : options.pace === "bursts" && rests.has(index) ? 400 : 0,
  }))
}

/** Each story keeps its own order. */
function interleave(chance: Chance, stories: readonly (readonly ActFrame[])[]): ActFrame[] {
  const left = stories.map((frames) => [...frames])
  const merged: ActFrame[] = []
  for (;;) {
    const some = left.filter((frames) => frames.length > 0)
    if (some.length === 0) return merged
    // A few at a time: what belongs together often comes together.
    const story = chance.of(some)
    merged.push(...story.splice(0, 1 + chance.below(6)))
  }
}

class Story {
  private readonly chance: Chance
  private readonly writer: ActWriter
  private readonly family: 4 | 6
  private readonly pools: Pools

  constructor(chance: Chance, writer: ActWriter, family: 4 | 6, pools: Pools) {
    this.chance = chance
    this.writer = writer
    this.family = family
    this.pools = pools
  }

  tell(): void {
    const { chance } = this
    chance.of([
      () => this.session(),
      () => this.session(),
      () => this.session(),
      () => this.scan(),
      () => this.flood(),
      () => this.questions(),
      () => this.questions(),
      () => this.echoes(),
      () => this.errors(),
      () => this.fragments(),
      () => this.malformed(),
      () => this.loose(),
      () => (this.family === 6 ? this.extensions() : this.malformed()),
      () => this.others(),
    ])()
  }

  private outside(): Endpoint {
    const { chance, pools, family } = this
    return { side: "outside", address: chance.of(pools.outside[family]), port: this.port() }
  }

  private inside(): Endpoint {
    const { chance, pools, family } = this
    return { side: "inside", address: chance.of(pools.inside[family]), port: this.port() }
  }

  private firewall(): Endpoint {
    const { chance, pools, family } = this
    return { side: "firewall", address: chance.of(pools.firewall[family].slice(0, 1)), port: this.port() }
  }

  private port(): number {
    const { chance, pools } = this
    return chance.once(4) ? 1024 + chance.below(60000) : chance.of(pools.ports)
  }

  /** Who speaks first, and to whom. */
  private pair(): readonly [Endpoint, Endpoint] {
    const { chance } = this
    const which = chance.below(8)
    if (which < 4) return [this.outside(), this.inside()]
    if (which < 6) return [this.inside(), this.outside()]
    return [this.outside(), this.firewall()]
  }

  private packet(from: Endpoint, to: Endpoint, description: PacketDescription): void {
    this.writer.packet(from.side, {
      source: from.address,
      destination: to.address,
      ...this.header(),
      ...description,
    })
  }

  private header(): PacketDescription {
    const { chance } = this
    return {
      ...(chance.once(8) ? { ttl: chance.of([5, 6, 128, 255]) } : {}),
      ...(chance.once(8) ? { trafficClass: chance.of([0x20, 0xb8, 1, 2]) } : {}),
    }
  }

  private session(): void {
    const { chance, writer } = this
    const [client, server] = this.pair()
    const session = new TcpSession(writer, client, server, chance.of([1000, 0, 0x7fffff00, 1000]))
    const options = chance.of([
      { maximumSegmentSize: 1460, sackPermitted: true, windowScale: 7 },
      { maximumSegmentSize: 1460, sackPermitted: true, windowScale: 7, timestamps: [5, 0] as const },
      { maximumSegmentSize: 536 },
      { maximumSegmentSize: 100, windowScale: 2 },
      {},
    ])
    session.open(options, options, chance.once(10) ? 20 : 0)
    for (let turn = chance.below(4); turn > 0; turn--) {
      const from = chance.of(["client", "server"] as const)
      session.data(from, chance.of([1, 10, 100, 1400, 3000]))
      // Once more, or far off, or a SYN in the middle.
      if (chance.once(3)) session.segment(from, ACK | PSH, 10, {}, chance.of([-10, -1, 1, 100000, -100000]))
      if (chance.once(6)) session.segment(from, chance.of([SYN, RST, SYN | ACK, FIN | ACK, 0]), 0, {}, -1)
    }
    const end = chance.below(4)
    if (end === 0) session.segment(chance.of(["client", "server"] as const), chance.of([RST, RST | ACK]))
    else if (end < 3) session.close(chance.of(["client", "server"] as const))
  }

  private scan(): void {
    const { chance, pools } = this
    const from = this.outside()
    const to = chance.of([this.inside(), this.firewall()])
    const flags = chance.of([SYN, SYN, SYN, FIN, 0, FIN | PSH | URG, ACK])
    const isUdp = chance.once(4)
    for (const port of [...pools.ports, 1, 2, 3, 4, 5, 6].slice(chance.below(6)))
      this.packet(
        from,
        to,
        isUdp
          ? { udp: { sourcePort: from.port, destinationPort: port }, payload: chance.below(4) }
          : { tcp: { sourcePort: from.port, destinationPort: port, flags } },
      )
  }

  private flood(): void {
    const { chance } = this
    const to = chance.of([this.inside(), this.firewall()])
    const one = this.outside()
    const isForged = chance.once(2)
    const kind = chance.below(3)
    for (let number = 8 + chance.below(16); number > 0; number--) {
      const from = isForged ? this.outside() : one
      const ports = { sourcePort: 1024 + chance.below(60000), destinationPort: to.port }
      if (kind === 0)
        this.packet(from, to, {
          tcp: { ...ports, flags: SYN, ...(chance.once(2) ? { maximumSegmentSize: 1460 } : {}) },
        })
      else if (kind === 1) this.packet(from, to, { udp: ports, payload: chance.of([0, 4, 500]) })
      else
        this.packet(from, to, {
          icmp: { type: this.family === 4 ? 8 : 128, identifier: 1 + chance.below(3), sequence: number },
        })
    }
  }

  private questions(): void {
    const { chance } = this
    const [client, server] = this.pair()
    for (let number = 1 + chance.below(5); number > 0; number--) {
      const udp = { sourcePort: client.port, destinationPort: server.port }
      this.packet(client, server, {
        udp: { ...udp, checksum: chance.of(["good", "good", "good", "none"]) },
        payload: 20,
      })
      if (chance.once(4)) continue
      this.packet(server, client, {
        udp: { sourcePort: server.port, destinationPort: client.port },
        payload: chance.of([40, 500]),
      })
    }
  }

  private echoes(): void {
    const { chance, family } = this
    const [client, server] = this.pair()
    const identifier = chance.of([1, 2, 77])
    for (let sequence = 0; sequence < 1 + chance.below(5); sequence++) {
      this.packet(client, server, {
        icmp: { type: family === 4 ? 8 : 128, identifier, sequence },
        payload: chance.of([0, 8, 56]),
      })
      if (!chance.once(4))
        this.packet(server, client, {
          icmp: { type: family === 4 ? 0 : 129, identifier, sequence },
          payload: 8,
        })
    }
  }

  /** A packet, and errors that quote it: some before it, some of nobody. */
  private errors(): void {
    const { chance, family } = this
    const [client, server] = this.pair()
    if (server.side === "firewall") {
      this.questions()
      return
    }
    const udp = { sourcePort: client.port, destinationPort: server.port }
    const question: PacketDescription = chance.once(2)
      ? { udp, payload: 16 }
      : { tcp: { ...udp, flags: SYN, sequence: 1000 } }
    if (!chance.once(4)) this.packet(client, server, question)
    const quoted = buildPacket({
      linkType: LINKTYPE_RAW,
      source: client.address,
      destination: server.address,
      ...question,
    })
    for (let number = 1 + chance.below(3); number > 0; number--) {
      const router = chance.once(2) ? server : server.side === "outside" ? this.outside() : this.inside()
      this.packet(router, client, {
        icmp: {
          type: family === 4 ? chance.of([3, 3, 11, 12, 4]) : chance.of([1, 2, 3, 4]),
          code: chance.below(4),
          rest: chance.of([0, 0, 576, 1280, 1400]),
        },
        payload: quoted.slice(0, chance.of([quoted.length, quoted.length, 48, 28, 20])),
      })
    }
  }

  private fragments(): void {
    const { chance, family } = this
    const [from, to] = this.pair()
    for (let number = 1 + chance.below(3); number > 0; number--) {
      const { identification = 1, flowLabel = 1 } = this.writer.numbered({})
      const whole = buildPacket({
        linkType: LINKTYPE_RAW,
        source: from.address,
        destination: to.address,
        udp: { sourcePort: from.port, destinationPort: to.port },
        payload: 56,
      })
      const transport = whole.slice(family === 4 ? 20 : 40)
      const cuts = chance.of([
        [0, 32],
        [0, 8, 24],
        [0, 48],
        // Incomplete, overlapping, in the wrong order.
        [0],
        [32],
        [32, 0],
        [0, 24, 40],
      ])
      const sorted = [...cuts].sort((left, right) => left - right)
      for (const offset of cuts) {
        const next = sorted[sorted.indexOf(offset) + 1] ?? transport.length
        const isLast = next === transport.length
        this.packet(from, to, {
          protocol: 17,
          identification,
          flowLabel,
          fragment: { offset, more: !isLast || cuts.length === 1 },
          payload: transport.slice(offset, next),
        })
      }
    }
  }

  private malformed(): void {
    const { chance, family } = this
    const [from, to] = this.pair()
    const ports = { sourcePort: from.port, destinationPort: to.port }
    for (let number = 2 + chance.below(6); number > 0; number--)
      this.packet(
        from,
        to,
        chance.of<PacketDescription>([
          { tcp: { ...ports, flags: chance.below(256) } },
          { tcp: { ...ports, flags: chance.of([0, FIN, FIN | PSH | URG, SYN | FIN, SYN | RST, 255]) } },
          { tcp: { ...ports, flags: SYN, checksum: "bad" } },
          { tcp: { ...ports, flags: SYN, headerLength: chance.of([0, 16, 24, 60]) } },
          {
            tcp: {
              ...ports,
              flags: SYN,
              options: Uint8Array.from(
                chance.of([
                  [2, 4, 0, 100],
                  [2, 0],
                  [3, 3],
                  [8, 10, 0, 0],
                  [1, 1, 1, 2, 4, 5],
                  [2, 3, 5, 0],
                  [0, 2, 4, 2, 24],
                  [254, 4, 1, 2],
                ]),
              ),
            },
          },
          { tcp: { ...ports, flags: ACK, urgentPointer: 1, window: 0 }, payload: 3 },
          { udp: { ...ports, checksum: "bad" }, payload: 4 },
          { udp: { ...ports, length: chance.of([0, 7, 9, 1000]) }, payload: 4 },
          {
            icmp: { type: chance.below(256), code: chance.below(4), checksum: chance.of(["good", "bad"]) },
            payload: chance.below(12),
          },
          { protocol: chance.of([6, 17, 1, 58]), payload: chance.below(20) },
          { tcp: { ...ports, flags: SYN }, padding: chance.of([6, 20]) },
          family === 4
            ? { tcp: { ...ports, flags: SYN }, ipOptions: Uint8Array.from([1, 1, 1, 0]) }
            : { tcp: { ...ports, flags: SYN }, extensions: [{ header: 60 }] },
        ]),
      )
  }

  /** Segments of a connection in random order, flags and numbers. */
  private loose(): void {
    const { chance } = this
    const [client, server] = this.pair()
    for (let number = 3 + chance.below(8); number > 0; number--) {
      const [from, to] = server.side === "firewall" || chance.once(2) ? [client, server] : [server, client]
      const flags = chance.of([SYN, SYN | ACK, ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK])
      this.packet(from, to, {
        tcp: {
          sourcePort: from.port,
          destinationPort: to.port,
          flags,
          sequence: chance.of([0, 1000, 1001, 2000, 100000, 0xfffffff0]),
          acknowledgement: flags & ACK ? chance.of([0, 1000, 1001, 2000]) : 0,
          window: chance.of([0, 1, 1000, 64240]),
        },
        payload: flags & (SYN | RST) ? 0 : chance.of([0, 0, 10]),
      })
    }
  }

  private extensions(): void {
    const { chance } = this
    const [from, to] = this.pair()
    const ports = { sourcePort: from.port, destinationPort: to.port }
    for (let number = 2 + chance.below(4); number > 0; number--)
      this.packet(from, to, {
        extensions: chance.of([
          [{ header: 60 }],
          [{ header: 0 }, { header: 60 }],
          [{ header: 43, body: Uint8Array.from([2, 0, 0, 0, 0, 0]) }],
          [{ header: 60 }, { header: 43, body: Uint8Array.from([4, 0, 0, 0, 0, 0]) }],
          [{ header: 51, body: new Uint8Array(10) }],
        ]),
        ...chance.of<PacketDescription>([
          { tcp: { ...ports, flags: SYN, maximumSegmentSize: 1220 } },
          { udp: ports, payload: 8 },
          { icmp: { type: 128, identifier: 1, sequence: number } },
          { protocol: 59, payload: 0 },
        ]),
      })
  }

  private others(): void {
    const { chance } = this
    const [from, to] = this.pair()
    for (let number = 1 + chance.below(4); number > 0; number--)
      this.packet(from, to, {
        protocol: chance.of([47, 50, 51, 89, 99, 132, 136, 2]),
        payload: chance.of([0, 8, 12, 24]),
      })
  }
}
