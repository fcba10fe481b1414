import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from "../../../core/packet/packet.js"
import type { ActWriter, World } from "./act.js"
import { MILLISECOND } from "./honest-writer.js"
import { type SynOptions, TcpSession, usualOptions } from "./tcp-session.js"

export function session(
  world: World,
  writer: ActWriter,
  host: number,
  port: number,
  server = 80,
): TcpSession {
  const client = { side: "outside" as const, address: world.outside(host), port }
  return new TcpSession(
    writer,
    client,
    { side: "inside", address: world.inside, port: server },
    1000 + 4000 * host,
  )
}

export function webPages(world: World, writer: ActWriter): void {
  for (let host = 0; host < 5; host++) {
    const stamped: SynOptions = { ...usualOptions, timestamps: [100 + host, 0] }
    session(world, writer, host, 41000 + host, host % 2 === 0 ? 80 : 443)
      .open(stamped, { ...usualOptions, timestamps: [900, 100 + host] })
      .data("client", 300)
      .data("server", 20_000)
      .data("client", 250)
      .data("server", 600)
      .close(host % 2 === 0 ? "server" : "client")
  }
  // Somebody inside reads a page outside.
  new TcpSession(
    writer,
    { side: "inside", address: world.inside, port: 42000 },
    { side: "outside", address: world.outside(9), port: 443 },
  )
    .open()
    .data("client", 500)
    .data("server", 5000)
    .close("client")
}

/** RFC 9293: retransmissions, segments out of order, a keep-alive (3.8.4), a zero-window probe (3.8.6.1), urgent data (3.8.5), FIN with data. */
export function troubledTcp(world: World, writer: ActWriter): void {
  const connection = session(world, writer, 10, 43000)
  connection.segment("client", SYN, 0, usualOptions, 0)
  // The SYN again: the first answer was lost.
  connection.segment("client", SYN, 0, { ...usualOptions }, -1)
  connection.segment("server", SYN | ACK, 0, usualOptions)
  connection.segment("client", ACK)
  connection.segment("client", PSH | ACK, 100)
  connection.segment("client", PSH | ACK, 100, {}, -100)
  connection.segment("client", PSH | ACK, 100, {}, 100)
  connection.segment("client", PSH | ACK, 200)
  connection.segment("server", ACK)
  connection.segment("client", ACK, 0, {}, -1)
  connection.segment("server", ACK, 0, { window: 0 })
  connection.segment("client", ACK, 0, {}, -1)
  connection.segment("server", ACK)
  connection.segment("client", PSH | ACK | URG, 1)
  connection.segment("client", FIN | PSH | ACK, 50)
  connection.segment("server", ACK)
  connection.segment("server", FIN | ACK)
  connection.segment("client", ACK)
}

/** RFC 3168 (ECN set-up SYN), RFC 7413 (Fast Open: option 34 and data in the SYN), RFC 9293 3.7.1 (no MSS option means 536). */
export function rareSyns(world: World, writer: ActWriter): void {
  const variants: readonly [SynOptions, number][] = [
    [{ ...usualOptions, flags: SYN | ECE | CWR }, 0],
    [{ options: Uint8Array.of(2, 4, 5, 0xb4, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1) }, 120],
    [{}, 0],
    [{ maximumSegmentSize: 536 }, 0],
    [{ maximumSegmentSize: 88 }, 0],
    [{ ...usualOptions, maximumSegmentSize: 9000 }, 0],
  ]
  for (const [index, [syn, payload]] of variants.entries())
    session(world, writer, 20 + index, 44000)
      .open(syn, usualOptions, payload)
      .data("client", 200)
      .data("server", 800)
      .close()
}

export function longSession(world: World, writer: ActWriter): void {
  const connection = session(world, writer, 30, 45000, 22).open().data("server", 40).data("client", 1200)
  for (let key = 0; key < 30; key++) {
    writer.wait(2 * MILLISECOND)
    connection.data("client", 36).data("server", 36)
  }
  connection.close()
}

/** Everybody comes to work: one address, 400 connections within a tenth of a second, each of a port of its own. */
export function officeBurst(world: World, writer: ActWriter): void {
  for (let user = 0; user < 400; user++) {
    const connection = session(world, writer, 40, 20_000 + user, 443)
    connection.open().segment("client", PSH | ACK, 100)
    connection.segment("server", PSH | ACK, 100)
  }
}

/** Each phone has an address of its own (IPv6: a /64, RFC 6459), neighbours in one network: newcomers all. */
export function phones(world: World, writer: ActWriter): void {
  for (let phone = 0; phone < 60; phone++) {
    const address =
      world.family === 4 ? `100.64.7.${1 + phone}` : `2001:db8:5550:${(0x100 + phone).toString(16)}::9`
    const client = { side: "outside" as const, address, port: 40_000 }
    new TcpSession(writer, client, { side: "inside", address: world.inside, port: 443 }, 5000 + phone)
      .open()
      .data("client", 300)
      .data("server", 900)
  }
}

export function refused(world: World, writer: ActWriter): void {
  for (let number = 0; number < 5; number++) {
    const closed = session(world, writer, 50 + number, 46000, 8000 + number)
    closed.segment("client", SYN, 0, usualOptions)
    closed.segment("server", RST | ACK)
  }
  session(world, writer, 56, 46000).open().data("client", 50).segment("client", RST)
  session(world, writer, 57, 46000)
    .open()
    .data("client", 50)
    .segment("server", RST | ACK)
}
