import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"
import { agreement, END, kernelMeetings, type TimedPacket } from "./support/xtables.js"

interface Case {
  readonly name: string
  readonly family: 4 | 6
  /** Lines of ipset. */
  readonly sets?: readonly string[]
  /** Rules that change something, and `log N RULE`: which packets come to it. */
  readonly lines: readonly string[]
  readonly packets: readonly TimedPacket[]
}

const bytes = (...values: number[]) => Uint8Array.from(values)

function built(
  family: 4 | 6,
  descriptions: readonly (PacketDescription & { readonly at?: number })[],
): TimedPacket[] {
  return descriptions.map(({ at = 0, ...description }, number) => ({
    at,
    bytes: buildPacket({
      source: family === 4 ? "203.0.113.7" : "2001:db8:aaaa::7",
      destination: family === 4 ? "198.51.100.80" : "2001:db8:2::80",
      identification: 1 + number,
      flowLabel: 1 + number,
      ...description,
    }),
  }))
}

/** Packets of some sources to some ports, 28 ms apart: no whole number of them is a second. */
function scattered(family: 4 | 6, count: number): TimedPacket[] {
  const chance = new Chance(9)
  return built(
    family,
    Array.from({ length: count }, (_, number) => ({
      at: number * 28,
      source: `${family === 4 ? "203.0.113." : "2001:db8:aaaa::"}${1 + chance.below(6)}`,
      ...(chance.below(3) === 0
        ? { tcp: { sourcePort: 1024, destinationPort: 80 + chance.below(3), flags: 2 } }
        : { udp: { sourcePort: 5000, destinationPort: 7 + chance.below(3) } }),
    })),
  )
}

const syns = (family: 4 | 6) =>
  built(family, [
    { tcp: { sourcePort: 1, destinationPort: 80, flags: 2, maximumSegmentSize: 1460 } },
    { tcp: { sourcePort: 2, destinationPort: 80, flags: 2, maximumSegmentSize: 500 } },
    { tcp: { sourcePort: 3, destinationPort: 80, flags: 2 } },
    { tcp: { sourcePort: 4, destinationPort: 80, flags: 2 }, payload: 4 },
    { tcp: { sourcePort: 5, destinationPort: 80, flags: 2, timestamps: [1, 2] } },
    {
      tcp: {
        sourcePort: 6,
        destinationPort: 80,
        flags: 2,
        options: bytes(8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 2, 4, 5, 180),
      },
    },
    { tcp: { sourcePort: 7, destinationPort: 80, flags: 0xc2 }, trafficClass: 0x2a, ttl: 3 },
    { tcp: { sourcePort: 8, destinationPort: 80, flags: 2, options: new Uint8Array(40).fill(1) } },
  ])

