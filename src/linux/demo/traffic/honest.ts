import { buildPacket, concat } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"
import { fragmentPacket } from "../../../core/packet/fragment.js"
import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from "../../../core/packet/link-type.js"
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from "../../../core/packet/packet.js"
import { type Act, ActWriter, type Numbers, type Side, type World } from "./act.js"
import { type SynOptions, TcpSession, usualOptions } from "./tcp-session.js"

/** Writes one kind of honest traffic, between hosts outside, the firewall and hosts inside. */
type Writer = (world: World, writer: ActWriter) => void

const MILLISECOND = 1e6

/**
 * What honest hosts send, with what middleboxes are known to break: fragments, errors about other packets, rare options, protocols without ports. The sources of each
 * kind are RFCs, named beside it.
 */
const kinds: readonly (readonly [name: string, write: Writer, families?: readonly (4 | 6)[]])[] = [
  ["web pages (TCP)", webPages],
  ["TCP with losses, probes, urgent data", troubledTcp],
  ["ECN, Fast Open, SYN without or with small MSS", rareSyns],
  ["SSH: long session with pauses", longSession],
  ["an office behind one address: 400 at once", officeBurst],
  ["sixty phones of one operator, all new", phones],
  ["connections refused and reset", refused],
  ["DNS, small answers", smallDns],
  ["DNSSEC answers in fragments", largeDns],
  ["QUIC", quic],
  ["ping, small and 3000 bytes", ping],
  ["path-MTU and other ICMP errors", errors],
  ["traceroute", traceroute],
  ["VPN: IKE in fragments, ESP, AH, GRE", vpn],
  ["ARP, DHCP, IGMP", localIpv4, [4]],
  ["neighbour discovery, MLD, DHCPv6", localIpv6, [6]],
  ["extension headers", extensions, [6]],
  ["multicast DNS", multicastDns],
]

/** All honest traffic of one family. */
export function honestActs(world: World, numbers: Numbers): Act[] {
  return kinds
    .filter(([, , families = [4, 6]]) => families.includes(world.family))
    .map(([kind, write]) => {
      const writer = new ActWriter(numbers)
      write(world, writer)
      return {
        kind,
        purpose: "honest",
        family: world.family,
        expectation: { verdict: "passes" },
        frames: writer.frames,
      }
    })
}

function session(world: World, writer: ActWriter, host: number, port: number, server = 80): TcpSession {
  const client = { side: "outside" as const, address: world.outside(host), port }
  return new TcpSession(
    writer,
    client,
    { side: "inside", address: world.inside, port: server },
    1000 + 4000 * host,
  )
}

