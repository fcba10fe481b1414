import { buildPacket } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"
import { fragmentPacket } from "../../../core/packet/fragment.js"
import { LINKTYPE_ETHERNET } from "../../../core/packet/link-type.js"
import { ACK, PSH, RST, SYN } from "../../../core/packet/packet.js"
import type { ActWriter, Side } from "./act.js"
import { TcpSession, usualOptions } from "./tcp-session.js"

/** What the samples tell: traffic of one server, as a capture on its own network card sees it. Server and attackers have documentation addresses. */

const SECOND = 1e9
const MINUTE = 60 * SECOND
const server = { ipv4: "192.0.2.80", ipv6: "2001:db8:80::80" }
const office = "198.51.100.7"
const monitoring = "198.51.100.50"

/** Chance that is the same at each run (a linear congruential generator, Numerical Recipes' constants). */
class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From 0 (inclusive) to `below` (exclusive). */
  below(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#state / 0x1_0000_0000) * below)
  }
}

function session(
  writer: ActWriter,
  client: string,
  port: number,
  serverPort: number,
  chance: Chance,
): TcpSession {
  const address = client.includes(":") ? server.ipv6 : server.ipv4
  return new TcpSession(
    writer,
    { side: "outside", address: client, port },
    { side: "firewall", address, port: serverPort },
    1 + chance.below(1_000_000_000),
    20_000_000 + chance.below(60_000_000),
  )
}

function datagram(writer: ActWriter, side: Side, description: PacketDescription): void {
  const whole = writer.numbered(description)
  const bytes = buildPacket(whole)
  const pieces =
    bytes.length > 1514 ? fragmentPacket(bytes, LINKTYPE_ETHERNET, 1440, whole.identification) : [bytes]
  for (const piece of pieces) writer.bytes(side, piece)
}

/** Eight hours in which people read pages and a monitor pings; at noon two floods of half a minute's fraction each: one source, then forged ones. */
export function webServerDay(writer: ActWriter): void {
  const chance = new Chance(1)
  let visitor = 0
  for (let minute = 0; minute < 480; minute++) {
    if (minute === 240) floods(writer, chance)
    if (minute % 5 === 0) ping(writer, minute)
    if (chance.below(3) !== 0) {
      writer.wait(MINUTE)
      continue
    }
    const number = visitor++ % 60
    const client =
      chance.below(4) === 0 ? `2001:db8:100:${number.toString(16)}::5` : `203.0.113.${10 + number}`
    const begun = writer.now
    session(writer, client, 20_000 + chance.below(40_000), chance.below(3) === 0 ? 80 : 443, chance)
      .open()
      .data("client", 200 + chance.below(400))
      .data("server", 500 + chance.below(6000))
      .close(chance.below(2) === 0 ? "client" : "server")
    writer.wait(Math.max(0, MINUTE - (writer.now - begun)))
  }
}

function ping(writer: ActWriter, sequence: number): void {
  const echo = { identifier: 77, sequence }
  writer.packet("outside", {
    source: monitoring,
    destination: server.ipv4,
    icmp: { type: 8, ...echo },
    payload: 56,
  })
  writer.wait(200_000)
  writer.packet("firewall", {
    source: server.ipv4,
    destination: monitoring,
    icmp: { type: 0, ...echo },
    payload: 56,
  })
}

function floods(writer: ActWriter, chance: Chance): void {
  for (let number = 0; number < 6000; number++) {
    const forged = number >= 4000
    const source = forged ? `198.18.${chance.below(256)}.${chance.below(256)}` : "198.51.100.66"
    writer.wait(20_000)
    writer.packet("outside", {
      source,
      destination: server.ipv4,
      tcp: {
        sourcePort: 1024 + chance.below(60_000),
        destinationPort: 443,
        flags: SYN,
        sequence: chance.below(0x7fffffff),
        ...usualOptions,
      },
    })
    // Halfway through somebody honest opens a page.
    if (number === 2000)
      writer.meanwhile(() => {
        session(writer, "203.0.113.200", 50_000, 443, chance)
          .open()
          .data("client", 300)
          .data("server", 4000)
          .close()
      })
  }
}

