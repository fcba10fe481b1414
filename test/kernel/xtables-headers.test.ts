import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { kernelTest } from "./support/kernel-test.js"
import { randomDatagrams } from "./support/random-datagrams.js"
import { Chance, randomSegments } from "./support/random-segments.js"
import { agreement, kernelMeetings, rulesText, type TimedPacket } from "./support/xtables.js"

interface Case {
  readonly name: string
  readonly family: 4 | 6
  readonly rules: readonly string[]
  readonly packets: readonly Uint8Array[]
}

const bytes = (...values: number[]) => Uint8Array.from(values)
const words = (text: string) => new TextEncoder().encode(text)

function built(family: 4 | 6, descriptions: readonly PacketDescription[]): Uint8Array[] {
  return descriptions.map((description, number) =>
    buildPacket({
      source: family === 4 ? "203.0.113.7" : "2001:db8:aaaa::7",
      destination: family === 4 ? "198.51.100.80" : "2001:db8:2::80",
      identification: 20_000 + number,
      flowLabel: 20_000 + number,
      ...description,
    }),
  )
}

const tcp = (more: object = {}) => ({ tcp: { sourcePort: 1024, destinationPort: 80, flags: 2, ...more } })
const udp = (destinationPort = 53) => ({ udp: { sourcePort: 5000, destinationPort } })

/** An SCTP packet with chunks of these types and flags. */
function sctp(...chunks: readonly (readonly [type: number, flags: number])[]): PacketDescription {
  const header = [0x13, 0x88, 0x13, 0x89, 0, 0, 0, 1, 0, 0, 0, 0]
  return {
    protocol: 132,
    payload: bytes(...header, ...chunks.flatMap(([type, flags]) => [type, flags, 0, 4])),
  }
}

function mixed(family: 4 | 6): Uint8Array[] {
  const chance = new Chance(5)
  const segments = Array.from({ length: 6 }, (_, number) => randomSegments(chance, number, 12)).flat()
  const frames = [...segments, ...randomDatagrams(chance, 300)]
  return frames.filter((frame) => (frame[12]! === 0x86 ? 6 : 4) === family)
}

const anything = (family: 4 | 6) => [
  ...mixed(family),
  ...built(family, [
    tcp(),
    tcp({ flags: 18 }),
    tcp({ sourcePort: 3000, destinationPort: 443 }),
    tcp({ flags: 0 }),
    tcp({ flags: 41 }),
    tcp({ flags: 0xc2 }),
    tcp({ flags: 0x52 }),
    tcp({ maximumSegmentSize: 400 }),
    tcp({ maximumSegmentSize: 1460, timestamps: [1, 2] }),
    tcp({ options: bytes(2, 4, 2) }),
    tcp({ options: bytes(0, 0, 0, 8) }),
    tcp({ options: bytes(3, 0, 8, 10, 2, 4, 1, 144) }),
    udp(),
    udp(8080),
    { ...udp(), ttl: 5 },
    { ...udp(), trafficClass: 0x10 },
    { ...udp(), trafficClass: 0xb9 },
    { ...udp(), trafficClass: 3 },
    { ...udp(), payload: 1000 },
    { ...udp(), payload: words("GET / HTTP/1.0") },
    { ...udp(), sourceMac: "02:11:22:33:44:55" },
    { icmp: { type: family === 4 ? 8 : 128, identifier: 1 } },
    { icmp: { type: family === 4 ? 3 : 1, code: 3, rest: 0 } },
    { protocol: 50, payload: bytes(0, 0, 1, 0, 0, 0, 0, 1) },
    { protocol: 50, payload: bytes(0, 0, 2, 0, 0, 0, 0, 1) },
    sctp([1, 0]),
    sctp([0, 3], [3, 0]),
    sctp([0, 2], [0, 3]),
    sctp([14, 1]),
    sctp([0, 3]),
    { protocol: 132, payload: bytes(0x13, 0x88, 0x13, 0x89, 0, 0, 0, 1, 0, 0, 0, 0, 1) },
    { protocol: 47, payload: 20 },
    { protocol: 6, payload: 7 },
    { protocol: 6, payload: 19 },
    { protocol: 17, payload: 3 },
    tcp({ headerLength: 12 }),
    tcp({ headerLength: 40 }),
  ]),
]