function webPages(world: World, writer: ActWriter): void {
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
function troubledTcp(world: World, writer: ActWriter): void {
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
function rareSyns(world: World, writer: ActWriter): void {
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

function longSession(world: World, writer: ActWriter): void {
  const connection = session(world, writer, 30, 45000, 22).open().data("server", 40).data("client", 1200)
  for (let key = 0; key < 30; key++) {
    writer.wait(2 * MILLISECOND)
    connection.data("client", 36).data("server", 36)
  }
  connection.close()
}

/** Everybody comes to work: one address, 400 connections within a tenth of a second, each of a port of its own. */
function officeBurst(world: World, writer: ActWriter): void {
  for (let user = 0; user < 400; user++) {
    const connection = session(world, writer, 40, 20_000 + user, 443)
    connection.open().segment("client", PSH | ACK, 100)
    connection.segment("server", PSH | ACK, 100)
  }
}

/** Each phone has an address of its own (IPv6: a /64, RFC 6459), neighbours in one network: newcomers all. */
function phones(world: World, writer: ActWriter): void {
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

function refused(world: World, writer: ActWriter): void {
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

interface Datagram {
  readonly from: Side
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly length: number
}

function datagram(
  writer: ActWriter,
  { from, source, sourcePort, destination, destinationPort, length }: Datagram,
): void {
  const whole = writer.numbered({
    source,
    destination,
    udp: { sourcePort, destinationPort },
    payload: length,
  })
  fragments(writer, from, whole)
}

/** As its sender's kernel would cut it for an MTU of 1500. */
function fragments(writer: ActWriter, from: Side, whole: PacketDescription): void {
  const bytes = buildPacket(whole)
  if (bytes.length <= 1514) writer.bytes(from, bytes)
  else
    for (const piece of fragmentPacket(bytes, LINKTYPE_ETHERNET, 1440, whole.identification))
      writer.bytes(from, piece)
  writer.wait(MILLISECOND / 10)
}

function smallDns(world: World, writer: ActWriter): void {
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
function largeDns(world: World, writer: ActWriter): void {
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
function quic(world: World, writer: ActWriter): void {
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

const echo = (world: World) => (world.family === 4 ? { request: 8, reply: 0 } : { request: 128, reply: 129 })

function ping(world: World, writer: ActWriter): void {
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
function errors(world: World, writer: ActWriter): void {
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
function traceroute(world: World, writer: ActWriter): void {
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

/** RFC 7296 (IKE), 4303 (ESP), 4302 (AH), 3948 (ESP in UDP), 2784 (GRE with a keep-alive of 24 bytes). */
function vpn(world: World, writer: ActWriter): void {
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

/** What a gateway hears on its own wire. RFC 826, 2131, 3376. */
function localIpv4(world: World, writer: ActWriter): void {
  const neighbour = { senderMac: "02:00:00:00:00:01", sender: "192.0.2.2" }
  writer.packet("outside", {
    arp: { operation: 1, ...neighbour, targetMac: "00:00:00:00:00:00", target: world.here },
  })
  writer.packet("firewall", {
    sourceMac: "02:00:00:00:00:02",
    destinationMac: "02:00:00:00:00:01",
    arp: {
      operation: 2,
      senderMac: "02:00:00:00:00:02",
      sender: world.here,
      targetMac: neighbour.senderMac,
      target: neighbour.sender,
    },
  })
  const broadcast = { destinationMac: "ff:ff:ff:ff:ff:ff", destination: "255.255.255.255" }
  writer.packet("outside", {
    ...broadcast,
    source: "0.0.0.0",
    udp: { sourcePort: 68, destinationPort: 67 },
    payload: 300,
  })
  writer.packet("outside", {
    ...broadcast,
    source: "192.0.2.2",
    udp: { sourcePort: 67, destinationPort: 68 },
    payload: 300,
  })
  const routerAlert = Uint8Array.of(0x94, 4, 0, 0)
  const igmp = (destination: string, mac: string, payload: Uint8Array) =>
    writer.packet("outside", {
      source: "192.0.2.2",
      destination,
      destinationMac: mac,
      ttl: 1,
      ipOptions: routerAlert,
      protocol: 2,
      payload,
    })
  igmp("224.0.0.1", "01:00:5e:00:00:01", Uint8Array.of(0x11, 100, 0xee, 0x9b, 0, 0, 0, 0))
  igmp(
    "224.0.0.22",
    "01:00:5e:00:00:16",
    Uint8Array.of(0x22, 0, 0xf9, 1, 0, 0, 0, 1, 4, 0, 0, 0, 0xe0, 0, 0, 0xfb),
  )
}

/** RFC 4861, 2710/3810 (behind a hop-by-hop header with a router alert), 8415. */
function localIpv6(_: World, writer: ActWriter): void {
  const neighbour = "fe80::1"
  const target = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  const linkLayer = Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 1)
  const say = (
    destination: string,
    mac: string,
    type: number,
    rest: number,
    body: Uint8Array,
    alert = false,
  ) =>
    writer.packet("outside", {
      source: neighbour,
      destination,
      destinationMac: mac,
      ttl: alert ? 1 : 255,
      icmp: { type, rest },
      payload: body,
      ...(alert ? { extensions: [{ header: 0, body: Uint8Array.of(5, 2, 0, 0, 1, 0) }] } : {}),
    })
  say("ff02::1:ff00:1", "33:33:ff:00:00:01", 135, 0, concat([target, linkLayer]))
  say("ff02::2", "33:33:00:00:00:02", 133, 0, linkLayer)
  say("ff02::1", "33:33:00:00:00:01", 134, 0x40000708, concat([new Uint8Array(8), linkLayer]))
  say(
    "ff02::1",
    "33:33:00:00:00:01",
    136,
    0x20000000,
    concat([Uint8Array.from([0xfe, 0x80, ...new Uint8Array(13), 1]), Uint8Array.of(2, 1, 2, 0, 0, 0, 0, 1)]),
  )
  say("ff02::1", "33:33:00:00:00:01", 130, 0x03e80000, new Uint8Array(16), true)
  say(
    "ff02::16",
    "33:33:00:00:00:16",
    143,
    1,
    Uint8Array.from([4, 0, 0, 0, 0xff, 2, ...new Uint8Array(13), 0xfb]),
    true,
  )
  writer.packet("outside", {
    source: neighbour,
    destination: "ff02::1:2",
    destinationMac: "33:33:00:01:00:02",
    ttl: 1,
    udp: { sourcePort: 546, destinationPort: 547 },
    payload: 80,
  })
}

/** RFC 8200: options that a router must not look at, hop by hop and for the destination, before TCP and UDP. */
function extensions(world: World, writer: ActWriter): void {
  for (const [index, header] of [0, 60].entries())
    for (let number = 0; number < 3; number++)
      writer.packet("outside", {
        source: world.outside(160 + index),
        destination: world.inside,
        extensions: [{ header, body: Uint8Array.of(1, 4, 0, 0, 0, 0) }],
        udp: { sourcePort: 34_000 + number, destinationPort: 5000 },
        payload: 64,
      })
}

/** RFC 6762. */
function multicastDns(world: World, writer: ActWriter): void {
  const [destination, destinationMac] =
    world.family === 4 ? ["224.0.0.251", "01:00:5e:00:00:fb"] : ["ff02::fb", "33:33:00:00:00:fb"]
  for (let number = 0; number < 3; number++)
    writer
      .packet("outside", {
        source: world.family === 4 ? "192.0.2.2" : "fe80::1",
        destination,
        destinationMac,
        ttl: 255,
        udp: { sourcePort: 5353, destinationPort: 5353 },
        payload: 90,
      })
      .wait(MILLISECOND)
}
