import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { ACK, FIN, RST, SYN } from "../../src/core/packet/packet.js"
import { ActWriter, Numbers, worlds } from "../../src/linux/demo/traffic/act.js"
import { TcpSession } from "../../src/linux/demo/traffic/tcp-session.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"
import { agreement, kernelMeetings, rulesText, type TimedPacket } from "./support/xtables.js"

interface Case {
  readonly name: string
  readonly rules: readonly string[]
  readonly packets: readonly TimedPacket[]
  /** Packets that the kernel drops though no rule says so. */
  readonly dropped: number | "some"
  /** Rules that match nothing: what they ask for is not there, neither in the kernel nor in the engine. */
  readonly matchless?: number
  /** Where the kernel counted a tick late: a busy machine keeps it from its clock, and a token comes to the next packet. A wrong rate differs in dozens. */
  readonly mayDiffer?: number
}

const text = (words: string) => new TextEncoder().encode(words)

/** Datagrams of a few sources, later of many, 12 ms apart, and a pause among them. */
function datagrams(): TimedPacket[] {
  const chance = new Chance(3)
  return Array.from({ length: 400 }, (_, number) => ({
    at: number * 12 + (number > 200 ? 1600 : 0),
    bytes: buildPacket({
      source: `203.0.113.${1 + chance.below(number < 100 ? 4 : 130)}`,
      destination: "198.51.100.80",
      identification: 1 + number,
      ttl: 62 + chance.below(3),
      udp: { sourcePort: 5000, destinationPort: 7 + chance.below(3) },
      payload: text(
        chance.of(["x".repeat(100), "GET", "xxGeT", "gEt", "", "a long one with GET inside of it"]),
      ),
    }),
  }))
}

/** TCP connections of three clients, opened, used, closed and reset at random, 12 ms between segments: three ticks of the kernel's clock. */
function connections(): TimedPacket[] {
  const chance = new Chance(7)
  const world = worlds[0]!
  const writer = new ActWriter(new Numbers())
  const open: TcpSession[] = []
  for (let step = 0; step < 120; step++) {
    const session = open[chance.below(open.length + 1)]
    if (session === undefined || chance.below(3) === 0) {
      const client = {
        side: "outside",
        address: world.outside(chance.below(3)),
        port: 10_000 + step,
      } as const
      const opened = new TcpSession(writer, client, { side: "inside", address: world.inside, port: 80 })
      open.push(
        opened
          .segment("client", SYN)
          .segment("server", SYN | ACK)
          .segment("client", ACK),
      )
      continue
    }
    const end = chance.below(4)
    if (end === 0) session.segment("client", RST | ACK)
    else if (end === 1)
      session
        .segment("server", FIN | ACK)
        .segment("client", FIN | ACK)
        .segment("server", ACK)
    else session.segment("client", ACK, 10)
    if (end < 2) open.splice(open.indexOf(session), 1)
  }
  return writer.frames.map(({ side, bytes }, number) => ({
    side: side as "outside" | "inside",
    bytes,
    at: number * 12,
  }))
}

