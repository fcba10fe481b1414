import { concat } from "../../../core/packet/build.js"
import type { ActWriter, World } from "./act.js"
import { MILLISECOND } from "./honest-writer.js"

/** What a gateway hears on its own wire. RFC 826, 2131, 3376. */
export function localIpv4(world: World, writer: ActWriter): void {
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
export function localIpv6(_: World, writer: ActWriter): void {
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
export function extensions(world: World, writer: ActWriter): void {
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
export function multicastDns(world: World, writer: ActWriter): void {
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
