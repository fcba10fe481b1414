import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import type { Finding } from "../event/finding.js"
import { setEnds } from "../event/flow.js"
import type { LoginEvent } from "../event/login-event.js"
import { DROPPED, PacketEvent } from "../event/packet-event.js"
import { findingLine } from "../event/print-finding.js"
import { brief, closedPolicy, compiled, find, handshake, lines, openPolicy } from "../guard/find-fixture.js"
import { standardDetectors } from "../policy/detect.js"
import { detectorWords } from "../policy/detectors.js"
import { Detection } from "./detection.js"
import { detectorKinds } from "./index.js"

interface Case {
  readonly title: string
  readonly script: string
  readonly policy?: string
  readonly found: readonly string[]
}

const attacks: readonly Case[] = [
  {
    title: "the twentieth closed port within a minute is a scan",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20 every 3s",
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  {
    title: "nineteen are none",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 19 every 3s",
    found: [],
  },
  {
    title: "twenty in more than a minute are none",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20 every 4s",
    found: [],
  },
  {
    title: "resets tell what is closed where no rule does",
    script: lines(
      20,
      (port) => `+0.1 in eth0 203.0.113.9:40000 > 192.0.2.1:${1000 + port} S
        out eth0 192.0.2.1:${1000 + port} > 203.0.113.9:40000 R. ack 1`,
    ),
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  {
    title: "silence tells it, too",
    script: `in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ S repeat 20
      +5s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  {
    title: "one port of twenty hosts",
    script: "in eth0 out eth1 203.0.113.9:40000++ > 10.0.0.1++:445 S repeat 20 every 10ms",
    found: ["port-scan horizontal-syn-scan 203.0.113.9 20"],
  },
  {
    title: "slowly, forty within a day",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 40 every 20m",
    found: ["slow-port-scan vertical-syn-scan 203.0.113.9 40"],
  },
  ...[
    ["F", "fin"],
    ["none", "null"],
    ["FPU", "xmas"],
    ["SF", "odd"],
  ].map(([flags, probe]) => ({
    title: `a scan by ${probe} packets: the fifth port, and nothing else is told of it`,
    script: `in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ ${flags} repeat 20 every 10ms`,
    found: [`port-scan vertical-${probe}-scan 203.0.113.9 5`],
  })),
  {
    title: "flags of no connection to one port are no scan",
    script: "in eth0 203.0.113.9:1000++ > 192.0.2.1:80 F repeat 12 every 10ms",
    found: ["malformed-packets fin-packet 203.0.113.9 10"],
  },
  {
    title: "a scan in fragments that cut the header (nmap -f)",
    script: lines(8, (port) => `+10ms in eth0 203.0.113.9:40000 > 192.0.2.1:${1000 + port} S split 8`),
    found: ["fragment-attack tiny-fragment 203.0.113.9 1", "port-scan vertical-fragment-scan 203.0.113.9 5"],
  },
  {
    title: "one IP protocol after the other",
    script: lines(12, (number) => `+10ms in eth0 203.0.113.9 > 192.0.2.1 proto ${60 + number} len 8`),
    policy: openPolicy,
    found: ["port-scan protocol-scan 203.0.113.9 10"],
  },
  {
    title: "many hosts, on a port that is open, and each is hung up on",
    script: lines(
      20,
      (host) => `+10ms in eth0 out eth1 203.0.113.9:40000 > 10.0.0.${host + 1}:80 S seq 9
        in eth1 out eth0 10.0.0.${host + 1}:80 > 203.0.113.9:40000 S. seq 4 ack 10
        in eth0 out eth1 203.0.113.9:40000 > 10.0.0.${host + 1}:80 R seq 10`,
    ),
    policy: openPolicy,
    found: ["port-scan horizontal-half-open-scan 203.0.113.9 20"],
  },
  {
    title: "one host after the other is pinged",
    script: "in eth0 out eth1 203.0.113.9 > 10.0.0.1++ icmp echo-request id 7 repeat 40 every 20ms",
    found: ["ping-sweep ping-sweep 203.0.113.9 32"],
  },
  {
    title: "datagrams that nobody answers, one or two a port",
    script: `in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ udp len 8 repeat 20 every 50ms
      +1s in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ udp len 8 repeat 20 every 50ms
      +12s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: ["udp-port-scan vertical-udp-scan 203.0.113.9 20"],
  },
  {
    title: "silence is heard beside a flow that goes on",
    script: `in eth0 198.51.100.7:514 > 192.0.2.1:514 udp len 40
      in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ S repeat 20
      +1s in eth0 198.51.100.7:514 > 192.0.2.1:514 udp len 40 repeat 6 every 1s`,
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  {
    title: "silence at the end of a capture",
    script: `in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ S repeat 20
      +1100ms in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  ...[
    [".", "ack"],
    ["R", "rst"],
    ["FA", "fin"],
    ["FPU", "xmas"],
  ].map(([flags, kind]) => ({
    title: `a flood of ${kind} packets`,
    script: `in eth0 203.0.113.9:1000++ > 192.0.2.1:80 ${flags === "FA" ? "F." : flags} repeat 1001 every 1ms`,
    policy: `${openPolicy}\ndetect: { malformed-packets: off }`,
    found: [`tcp-flood ${kind}-flood 203.0.113.9 1001`],
  })),
  {
    title: "TCP of no connection from everywhere",
    script: "in eth0 198.18.0.1++:1000++ > 192.0.2.1:80 S. seq 7 ack 9 repeat 1200 every 1ms",
    found: ["distributed-flood forged-tcp-flood many 1001"],
  },
  {
    title: "datagrams that are begun, and never ended",
    script: lines(
      401,
      (id) => `+1ms in eth0 203.0.113.9:5 > 192.0.2.1:53 udp frag ${id + 1}/0/more len 1472`,
    ),
    found: ["fragment-attack fragment-flood 203.0.113.9 401"],
  },
  {
    title: "a scan by acknowledgements",
    script: "in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ . repeat 20 every 10ms",
    found: ["port-scan vertical-ack-scan 203.0.113.9 20"],
  },
  {
    title: "a scan by datagrams, told by port unreachable",
    script: lines(
      20,
      (port) => `+0.1 in eth0 203.0.113.9:40000 > 192.0.2.1:${1000 + port} udp len 8
        out eth0 192.0.2.1 > 203.0.113.9 icmp port-unreachable quote (203.0.113.9:40000 > 192.0.2.1:${1000 + port} udp len 8)`,
    ),
    policy: openPolicy,
    found: ["udp-port-scan vertical-udp-scan 203.0.113.9 20"],
  },
  {
    title: "IPv6: a /64 is one source",
    script: "in eth0 [2001:db8:9::1++]:40000 > [2001:db8:1::1]:1000++ S repeat 20 every 10ms",
    found: ["port-scan vertical-syn-scan 2001:db8:9::14 20"],
  },
  {
    title: "the second contact with a decoy port",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:23 S repeat 2 every 5m",
    found: ["decoy-contacts decoy-contact 203.0.113.9 2"],
  },
  {
    title: "a decoy's SYN that is sent again is one contact",
    script: "in eth0 203.0.113.9:40000 > 192.0.2.1:23 S seq 7 repeat 5 every 1s",
    found: [],
  },
  {
    title: "SYNs without handshakes, from one",
    script: "in eth0 203.0.113.9:1000++ > 192.0.2.1:80 S repeat 1001 every 1ms",
    found: ["syn-flood syn-flood 203.0.113.9 1001"],
  },
  {
    title: "one SYN sent a thousand times is no repetition",
    script: "in eth0 203.0.113.9:1000 > 192.0.2.1:80 S seq 7 repeat 1016 every 1ms",
    found: ["syn-flood syn-flood 203.0.113.9 1001"],
  },
  {
    title: "SYNs from everywhere",
    script: "in eth0 198.18.0.1++:1000++ > 192.0.2.1:80 S repeat 1200 every 1ms",
    found: ["distributed-flood forged-syn-flood many 1001"],
  },
  {
    title: "datagrams",
    script: "in eth0 203.0.113.9:5000 > 192.0.2.1:53 udp len 8 repeat 2400 every 100us",
    policy: openPolicy,
    found: ["udp-flood udp-flood 203.0.113.9 2001"],
  },
  {
    title: "echo requests",
    script: "in eth0 203.0.113.9 > 192.0.2.1 icmp echo-request id 7 repeat 1001 every 1ms",
    found: ["icmp-flood icmp-flood 203.0.113.9 1001"],
  },
  {
    title: "many connections at once, all of them real",
    script: lines(4, (index) => handshake(`203.0.113.9:${2000 + index}`)),
    policy: `${closedPolicy}\ndetect: { connection-flood: 3 }`,
    found: ["connection-flood connection-flood 203.0.113.9 4"],
  },
  {
    title: "a port's own limit",
    script: lines(6, (index) => handshake(`203.0.113.9:${2000 + index}`, "192.0.2.1:22")),
    policy: `${closedPolicy}\ndetect: { port-flood: { ports: [ssh], limit: more than 5 in 300s } }`,
    found: ["port-flood port-flood 203.0.113.9 6"],
  },
  {
    title: "headers that cannot be",
    script: "in eth0 203.0.113.9:1000++ > 192.0.2.1:53 udp len 8 udp-length 4 repeat 10 every 1ms",
    found: ["malformed-packets udp-length 203.0.113.9 10"],
  },
  {
    title: "the ping of death",
    script: "in eth0 203.0.113.9 > 192.0.2.1 icmp frag 7/65528 len 1000",
    found: ["fragment-attack ping-of-death 203.0.113.9 1"],
  },
  {
    title: "fragments that overlap",
    script: `in eth0 203.0.113.9 > 192.0.2.1 udp frag 7/800/more len 800
      in eth0 203.0.113.9 > 192.0.2.1 udp frag 7/1200 len 800`,
    found: ["fragment-attack overlapping-fragments 203.0.113.9 1"],
  },
  {
    title: "a fragment that hides the flags",
    script: "in eth0 203.0.113.9 > 192.0.2.1 tcp frag 7/8 len 40",
    found: ["fragment-attack tiny-fragment 203.0.113.9 1"],
  },
  {
    title: "LAND",
    script: "in eth0 192.0.2.1:80 > 192.0.2.1:80 S",
    found: ["land-attack land 192.0.2.1 1"],
  },
  {
    title: "SYN-ACKs that nobody asked for",
    script: "in eth0 203.0.113.9:80 > 192.0.2.1:1000++ S. ack 7 repeat 20 every 10ms",
    found: ["unsolicited-syn-ack unsolicited-syn-ack 203.0.113.9 20"],
  },
  {
    title: "data in a SYN",
    script: 'in eth0 203.0.113.9:1000 > 192.0.2.1:80 S "secret"',
    found: ["data-in-syn data-in-syn 203.0.113.9 1"],
  },
  {
    title: "a leak in SYNs from inside, to addresses that change (mal1, mal2)",
    script: 'in eth1 out eth0 10.0.0.2:1337 > 198.51.100.7++:7331 S "secret" repeat 3 every 1s',
    found: ["leak data-in-syn 10.0.0.2 1"],
  },
  {
    title: "a leak in SYN-ACKs from inside (mal3, mal4)",
    script: 'in eth1 out eth0 10.0.0.2:80 > 198.51.100.7:40000++ S. ack 1 "$ecret" repeat 3 every 1s',
    found: ["leak data-in-syn-ack 10.0.0.2 1"],
  },
  {
    title: "this host's own address from outside",
    script: "in eth0 192.0.2.1:1000++ > 10.0.0.5:80 S repeat 3",
    found: ["forged-source forged-source 192.0.2.1 3"],
  },
]

test.each(attacks)("$title", ({ script, policy, found }) => {
  expect(brief(find(script, policy))).toEqual(found)
})

const honest: readonly Omit<Case, "found">[] = [
  {
    title: "an office behind one address opens a thousand connections",
    script: lines(300, (index) => handshake(`203.0.113.9:${2000 + index}`)),
  },
  {
    title: "a client whose server is down tries again and again",
    script: "in eth0 203.0.113.9:2000++ > 192.0.2.1:8080 S repeat 200 every 100ms",
  },
  {
    title: "a SYN is sent again seven times",
    script: lines(
      3,
      (index) => `in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${8080 + index} S seq 1 repeat 7 every 3s`,
    ),
  },
  {
    title: "a browser inside turns to many hosts, and late packets of theirs come",
    script: lines(
      40,
      (index) => `+10ms in eth1 out eth0 10.0.0.5:${3000 + index} > 198.51.100.${index}:443 S
        +10ms in eth0 out eth1 198.51.100.${index}:443 > 10.0.0.5:${3000 + index} S. ack 1
        +400s in eth0 out eth1 198.51.100.${index}:443 > 10.0.0.5:${3000 + index} . seq 5 ack 9`,
    ),
    policy: openPolicy,
  },
  {
    title: "a content network whose connections are over goes on sending to many ports",
    script: lines(
      40,
      (index) => `+1ms in eth1 out eth0 10.0.0.5:${3000 + index} > 198.51.100.1:443 S seq 9
        +1ms in eth0 out eth1 198.51.100.1:443 > 10.0.0.5:${3000 + index} S. seq 4 ack 10
        +1ms in eth1 out eth0 10.0.0.5:${3000 + index} > 198.51.100.1:443 R seq 10
        +12s in eth0 out eth1 198.51.100.1:443 > 10.0.0.5:${3000 + index} . seq 5 ack 10
        in eth1 out eth0 10.0.0.5:${3000 + index} > 198.51.100.1:443 R seq 10`,
    ),
    policy: openPolicy,
  },
  {
    title: "a resolver answers late, to many ports",
    script: lines(
      40,
      (index) => `+10ms out eth0 192.0.2.1:${3000 + index} > 198.51.100.53:53 udp len 40
        +40s in eth0 198.51.100.53:53 > 192.0.2.1:${3000 + index} udp len 80`,
    ),
  },
  {
    title: "traceroute counts ports up",
    script: "in eth0 203.0.113.9:40000 > 192.0.2.1:33434++ udp len 32 ttl 3 repeat 60 every 50ms",
  },
  {
    title: "somebody inside asks many peers, and most are gone",
    script: "in eth1 out eth0 10.0.0.5:6881++ > 198.51.100.1++:51413 S repeat 200 every 100ms",
    policy: openPolicy,
  },
  {
    title: "a monitor pings every second and asks two ports",
    script: lines(
      100,
      (index) =>
        `+1s in eth0 203.0.113.9 > 192.0.2.1 icmp echo-request id 7 seq ${index}${handshake(`203.0.113.9:${2000 + index}`)}`,
    ),
  },
  {
    title: "large datagrams come in fragments, and one fragment twice",
    script: `in eth0 203.0.113.9:53 > 192.0.2.1:4000 udp len 4000 split 1400
      in eth0 203.0.113.9 > 192.0.2.1 udp frag 9/800/more len 800 repeat 2`,
  },
  {
    title: "Fast Open carries data, with its option",
    script: 'in eth0 203.0.113.9:1000 > 192.0.2.1:80 S tcp-options 220a0102030405060708 "GET /"',
  },
  {
    title: "one who speaks without being answered goes on speaking (RTCP, syslog)",
    script: lines(6, () => `+2500ms in eth0 203.0.113.9:5001 > 192.0.2.1:6001++ udp len 60 repeat 25`),
    policy: openPolicy,
  },
  {
    title: "a connection that is met in its middle",
    script: lines(
      50,
      (index) => `+5ms in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${1000 + index} . seq ${index} ack 7
        out eth0 192.0.2.1:${1000 + index} > 203.0.113.9:${2000 + index} . seq 7 ack 9 "more"
        +5ms in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${1000 + index} . seq ${index + 1} ack 8`,
    ),
    policy: openPolicy,
  },
  {
    title: "a monitor pings its thirty hosts again and again",
    script: lines(
      5,
      () => "+20s in eth0 out eth1 203.0.113.9 > 10.0.0.1++ icmp echo-request id 7 repeat 30 every 1ms",
    ),
  },
  {
    title: "who asked a group is answered by its members, each at another port",
    script: lines(
      30,
      (index) => `+1s in eth1 out eth0 10.0.0.5:${5000 + index} > 239.255.255.250:1900 udp len 90
        in eth0 out eth1 203.0.113.9:49152 > 10.0.0.5:${5000 + index} udp len 300`,
    ),
  },
  {
    title: "large datagrams in fragments, a thousand, each to its end",
    script: lines(
      1000,
      (id) => `+1ms in eth0 203.0.113.9:53 > 192.0.2.1:4000 udp len 2000 id ${id + 1} split 1480`,
    ),
    policy: `${openPolicy}\ndetect: { udp-flood: off, udp-port-scan: off, fragment-attack: notify }`,
  },
  {
    title: "four hundred clients behind one address, each with six connections",
    script: lines(400, (index) =>
      handshake(`203.0.113.9:${2000 + index * 6}`, `192.0.2.1:${index % 2 ? 80 : 443}`),
    ),
  },
  {
    title: "a server inside is restarted, and sixty clients try again until it is back",
    script: lines(
      60,
      (index) => `+5ms in eth0 out eth1 203.0.113.${index + 1}:5000 > 10.0.0.9:443 S seq ${index}
        in eth1 out eth0 10.0.0.9:443 > 203.0.113.${index + 1}:5000 R. ack 1
        +5ms in eth0 out eth1 203.0.113.${index + 1}:5001++ > 10.0.0.9:443 S seq ${index} repeat 12 every 1ms`,
    ),
    policy: openPolicy,
  },
  {
    title: "after a restart, hundreds of connections that are gone are answered with resets",
    script: lines(
      300,
      (
        index,
      ) => `+2ms in eth0 203.0.113.${(index % 200) + 1}:${3000 + index} > 192.0.2.1:443 . seq ${index} ack 7 "data"
        out eth0 192.0.2.1:443 > 203.0.113.${(index % 200) + 1}:${3000 + index} R seq 7`,
    ),
    policy: openPolicy,
  },
  {
    title: "a load balancer asks eight servers each second whether they are there, and hangs up",
    script: lines(
      80,
      (index) => `+100ms in eth0 out eth1 203.0.113.9:${4000 + index} > 10.0.0.${(index % 8) + 1}:80 S seq 9
        in eth1 out eth0 10.0.0.${(index % 8) + 1}:80 > 203.0.113.9:${4000 + index} S. seq 4 ack 10
        in eth0 out eth1 203.0.113.9:${4000 + index} > 10.0.0.${(index % 8) + 1}:80 R seq 10`,
    ),
    policy: openPolicy,
  },
  {
    title: "a monitor asks fifty ports that are open, each minute",
    script: lines(100, (index) =>
      handshake(`203.0.113.9:${2000 + index}`, `192.0.2.1:${9100 + (index % 50)}`),
    ),
    policy: openPolicy,
  },
  {
    title: "somebody knocks: four closed ports, then ssh",
    script: `${lines(4, (index) => `+300ms in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${7000 + index * 111} S seq ${index}`)}
      ${handshake("203.0.113.9:3000", "192.0.2.1:22")}`,
  },
  {
    title: "a swarm: two hundred peers send datagrams to one port, and are answered or not",
    script: lines(
      200,
      (index) => `+20ms in eth0 out eth1 198.51.100.${index + 1}:51413 > 10.0.0.5:6881 udp len 100
        ${index % 2 ? `in eth1 out eth0 10.0.0.5:6881 > 198.51.100.${index + 1}:51413 udp len 200` : ""}`,
    ),
    policy: openPolicy,
  },
  {
    title: "thirty calls at once: voice both ways, its reports one way",
    script: lines(
      30,
      (call) => `+50ms in eth0 203.0.113.9:${20000 + call * 2} > 192.0.2.1:${30000 + call * 2} udp len 172
        +1ms out eth0 192.0.2.1:${30000 + call * 2} > 203.0.113.9:${20000 + call * 2} udp len 172
        +1ms in eth0 203.0.113.9:${20001 + call * 2} > 192.0.2.1:${30001 + call * 2} udp len 60
        +2ms in eth0 203.0.113.9:${20001 + call * 2} > 192.0.2.1:${30001 + call * 2} udp len 60 repeat 3 every 1s`,
    ),
    policy: openPolicy,
  },
  {
    title: "mDNS and SSDP of a network's devices, to everybody",
    script: lines(
      40,
      (index) => `+100ms in eth0 198.51.100.9:${40000 + index} > 239.255.255.250:${1900 + index} udp len 120
        in eth0 198.51.100.9:5353 > 224.0.0.251:5353 udp len 90`,
    ),
  },
  {
    title: "a host that never blocks is spared by for",
    script: "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 60 every 10ms",
    policy: `${closedPolicy}\ndetect: { port-scan: { for: { 203.0.113.9: off } }, slow-port-scan: off }`,
  },
]

test.each(honest)("nobody is found: $title", ({ script, policy }) => {
  expect(brief(find(script, policy))).toEqual([])
})

describe("a finding", () => {
  test("says who, what, why and by which line", () => {
    const [finding] = find("in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20 every 1ms")
    expect(findingLine(finding!)).toMatchInlineSnapshot(`
      {
        "action": "block",
        "blockFor": 3600,
        "confidence": "high",
        "detector": "port-scan",
        "evidence": {
          "count": 20,
          "first": "2023-11-14T22:13:20.000000Z",
          "last": "2023-11-14T22:13:20.019000Z",
          "packets": [
            "203.0.113.9:40017 > 192.0.2.1:1017 tcp SYN, refused",
            "203.0.113.9:40018 > 192.0.2.1:1018 tcp SYN, refused",
            "203.0.113.9:40019 > 192.0.2.1:1019 tcp SYN, refused",
          ],
        },
        "kind": "vertical-syn-scan",
        "manySources": false,
        "policy": "p.yaml:2",
        "proven": false,
        "repetition": 1,
        "sourceCount": 1,
        "sources": [
          "203.0.113.9",
        ],
        "target": {
          "address": "192.0.2.1",
          "addressCount": 1,
          "portCount": 20,
          "ports": [
            1001,
            1002,
            1003,
            1004,
            1005,
            1006,
            1007,
            1008,
            1009,
            1010,
            1011,
            1012,
            1013,
            1014,
            1015,
            1016,
          ],
          "protocol": "tcp",
        },
        "text": "203.0.113.9 tried 20 or more closed TCP ports within 0.019 s, towards 192.0.2.1",
        "threshold": "more than 19 in 1m",
        "time": "2023-11-14T22:13:20.019000Z",
      }
    `)
  })

  test("knows whether its source has proved its address", () => {
    const scan = "+1s in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20"
    const proven = find(`${handshake("203.0.113.9:2000")}\n${scan}`)
    expect(proven.map(({ proven }) => proven)).toEqual([true])
    const guessed = `in eth0 203.0.113.9:2000 > 192.0.2.1:80 S seq 100
      out eth0 192.0.2.1:80 > 203.0.113.9:2000 S. seq 500 ack 101
      in eth0 203.0.113.9:2000 > 192.0.2.1:80 . seq 101 ack 777`
    expect(find(`${guessed}\n${scan}`).map(({ proven }) => proven)).toEqual([false])
  })

  test("is told once while it goes on, then once in a while", () => {
    const scan = "in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 200 every 1s"
    const policy = `${closedPolicy}\ndetect: { slow-port-scan: off }`
    expect(find(scan, policy).map(({ repetition, at }) => [repetition, at - 1.7e9])).toEqual([
      [1, 19],
      [2, 79],
      [3, 139],
      [4, 199],
    ])
  })

  test("of somebody else's address asks for nothing", () => {
    const policy = `${closedPolicy}\ndetect: { land-attack: block }`
    expect(find("in eth0 192.0.2.1:80 > 192.0.2.1:80 S", policy).map(({ action }) => action)).toEqual([
      "notify",
    ])
  })

  test("of a limit that is spent is none of closed ports", () => {
    const policy = "protect: { wan: { syn-floods: 1/second burst 1 } }\ndetect: { port-scan: block }"
    expect(find("in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 60", policy)).toEqual([])
  })
})

describe("failed logins", () => {
  const login = (time: number, outcome: LoginEvent["outcome"] = "failed"): LoginEvent => ({
    event: "login",
    time,
    service: "sshd",
    source: parseAddress("203.0.113.9")!,
    sourcePort: 4000,
    user: "root",
    outcome,
    line: "Failed password for root",
  })
  const found = (events: readonly LoginEvent[]) => {
    const findings: Finding[] = []
    const detection = new Detection(standardDetectors(), { sees: "some" }, (each) => findings.push(each))
    for (const event of events) detection.take(event)
    return findings
  }

  test("the tenth within ten minutes, and its address is proven", () => {
    const ten = found(Array.from({ length: 10 }, (_, index) => login(index * 60)))
    expect(ten.map(({ kind, proven, action }) => [kind, proven, action])).toEqual([
      ["failed-sshd-logins", true, "block"],
    ])
    expect(found(Array.from({ length: 9 }, (_, index) => login(index * 60)))).toEqual([])
    expect(found(Array.from({ length: 30 }, (_, index) => login(index * 70)))).toEqual([])
    expect(found(Array.from({ length: 30 }, (_, index) => login(index, "accepted")))).toEqual([])
  })
})

test("a million forged sources take no more memory than a thousand, and a scanner among them is found", () => {
  const findings: Finding[] = []
  const detection = new Detection(standardDetectors(), { sees: "all" }, (each) => findings.push(each))
  const event = new PacketEvent()
  const target = parseAddress("192.0.2.1")!
  let state = 7
  const send = (source: number, port: number, time: number) => {
    setEnds(event, { family: 4, words: [source] }, target)
    Object.assign(event, { time, protocol: 6, tcpFlags: 2, tcpSequence: state, ctState: 8, verdict: DROPPED })
    event.sourcePort = (state & 0xffff) | 1024
    event.destinationPort = port
    detection.packet(event)
  }
  const rest = () => {
    const { gc } = globalThis as { gc?: () => void }
    gc?.()
    return process.memoryUsage()
  }
  const flood = (packets: number, from: number) => {
    for (let index = 0; index < packets; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      send(state, 80, from + index * 1e-5)
    }
  }
  for (let port = 0; port < 40; port++) send(0xcb00710a, 1000 + port, 1.7e9)
  flood(1000, 1.7e9)
  const before = rest().arrayBuffers
  for (let part = 0; part < 100; part++) {
    flood(10_000, 1.7e9 + 1 + part / 10)
    // A scanner that tries five ports for every ten thousand forged SYNs.
    for (let port = 0; port < 5; port++) send(0xcb007109, 1000 + part * 5 + port, 1.7e9 + 1.1 + part / 10)
  }
  expect(rest().arrayBuffers - before).toBeLessThan(1e6)
  const kinds = new Set(brief(findings).map((line) => line.replace(/ \d+$/, "")))
  expect(kinds).toContain("port-scan vertical-syn-scan 203.0.113.9")
  expect(kinds).toContain("distributed-flood forged-syn-flood many")
  expect(findings.length).toBeLessThan(12)
})

test("each detector's findings of forged sources are bounded", () => {
  const found = find('in eth0 198.18.0.1++:1000 > 192.0.2.1:80 S "x" repeat 1000 every 1ms', openPolicy)
  const alone = found.filter(({ detector }) => detector === "data-in-syn")
  expect(alone).toHaveLength(101)
  expect(alone.at(-1)).toMatchObject({ manySources: true, sourceCount: 101 })
})

test("the same packets give the same findings, and none before its threshold", () => {
  const step = fc.record({
    source: fc.integer({ min: 1, max: 3 }),
    port: fc.integer({ min: 1, max: 60 }),
    flags: fc.constantFrom("S", "F", ".", "S.", "R", "none"),
    pause: fc.constantFrom("1ms", "1s", "20s"),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const script = steps
        .map(
          ({ source, port, flags, pause }) =>
            `+${pause} in eth0 203.0.113.${source}:4000 > 192.0.2.1:${port} ${flags}`,
        )
        .join("\n")
      const once = find(script)
      expect(find(script)).toEqual(once)
      for (const { detector, kind, evidence } of once) {
        // Five by FIN or without flags, which nobody honest sends.
        if (detector === "port-scan")
          expect(evidence.count).toBeGreaterThanOrEqual(/-(fin|null|xmas|odd)-scan$/.test(kind) ? 5 : 20)
        expect(evidence.last).toBeGreaterThanOrEqual(evidence.first)
      }
    }),
    { numRuns: 20 },
  )
})

test("every detector has its words in the policy, and the other way round", () => {
  expect(detectorKinds.map(({ name }) => name).sort()).toEqual(detectorWords.map(({ name }) => name).sort())
})

describe("other settings", () => {
  const source = parseAddress("203.0.113.9")!
  const failed = (time: number): LoginEvent => ({
    event: "login",
    time,
    service: "sshd",
    source,
    sourcePort: 4000,
    user: "root",
    outcome: "failed",
    line: "Failed password for root",
  })
  const settingsOf = (words: string) =>
    compiled(`${closedPolicy}\ndetect: { failed-logins: ${words} }`).detect

  test.each([
    { change: "nothing", to: "more than 9 in 10m", found: ["block 3600"] },
    {
      change: "what is done",
      to: "{ limit: more than 9 in 10m, action: notify, block-for: 2h }",
      found: ["notify 7200"],
    },
    { change: "the limit", to: "more than 8 in 10m", found: [] },
    { change: "it is off", to: "off", found: [] },
  ])("$change: five of ten failed logins before, five after", ({ to, found }) => {
    const findings: Finding[] = []
    const detection = new Detection(settingsOf("more than 9 in 10m"), { sees: "some" }, (each) =>
      findings.push(each),
    )
    for (let time = 0; time < 5; time++) detection.take(failed(time))
    detection.reconfigure(settingsOf(to))
    for (let time = 5; time < 10; time++) detection.take(failed(time))
    expect(findings.map(({ action, blockFor }) => `${action} ${blockFor}`)).toEqual(found)
  })
})