const everyVersion = [
  "-p tcp -m tcp --dport 80",
  "-p tcp -m tcp ! --sport 1024:2000 --tcp-flags SYN,ACK,FIN,RST SYN",
  "-p tcp -m tcp --tcp-flags ALL NONE",
  "-p tcp -m tcp --tcp-option 8",
  "-p tcp -m tcp ! --tcp-option 2",
  "-p tcp -m tcpmss --mss 1:535",
  "-p tcp -m tcpmss ! --mss 1000:2000",
  "-p tcp -m multiport --dports 22,80,443",
  "-p tcp -m multiport ! --ports 1000:1100,80",
  "-p udp -m udp --dport 53",
  "-p udp -m udp ! --sport 5000",
  "-p udp -m multiport --sports 1000,1001,5000",
  "-p esp -m esp --espspi 256:300",
  "-p sctp -m sctp --sport 5000",
  "-p sctp -m sctp --chunk-types any INIT,DATA",
  "-p sctp -m sctp --chunk-types all DATA,SACK",
  "-p sctp -m sctp ! --chunk-types only DATA",
  "-p sctp -m sctp --chunk-types only DATA:BE",
  "-p sctp -m sctp --chunk-types any SHUTDOWN_COMPLETE:T",
  "-m length --length 0:60",
  "-m length ! --length 40",
  "-m tos --tos 0x10/0x3f",
  "-m tos ! --tos 0x00/0xff",
  "-m dscp --dscp 0x2e",
  "-m dscp ! --dscp 0",
  "-p tcp -m ecn --ecn-tcp-ece",
  "-p tcp -m ecn ! --ecn-tcp-cwr --ecn-ip-ect 0",
  "-m ecn --ecn-ip-ect 3",
  "-m mac --mac-source 02:11:22:33:44:55",
  "-m pkttype --pkt-type unicast",
  '-m string --algo kmp --string "HTTP"',
  '-m string --algo bm --hex-string "|00 00|" --from 20',
  '-m u32 --u32 "0&0xFFFF=0:60"',
  '-m u32 ! --u32 "6&0xFF=17"',
  "-m statistic --mode nth --every 3 --packet 1",
  "! -p tcp",
]