const cases: readonly Case[] = [
  {
    name: "marks of packets and connections",
    family: 4,
    lines: [
      "-p udp --dport 7 -j MARK --set-xmark 0x12/0xff",
      "-p udp --dport 8 -j MARK --or-mark 0x100",
      "-p tcp -j MARK --set-mark 0x30",
      "-m mark --mark 0x10/0xf0 -j MARK --xor-mark 0x1",
      "log 0 -m mark --mark 0x13",
      "log 1 -m mark ! --mark 0x0/0xff00",
      "-p udp -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff",
      "-m connmark --mark 0x13 -j CONNMARK --set-xmark 0x40/0x0",
      "log 2 -m connmark --mark 0x53",
      "log 3 -m connmark ! --mark 0",
      "-j MARK --set-mark 0",
      "-j CONNMARK --restore-mark",
      "log 4 -m mark --mark 0x53",
      "log 5 -m mark --mark 0",
      "-p tcp -j MARK --set-mark 0x81",
      "-p tcp -j CONNMARK --save-mark --left-shift-mark 4",
      "log 6 -m connmark --mark 0x810",
      "-p tcp -j CONNMARK --restore-mark --right-shift-mark 8",
      "log 7 -m mark --mark 0x8",
      "-p tcp --dport 80 -j CONNMARK --set-mark 0x3/0xff --left-shift-mark 1",
      "log 8 -m connmark --mark 0x1006",
    ],
    packets: scattered(4, 60),
  },
  ...([4, 6] as const).map((family) => ({
    name: `what later rules see of IPv${family} packets that were written on`,
    family,
    lines: [
      `-j ${family === 4 ? "TTL --ttl-inc" : "HL --hl-inc"} 7`,
      family === 4 ? "log 0 -m ttl --ttl-eq 10" : "log 0 -m hl --hl-eq 10",
      `-j ${family === 4 ? "TTL --ttl-dec" : "HL --hl-dec"} 60`,
      family === 4 ? "log 1 -m ttl --ttl-lt 1" : "log 1 -m hl --hl-lt 1",
      `-j ${family === 4 ? "TTL --ttl-set" : "HL --hl-set"} 64`,
      "-p tcp --sport 7 -j DSCP --set-dscp 0x2e",
      "log 2 -m dscp --dscp 0x2e",
      "-p tcp --sport 6 -j TOS --set-tos 0x10/0x3f",
      "log 3 -m tos --tos 0x10",
      "-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000",
      "log 4 -p tcp -m tcpmss --mss 1000",
      "log 5 -p tcp -m tcpmss --mss 500:536",
      "log 6 -p tcp -m tcp ! --tcp-option 2",
      "log 7 -m length --length 41:64",
      "-p tcp -j TCPOPTSTRIP --strip-options timestamp,mss",
      "log 8 -p tcp -m tcp --tcp-option 8",
      "log 9 -p tcp -m tcp --tcp-option 1",
      ...(family === 4
        ? [
            "log 10 -p tcp -m ecn --ecn-tcp-cwr",
            "-p tcp -j ECN --ecn-tcp-remove",
            "log 11 -p tcp -m ecn --ecn-tcp-ece",
          ]
        : []),
    ],
    packets: syns(family),
  })),
  {
    name: "sets that rules ask and fill",
    family: 4,
    sets: [
      "create hosts hash:ip",
      "add hosts 203.0.113.1",
      "create nets hash:net",
      "add nets 203.0.113.4/31",
      "create pairs hash:ip,port",
      "add pairs 203.0.113.2,udp:7",
      "add pairs 203.0.113.3,tcp:80",
      "create ports bitmap:port range 0-1023",
      "add ports 8",
      "create seen hash:ip timeout 1",
      "create dialled hash:ip,port timeout 0",
    ],
    lines: [
      "log 0 -m set --match-set hosts src",
      "log 1 -m set ! --match-set hosts src",
      "log 2 -m set --match-set nets src",
      "log 3 -m set --match-set nets dst",
      "log 4 -m set --match-set pairs src,dst",
      "log 5 -m set --match-set ports dst",
      "log 6 -m set --match-set seen src",
      "-p udp --dport 7 -j SET --add-set seen src",
      "-p udp --dport 8 -j SET --add-set seen src --exist --timeout 1",
      "log 7 -m set --match-set dialled src,dst",
      "-p tcp -j SET --add-set dialled src,dst",
      "-p udp --dport 9 -j SET --del-set dialled src,dst",
    ],
    packets: scattered(4, 160),
  },
]

for (const { name, family, sets = [], lines, packets } of cases)
  kernelTest(
    `${name}: the same packets come to each rule`,
    { retry: 2, timeout: 180_000 },
    ({ laboratory }) => {
      const log = (prefix: string) => `-j NFLOG --nflog-group 9 --nflog-prefix ${prefix}`
      const rules = lines.map((line) => {
        const logged = /^log (\d+) (.*)$/.exec(line)
        return `-A PREROUTING ${logged ? `${logged[2]} ${log(logged[1]!)}` : line}`
      })
      const count = lines.filter((line) => line.startsWith("log")).length
      const text = `*mangle\n${rules.join("\n")}\n-A PREROUTING ${log(END)}\nCOMMIT\n`
      if (sets.length > 0) laboratory.firewall.run("ipset", ["restore"], { input: `${sets.join("\n")}\n` })
      const meetings = kernelMeetings(laboratory, family, text, packets, "datagram")
      const withSets = `${sets.map((line) => `${line}\n`).join("")}${text}`
      const result = agreement(laboratory, family, withSets, count, meetings)
      expect(result.differences).toEqual([])
      expect(meetings).toHaveLength(packets.length)
      // A rule that nothing comes to shows that nothing is what should; a line says so by being the only one of its kind.
      expect(result.counts.filter((matched) => matched > 0).length).toBeGreaterThan(count / 2)
      expect(result.dropped).toBe(0)
    },
  )