const cases: readonly Case[] = [
  {
    name: "limits and lists, on the kernel's ticks",
    rules: [
      "-m limit --limit 20/second --limit-burst 3",
      "-m hashlimit --hashlimit-name a --hashlimit-mode srcip --hashlimit-upto 10/sec --hashlimit-burst 2",
      "-m hashlimit --hashlimit-name a --hashlimit-above 1/sec",
      "-m hashlimit --hashlimit-name b --hashlimit-mode srcip,dstport --hashlimit-srcmask 28 --hashlimit-above 5/sec --hashlimit-burst 1",
      "-m hashlimit --hashlimit-name c --hashlimit-upto 200b/s --hashlimit-mode srcip",
      "-m hashlimit --hashlimit-name d --hashlimit-upto 200b/s --hashlimit-burst 300b --hashlimit-mode srcip",
      "-m hashlimit --hashlimit-name e --hashlimit-upto 20/s --hashlimit-burst 7 --hashlimit-rate-match --hashlimit-rate-interval 1",
      "-m hashlimit --hashlimit-name f --hashlimit-upto 5kb/s --hashlimit-rate-match --hashlimit-rate-interval 1",
      "-m recent --name s --set",
      "-m recent --name s --update --seconds 1 --hitcount 4",
      "-m recent --name s --rcheck --seconds 1 --hitcount 9",
      "-m recent --name t ! --rcheck",
      "-p udp --dport 7 -m recent --name t --set",
      "-p udp --dport 8 -m recent --name t --remove",
      "-m recent --name u --set --mask 255.255.255.254",
      "-m recent --name u --rcheck --hitcount 33 --mask 255.255.255.254",
      "-m recent --name u --rcheck --rttl --seconds 1",
      "-m recent --name u --update --reap --seconds 1 --hitcount 10",
      "-m recent --name v --rttl --rcheck --rdest",
      "-p udp --dport 9 -m recent --name v --set --rdest",
      "-m string --algo bm --string GET",
      "-m string --algo kmp --string get --icase --from 30 --to 33",
      "-m string --algo bm ! --string get --icase --from 28 --to 31",
      "-m statistic --mode nth --every 5 --packet 2",
      "-m quota --quota 3000",
      "-m quota ! --quota 100",
      "-m time --timestart 00:00 --timestop 23:59:59",
    ],
    packets: datagrams(),
    dropped: 0,
    mayDiffer: 8,
  },
  {
    name: "a hashlimit without room drops",
    rules: [
      "-m hashlimit --hashlimit-name full --hashlimit-mode srcip --hashlimit-upto 1/hour --hashlimit-burst 5 --hashlimit-htable-size 16 --hashlimit-htable-max 20",
    ],
    packets: datagrams()
      .slice(80, 200)
      .map(({ bytes }) => ({ bytes })),
    dropped: "some",
  },
  {
    name: "a plain host",
    rules: [
      "-m physdev --physdev-is-in",
      "-m physdev ! --physdev-is-in ! --physdev-in eth9",
      "-m physdev ! --physdev-is-in --physdev-in eth9",
      "-m policy --dir in --pol none",
      "-m policy --dir in --pol ipsec",
      '-m helper --helper "ftp"',
      '-m helper ! --helper "ftp"',
      "-m devgroup --src-group 0",
      "-m devgroup --src-group 5",
      "-m devgroup ! --src-group 5/0xf",
      "-p udp --dport 7 -m connlabel --label 3 --set",
      "-m connlabel --label 3",
      "-m connlabel ! --label 3",
      "-m rpfilter",
      "-m rpfilter --invert",
      "-m rpfilter --loose",
      "-p tcp -m socket",
      "-m addrtype --src-type LOCAL",
      "-m addrtype --dst-type BROADCAST,MULTICAST",
    ],
    packets: datagrams()
      .slice(0, 60)
      .map(({ bytes }) => ({ bytes })),
    matchless: 9,
    dropped: 0,
  },
  {
    name: "what conntrack knows, and what it counts",
    rules: [
      "-p tcp -m connlimit --connlimit-above 3",
      "-p tcp -m connlimit --connlimit-upto 2 --connlimit-mask 24",
      "-p tcp -m connlimit --connlimit-above 4 --connlimit-daddr",
      "-m conntrack --ctstate NEW",
      "-m conntrack ! --ctstate INVALID --ctdir REPLY",
      "-m conntrack --ctstatus ASSURED",
      "-m conntrack ! --ctstatus SEEN_REPLY",
      "-m conntrack --ctexpire 1:119",
      "-m conntrack --ctexpire 0",
      "-m conntrack --ctorigsrc 203.0.113.0/24 --ctreplsrcport 80",
      "-m conntrack --ctproto 6 --ctorigsrcport 10000:10020",
      "-m connbytes --connbytes 3: --connbytes-dir original --connbytes-mode packets",
      "-m connbytes --connbytes 40:45 --connbytes-dir both --connbytes-mode avgpkt",
      "-m connbytes ! --connbytes 100:300 --connbytes-dir reply --connbytes-mode bytes",
      "-m state --state NEW,RELATED",
    ],
    packets: connections(),
    dropped: "some",
  },
]

// Once more where a busy machine stalled between two packets.
for (const { name, rules, packets, dropped, matchless = 0, mayDiffer = 0 } of cases)
  kernelTest(`${name}: the same rules match`, { retry: 2, timeout: 180_000 }, ({ laboratory }) => {
    const rulesFor = rulesText(rules)
    const meetings = kernelMeetings(laboratory, 4, rulesFor, packets)
    const result = agreement(laboratory, 4, rulesFor, rules.length, meetings)
    expect(result.differences.slice(mayDiffer)).toEqual([])
    expect(meetings).toHaveLength(packets.length)
    expect(result.counts.filter((count) => count === 0)).toHaveLength(matchless)
    if (dropped === "some") expect(result.dropped).toBeGreaterThan(0)
    else expect(result.dropped).toBe(dropped)
  })
