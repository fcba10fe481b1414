import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { fragmentPacket } from "../../src/core/packet/fragment.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { type Arrival, createReferee } from "../../src/linux/host/namespace/referee.js"
import { kernelTest } from "./support/kernel-test.js"

const here = "192.0.2.1"
const inside = "198.51.100.80"

function tcp(identification: number, destination: string, flags: number): PacketDescription {
  return {
    source: "203.0.113.9",
    destination,
    identification,
    tcp: { sourcePort: 1000 + identification, destinationPort: 80, flags },
  }
}

/** Sends, and says of each packet that came from outside where it was still alive and what conntrack thought. */
function judged(laboratory: Laboratory, frames: readonly Uint8Array[]): string[] {
  const referee = createReferee(laboratory)
  laboratory.outside.sender("eth0").send(frames.map((bytes) => ({ bytes })))
  return referee
    .finish()
    .filter(({ frame }) => frame.device === "wan0" && frame.direction === "in")
    .map(line)
}

/** Without the multicast reports that the firewall sends when its devices come up. */
function ipv4(arrivals: readonly Arrival[]): Arrival[] {
  return arrivals.filter(({ frame }) => frame.bytes[12] === 8 && frame.bytes[13] === 0)
}

function line({ ruling }: Arrival): string {
  if (!ruling) return "no ruling"
  return `${ruling.state}: ${[...ruling.passed].join(" ")}${ruling.ambiguous ? " (ambiguous)" : ""}`
}

kernelTest("a packet is seen at the end of each hook that let it pass", ({ laboratory }) => {
  laboratory.firewall.nft(`table inet rules {
    chain early { type filter hook prerouting priority -150; tcp flags & (fin|syn) == fin|syn drop; }
    chain local { type filter hook input priority 0; tcp dport 81 drop; }
    chain forwarded { type filter hook forward priority 0; tcp flags & (fin|syn|rst|ack) == ack drop; }
  }
`)
  expect(
    judged(laboratory, [
      buildPacket(tcp(1, here, 2)),
      buildPacket(tcp(2, here, 3)),
      buildPacket(tcp(3, inside, 2)),
      buildPacket(tcp(4, inside, 16)),
      buildPacket({
        arp: {
          operation: 1,
          senderMac: "02:00:00:00:00:01",
          sender: "192.0.2.2",
          targetMac: "00:00:00:00:00:00",
          target: here,
        },
      }),
    ]),
  ).toEqual([
    "new: prerouting input",
    "null: ",
    "new: prerouting forward postrouting wire",
    "new: prerouting",
    "no ruling",
  ])
})

kernelTest("fragments fare as their datagram does, in both families", ({ laboratory }) => {
  const datagrams = (
    [
      ["203.0.113.9", inside],
      ["2001:db8:9::9", "2001:db8:2::80"],
    ] as const
  ).flatMap(([source, destination]) =>
    [53, 54].map((destinationPort) => ({
      source,
      destination,
      identification: destinationPort,
      flowLabel: destinationPort,
      udp: { sourcePort: 9, destinationPort },
      payload: 2000,
    })),
  )
  laboratory.firewall.nft(`table inet rules {
    chain forwarded { type filter hook forward priority 0; udp dport 54 drop; }
  }
`)
  const frames = datagrams.flatMap((datagram) =>
    fragmentPacket(buildPacket(datagram), LINKTYPE_ETHERNET, 1400, datagram.identification),
  )
  expect(frames).toHaveLength(8)
  const passed = "new: prerouting forward postrouting wire"
  const dropped = "new: prerouting"
  expect(judged(laboratory, frames)).toEqual([
    passed,
    passed,
    dropped,
    dropped,
    passed,
    passed,
    dropped,
    dropped,
  ])
})

kernelTest(
  "destination NAT does not hide a packet, and its answers are no packets of the firewall's own",
  ({ laboratory }) => {
    laboratory.firewall.nft(`table ip nat {
    chain early { type nat hook prerouting priority -100; tcp dport 8080 dnat to ${inside}:80; }
  }
`)
    const referee = createReferee(laboratory)
    const client = { source: "203.0.113.9", sourcePort: 40000 }
    laboratory.outside.sender("eth0").send([
      {
        bytes: buildPacket({
          source: client.source,
          destination: here,
          identification: 7,
          tcp: { sourcePort: client.sourcePort, destinationPort: 8080, flags: 2, sequence: 1 },
        }),
      },
    ])
    laboratory.inside.sender("eth0").send([
      {
        bytes: buildPacket({
          source: inside,
          destination: client.source,
          identification: 8,
          tcp: {
            sourcePort: 80,
            destinationPort: client.sourcePort,
            flags: 18,
            sequence: 9,
            acknowledgement: 2,
          },
        }),
      },
    ])
    const arrivals = ipv4(referee.finish())
    expect(arrivals.map(({ frame, ruling }) => [frame.device, frame.direction, ruling?.state])).toEqual([
      ["wan0", "in", "new"],
      ["lan0", "in", "established"],
    ])
    // Behind postrouting the answer bears the firewall's address: another packet.
    expect(arrivals.map(({ ruling }) => ruling?.passed.has("forward"))).toEqual([true, true])
  },
)

kernelTest("what the firewall says itself is an arrival without ruling", ({ laboratory }) => {
  const referee = createReferee(laboratory)
  laboratory.outside.sender("eth0").send([
    {
      bytes: buildPacket({
        source: "203.0.113.9",
        destination: here,
        icmp: { type: 8, identifier: 1, sequence: 1 },
      }),
    },
  ])
  expect(ipv4(referee.finish()).map(({ frame, ruling }) => [frame.direction, ruling?.state])).toEqual([
    ["in", "new"],
    ["out", undefined],
  ])
})

kernelTest("without its conntrack the referee leaves fragments whole", ({ laboratory }) => {
  const referee = createReferee(laboratory, { conntrack: false })
  const datagram = buildPacket({
    source: "203.0.113.9",
    destination: inside,
    identification: 5,
    udp: { sourcePort: 9, destinationPort: 53 },
    payload: 2000,
  })
  const pieces = fragmentPacket(datagram, LINKTYPE_ETHERNET, 1400)
  laboratory.outside.sender("eth0").send(pieces.map((bytes) => ({ bytes })))
  expect(ipv4(referee.finish()).map(line)).toEqual(
    pieces.map(() => "null: prerouting forward postrouting wire"),
  )
})
