import { concat } from "../../../core/packet/build.js"
import type { ActWriter, Side, World } from "./act.js"
import { datagram } from "./honest-writer.js"

export function smallDns(world: World, writer: ActWriter): void {
  for (let number = 0; number < 20; number++) {
    const question = {
      source: world.inside,
      sourcePort: 30_000 + number,
      destination: world.outside(60),
      destinationPort: 53,
    }
    datagram(writer, { ...question, from: "inside", length: 40 })
    datagram(writer, {
      from: "outside",
      source: question.destination,
      sourcePort: 53,
      destination: question.source,
      destinationPort: question.sourcePort,
      length: 120,
    })
  }
}

/** A resolver inside asks with a large buffer (RFC 6891), and the answer with its signatures does not fit a frame. */
export function largeDns(world: World, writer: ActWriter): void {
  for (let number = 0; number < 10; number++) {
    const sourcePort = 31_000 + number
    const server = world.outside(61 + number)
    datagram(writer, {
      from: "inside",
      source: world.inside,
      sourcePort,
      destination: server,
      destinationPort: 53,
      length: 60,
    })
    datagram(writer, {
      from: "outside",
      source: server,
      sourcePort: 53,
      destination: world.inside,
      destinationPort: sourcePort,
      length: 3500,
    })
  }
}

/** RFC 9000 14.1: the first datagrams are at least 1200 bytes, both ways. */
export function quic(world: World, writer: ActWriter): void {
  for (let number = 0; number < 5; number++) {
    const client = { source: world.outside(80 + number), sourcePort: 50_000 + number }
    for (const length of [1200, 1200, 80, 40]) {
      datagram(writer, {
        from: "outside",
        ...client,
        destination: world.inside,
        destinationPort: 443,
        length,
      })
      datagram(writer, {
        from: "inside",
        source: world.inside,
        sourcePort: 443,
        destination: client.source,
        destinationPort: client.sourcePort,
        length,
      })
    }
  }
}

/** RFC 7296 (IKE), 4303 (ESP), 4302 (AH), 3948 (ESP in UDP), 2784 (GRE with a keep-alive of 24 bytes). */
export function vpn(world: World, writer: ActWriter): void {
  const peer = world.outside(140)
  const both = (
    length: number,
    write: (from: Side, source: string, destination: string, length: number) => void,
  ) => {
    write("outside", peer, world.inside, length)
    write("inside", world.inside, peer, length)
  }
  for (const length of [400, 2600, 300])
    both(length, (from, source, destination) =>
      datagram(writer, { from, source, destination, sourcePort: 500, destinationPort: 500, length }),
    )
  for (const length of [1200, 80])
    both(length, (from, source, destination) =>
      datagram(writer, { from, source, destination, sourcePort: 4500, destinationPort: 4500, length }),
    )
  const raw = (protocol: number, payload: Uint8Array) =>
    both(0, (from, source, destination) => writer.packet(from, { source, destination, protocol, payload }))
  for (let sequence = 1; sequence <= 5; sequence++)
    raw(50, concat([new Uint8Array(7), Uint8Array.of(sequence), new Uint8Array(100)]))
  raw(47, new Uint8Array(24))
  if (world.family === 4) raw(51, concat([Uint8Array.of(6, 4, 0, 0), new Uint8Array(40)]))
}
