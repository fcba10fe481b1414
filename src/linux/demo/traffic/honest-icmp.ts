import { buildPacket } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"
import { LINKTYPE_RAW } from "../../../core/packet/link-type.js"
import { ACK } from "../../../core/packet/packet.js"
import type { ActWriter, World } from "./act.js"
import { session } from "./honest-tcp.js"
import { fragments, MILLISECOND } from "./honest-writer.js"

const echo = (world: World) => (world.family === 4 ? { request: 8, reply: 0 } : { request: 128, reply: 129 })

export function ping(world: World, writer: ActWriter): void {
  const { request, reply } = echo(world)
  for (const [host, target, answers] of [
    [90, world.inside, "inside"],
    [91, world.here, "firewall"],
  ] as const) {
    for (let sequence = 1; sequence <= 10; sequence++) {
      const length = sequence % 2 === 0 ? 3000 : 56
      const icmp = { identifier: 7, sequence }
      const [source, destination] = [world.outside(host), target]
      fragments(
        writer,
        "outside",
        writer.numbered({ source, destination, icmp: { ...icmp, type: request }, payload: length }),
      )
      fragments(
        writer,
        answers,
        writer.numbered({
          source: destination,
          destination: source,
          icmp: { ...icmp, type: reply },
          payload: length,
        }),
      )
      writer.wait(20 * MILLISECOND)
    }
  }
}

/** The start of a packet, as an error about it quotes it. */
function quote(writer: ActWriter, description: PacketDescription, length: number): Uint8Array {
  return buildPacket({ ...writer.numbered(description), linkType: LINKTYPE_RAW }).subarray(0, length)
}

/** RFC 1191 and 8201: a router on the way says that packets must be smaller. RFC 1122: port and host unreachable. */
export function errors(world: World, writer: ActWriter): void {
  const connection = session(world, writer, 100, 47000).open().data("client", 100)
  connection.segment("server", ACK, 1400)
  const lost: PacketDescription = {
    source: connection.server.address,
    destination: connection.client.address,
    dontFragment: true,
    tcp: {
      sourcePort: connection.server.port,
      destinationPort: connection.client.port,
      flags: ACK,
      sequence: connection.sequence.server - 1400,
      acknowledgement: connection.sequence.client,
    },
    payload: 1400,
  }
  const router = world.outside(101)
  const tooBig = world.family === 4 ? { type: 3, code: 4, rest: 1280 } : { type: 2, code: 0, rest: 1280 }
  writer.packet("outside", {
    source: router,
    destination: world.inside,
    icmp: tooBig,
    payload: quote(writer, lost, world.family === 4 ? 28 : 1200),
  })
  connection.segment("server", ACK, 1200, {}, -1400)
  connection.segment("client", ACK)
  const unreachable = world.family === 4 ? { type: 3, code: 3 } : { type: 1, code: 4 }
  for (let number = 0; number < 5; number++) {
    const probe: PacketDescription = {
      source: world.inside,
      destination: world.outside(102),
      udp: { sourcePort: 32_000 + number, destinationPort: 9000 },
      payload: 30,
    }
    const sent = writer.numbered(probe)
    writer.packet("inside", sent).wait(MILLISECOND)
    writer.packet("outside", {
      source: world.outside(102),
      destination: world.inside,
      icmp: unreachable,
      payload: buildPacket({ ...sent, linkType: LINKTYPE_RAW }),
    })
  }
}

/** From inside to the world: probes with a small time to live, and each router's answer. */
export function traceroute(world: World, writer: ActWriter): void {
  const exceeded = world.family === 4 ? { type: 11, code: 0 } : { type: 3, code: 0 }
  for (let hop = 2; hop <= 12; hop++) {
    const probe = writer.numbered({
      source: world.inside,
      destination: world.outside(120),
      ttl: hop,
      udp: { sourcePort: 33_000, destinationPort: 33_434 + hop },
      payload: 32,
    })
    writer.packet("inside", probe).wait(MILLISECOND)
    writer.packet("outside", {
      source: world.outside(120 + hop),
      destination: world.inside,
      icmp: exceeded,
      payload: buildPacket({ ...probe, ttl: 1, linkType: LINKTYPE_RAW }).subarray(0, 60),
    })
  }
}