const cases: readonly Case[] = [
  {
    name: "IPv4",
    family: 4,
    rules: [
      ...everyVersion,
      "-p icmp -m icmp --icmp-type 8",
      "-p icmp -m icmp --icmp-type 3/3",
      "-p icmp -m icmp --icmp-type any",
      "-p icmp -m icmp ! --icmp-type 8/0",
      "-m ttl --ttl-lt 10",
      "-m ttl ! --ttl-eq 64",
      "-m iprange --src-range 203.0.113.7-203.0.113.9",
      "-m iprange ! --dst-range 198.51.100.0-198.51.100.255",
      "-m addrtype --src-type UNICAST --dst-type UNICAST",
      "-m addrtype ! --dst-type LOCAL",
      '-m u32 --u32 "0>>22&0x3C@0>>16=0x400:0x13FF"',
      '-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"',
      '-m bpf --bytecode "7,48 0 0 9,21 0 4 17,177 0 0 0,72 0 0 2,21 0 1 53,6 0 0 1,6 0 0 0"',
      "-s 203.0.113.3/255.255.255.3",
    ],
    packets: anything(4),
  },
  {
    name: "IPv6",
    family: 6,
    rules: [
      ...everyVersion,
      "-p icmpv6 -m icmp6 --icmpv6-type 128",
      "-p icmpv6 -m icmp6 ! --icmpv6-type 1/3",
      "-m hl --hl-lt 10",
      "-m hl ! --hl-eq 64",
      "-m addrtype --src-type UNICAST",
    ],
    packets: anything(6),
  },
  {
    name: "extension headers",
    family: 6,
    rules: [
      "-m ipv6header --header hop --soft",
      "-m ipv6header --header hop,dst,prot",
      "-m ipv6header ! --header prot",
      "-m ipv6header --header none,dst",
      "-m hbh",
      "-m hbh --hbh-len 8",
      "-m hbh --hbh-opts 5:2,1",
      "-m dst --dst-opts 1:4",
      "-m dst ! --dst-len 8",
      "-m rt",
      "-m rt --rt-type 0 --rt-segsleft 0:1",
      "-m rt --rt-type 0 --rt-0-addrs 2001:db8::1",
      "-m rt --rt-type 0 --rt-0-addrs 2001:db8::1,2001:db8::3 --rt-0-not-strict",
      "-m rt ! --rt-type 0",
      "-m frag",
      "-m frag --fragfirst",
      "-m frag --fragmore",
      "-m frag --fraglast --fragid 20000:90000",
      "-m ah",
      "-m ah --ahspi 256:512",
      "-p mh -m mh --mh-type 5",
      "-p udp",
      "-p udp -m udp --dport 53",
      "! -p udp",
      "-m eui64",
    ],
    packets: built(6, [
      udp(),
      { ...udp(), extensions: [{ header: 0, body: bytes(5, 2, 0, 0, 1, 0) }] },
      { ...udp(), extensions: [{ header: 0, body: bytes(1, 4, 0, 0, 0, 0) }, { header: 60 }] },
      { ...udp(), extensions: [{ header: 60, body: bytes(1, 12, ...new Array(12).fill(0)) }] },
      { extensions: [{ header: 60, body: bytes(1, 4, 0, 0, 0, 0) }] },
      { ...udp(), extensions: [{ header: 43, body: bytes(0, 0, 0, 0, 0, 0) }] },
      { ...udp(), extensions: [{ header: 43, body: bytes(0, 1, 0, 0, 0, 0, ...address(1)) }] },
      {
        ...udp(),
        extensions: [
          { header: 43, body: bytes(0, 0, 0, 0, 0, 0, ...address(1), ...address(2), ...address(3)) },
        ],
      },
      { ...udp(), extensions: [{ header: 43, body: bytes(3, 2, 0, 0, 0, 0) }] },
      { ...udp(), extensions: [{ header: 51, body: bytes(0, 0, 0, 0, 1, 0, 0, 0, 0, 1) }] },
      { ...udp(), extensions: [{ header: 51, body: bytes(0, 0, 0, 0, 4, 0, 0, 0, 0, 1) }] },
      { ...udp(), fragment: { offset: 0, more: true }, payload: 16 },
      { ...udp(), fragment: { offset: 64, more: true }, payload: 16 },
      { ...udp(), fragment: { offset: 128, more: false }, payload: 16 },
      { ...udp(), fragment: { offset: 0, more: false }, payload: 16 },
      { protocol: 135, payload: bytes(59, 0, 5, 0, 0, 0, 0, 0) },
      { protocol: 135, payload: bytes(59, 0, 6, 0, 0, 0, 0, 0) },
      { ...udp(), sourceMac: "02:11:22:33:44:55", source: "2001:db8:aaaa::11:22ff:fe33:4455" },
      { protocol: 59, payload: 8 },
    ]),
  },
  {
    name: "fragments of IPv4, which conntrack does not put together",
    family: 4,
    rules: [
      "-f",
      "! -f",
      "-p udp -m multiport --dports 53",
      "-p icmp -m icmp --icmp-type any",
      "-m length --length 36:44",
      "-p udp -m udp --dport 53",
      "-p tcp -m tcp --dport 80",
      "-p udp",
    ],
    packets: built(4, [
      { ...udp(), fragment: { offset: 0, more: true }, payload: 16 },
      { ...udp(), fragment: { offset: 24, more: false }, payload: 16 },
      { ...tcp(), fragment: { offset: 8, more: true }, payload: 16 },
      { ...tcp(), fragment: { offset: 16, more: true }, payload: 16 },
      { ...tcp(), fragment: { offset: 0, more: true }, payload: 12 },
      { icmp: { type: 8 }, fragment: { offset: 0, more: true }, payload: 16 },
      { icmp: { type: 8 }, fragment: { offset: 24, more: false }, payload: 16, protocol: 1 },
    ]),
  },
]

function address(last: number): number[] {
  return [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), last]
}

for (const { name, family, rules, packets } of cases)
  kernelTest(`${name}: the same rules match`, { timeout: 180_000 }, ({ laboratory }) => {
    const rulesFor = rulesText(rules, "raw")
    const timed: TimedPacket[] = packets.map((frame) => ({ bytes: frame }))
    const meetings = kernelMeetings(laboratory, family, rulesFor, timed)
    const result = agreement(laboratory, family, rulesFor, rules.length, meetings)
    expect(result.differences.map((line) => explained(line, rules, packets))).toEqual([])
    expect(meetings).toHaveLength(packets.length)
    expect(rules.filter((_rule, number) => result.counts[number] === 0)).toEqual([])
    expect(result.dropped).toBeGreaterThan(name === "extension headers" ? -1 : 0)
  })

function explained(line: string, rules: readonly string[], packets: readonly Uint8Array[]): string {
  const [packet = "", rule = "", sign] = line.split(/:? /)
  const text = rules[Number(rule)] ?? rule
  return `${sign} ${text}: ${Buffer.from(packets[Number(packet)]!.subarray(14)).toString("hex")}`
}