/** An administrator works, another host tries a password every two seconds, and a third one comes back each minute, below any limit. */
export function sshBruteForce(writer: ActWriter): void {
  const chance = new Chance(2)
  const admin = session(writer, office, 51_000, 22, chance)
    .open()
    .data("server", 40)
    .data("client", 1300)
    .data("server", 1000)
  for (let attempt = 0; attempt < 150; attempt++) {
    const begun = writer.now
    attack(writer, "203.0.113.99", 30_000 + attempt, chance)
    if (attempt % 30 === 0) attack(writer, "203.0.113.5", 40_000 + attempt, chance)
    if (attempt % 3 === 0) admin.data("client", 36).data("server", 80)
    writer.wait(Math.max(0, 2 * SECOND - (writer.now - begun)))
  }
  admin.close()
}

function attack(writer: ActWriter, source: string, port: number, chance: Chance): void {
  session(writer, source, port, 22, chance)
    .open()
    .data("server", 40)
    .data("client", 900)
    .data("server", 500)
    .close("server")
}

/** A scan of the first 1024 ports and of the ports of worms, then of the same host with odd flags; a neighbour uses the web server meanwhile. */
export function portScan(writer: ActWriter): void {
  const chance = new Chance(3)
  const scanner = "203.0.113.66"
  const ports = [23, 2323, 3389, 5900, ...Array.from({ length: 1024 }, (_, index) => index + 1)]
  for (const [index, port] of ports.entries()) {
    const isOpen = port === 22 || port === 80 || port === 443
    const probe = session(writer, scanner, 40_000 + (index % 20_000), port, chance)
    probe.segment("client", SYN, 0, { maximumSegmentSize: 1460 })
    probe.segment("server", isOpen ? SYN | ACK : RST | ACK, 0, isOpen ? usualOptions : {})
    if (isOpen) probe.segment("client", RST)
    if (index % 100 === 50)
      session(writer, "203.0.113.10", 20_000 + index, 443, chance)
        .open()
        .data("client", 300)
        .data("server", 3000)
        .close()
  }
  for (const flags of [0, 1, 1 | 8 | 32, 63, 3, 6, 41]) {
    writer.wait(SECOND / 10)
    for (const port of [22, 80, 443])
      writer.packet("outside", {
        source: scanner,
        destination: server.ipv4,
        tcp: { sourcePort: 61_000 + flags, destinationPort: port, flags, sequence: 9 },
      })
  }
}

/** A resolver's day in a minute: small answers, signed ones in fragments, a path-MTU error; then fragments that nobody honest sends. */
export function dnsAndFragments(writer: ActWriter): void {
  const chance = new Chance(4)
  for (let number = 0; number < 60; number++) {
    const upstream = number % 4 === 0 ? `2001:db8:53:${number.toString(16)}::1` : `203.0.113.${53 + number}`
    const me = upstream.includes(":") ? server.ipv6 : server.ipv4
    const udp = { sourcePort: 30_000 + chance.below(30_000), destinationPort: 53 }
    datagram(writer, "firewall", { source: me, destination: upstream, udp, payload: 48 })
    writer.wait(15_000_000)
    const answer = { sourcePort: 53, destinationPort: udp.sourcePort }
    datagram(writer, "outside", {
      source: upstream,
      destination: me,
      udp: answer,
      payload: number % 3 === 0 ? 2400 + chance.below(1500) : 90 + chance.below(300),
    })
    writer.wait(SECOND)
  }
  const attacker = "203.0.113.250"
  for (let number = 0; number < 20; number++) {
    const whole = writer.numbered({
      source: attacker,
      destination: server.ipv4,
      tcp: {
        sourcePort: 5000 + number,
        destinationPort: 53,
        flags: number % 2 === 0 ? SYN : PSH | ACK,
        maximumSegmentSize: 1460,
      },
      payload: 48,
    })
    if (number % 2 === 0)
      for (const piece of fragmentPacket(buildPacket(whole), LINKTYPE_ETHERNET, 8))
        writer.bytes("outside", piece)
    else {
      const { tcp: _, ...rest } = whole
      writer.packet("outside", { ...whole, fragment: { offset: 0, more: true } })
      writer.packet("outside", { ...rest, protocol: 6, fragment: { offset: 8, more: false }, payload: 80 })
    }
    writer.wait(SECOND / 10)
  }
}
