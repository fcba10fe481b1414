import { expect, test } from "vitest"
import { brief, find, handshake, lines, openPolicy } from "../guard/find-fixture.js"

interface Case {
  readonly title: string
  readonly script: string
  readonly policy?: string
}

/** A service behind the firewall that answers, and later does not: a port each, so that many of them look like a scan. */
const visit = (client: string, server: string) => `
+1ms in eth0 out eth1 ${client} > ${server} S seq 100
+1ms in eth1 out eth0 ${server} > ${client} S. seq 500 ack 101
+1ms in eth0 out eth1 ${client} > ${server} . seq 101 ack 501
+1ms in eth0 out eth1 ${client} > ${server} F. seq 101 ack 501
+1ms in eth1 out eth0 ${server} > ${client} F. seq 501 ack 102
+1ms in eth0 out eth1 ${client} > ${server} . seq 102 ack 502`

const honest: readonly Case[] = [
  {
    title:
      "a monitor asks 25 exporters of a host; the host is restarted, and resets them all for two minutes",
    script: `${lines(25, (index) => visit(`203.0.113.9:${2000 + index}`, `10.0.0.9:${9100 + index}`))}
      +60s in eth0 198.51.100.1:5 > 192.0.2.1:80 S
      ${lines(
        50,
        (index) => `+1s in eth0 out eth1 203.0.113.9:${3000 + index} > 10.0.0.9:${9100 + (index % 25)} S seq 7
          in eth1 out eth0 10.0.0.9:${9100 + (index % 25)} > 203.0.113.9:${3000 + index} R. ack 8`,
      )}`,
    policy: openPolicy,
  },
  {
    title: "a crawler visits thirty sites of a hoster, and the hoster's network is cut off",
    script: `${lines(30, (index) => visit(`203.0.113.9:${2000 + index}`, `10.0.1.${index + 1}:443`))}
      +600s in eth0 198.51.100.1:5 > 192.0.2.1:80 S
      ${lines(30, (index) => `+1s in eth0 out eth1 203.0.113.8:${3000 + index} > 10.0.1.${index + 1}:443 S seq 7`)}
      +20s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
  },
  {
    title: "a remote desktop is restarted while its user tries again and again",
    script: `${visit("203.0.113.9:2000", "10.0.0.9:3389")}
      ${lines(
        10,
        (index) => `+5s in eth0 out eth1 203.0.113.9:${3000 + index} > 10.0.0.9:3389 S seq 7
          in eth1 out eth0 10.0.0.9:3389 > 203.0.113.9:${3000 + index} R. ack 8`,
      )}`,
    policy: openPolicy,
  },
  {
    title: "a set-top box joins thirty groups",
    script: lines(30, (index) => `+1s in eth0 203.0.113.9 > 239.1.1.${index + 1} proto 2 len 8`),
    policy: openPolicy,
  },
  {
    title: "routers speak to each other: OSPF, VRRP, PIM, IGMP",
    script: lines(
      10,
      () => `+5s in eth0 203.0.113.9 > 224.0.0.5 proto 89 len 44
        in eth0 203.0.113.9 > 224.0.0.18 proto 112 len 20
        in eth0 203.0.113.9 > 224.0.0.13 proto 103 len 30
        in eth0 203.0.113.9 > 224.0.0.1 proto 2 len 8
        in eth0 203.0.113.9 > 224.0.0.6 proto 89 len 44
        in eth0 203.0.113.9 > 192.0.2.1 proto 89 len 44
        in eth0 203.0.113.9 > 192.0.2.1 proto 47 len 44
        in eth0 203.0.113.9 > 192.0.2.1 proto 50 len 44
        in eth0 203.0.113.9 > 224.0.0.22 proto 103 len 44
        in eth0 203.0.113.9 > 224.0.0.10 proto 88 len 40
        in eth0 203.0.113.9 > 224.0.0.22 proto 2 len 40
        in eth0 203.0.113.9 > 224.0.0.2 proto 2 len 8`,
    ),
    policy: openPolicy,
  },
  {
    title: "an IPv6 network: neighbours, routers, MLD, and thirty hosts of one /64",
    script: lines(
      60,
      (
        index,
      ) => `+100ms in eth0 [2001:db8:9::${(index + 16).toString(16)}] > [ff02::1:ff00:${index + 1}] icmpv6 type 135 code 0 len 24
        in eth0 [2001:db8:9::${(index + 16).toString(16)}] > [ff02::16] icmpv6 type 143 code 0 len 20
        in eth0 [fe80::1] > [ff02::1] icmpv6 type 134 code 0 len 24`,
    ),
    policy: openPolicy,
  },
  {
    title: "a browser opens sixty connections, over both IP versions, and hangs up on the slower",
    script: lines(
      60,
      (index) => `${visit(`[2001:db8:9::7]:${2000 + index}`, `[2001:db8:1::1]:${index % 2 ? 80 : 443}`)}
        +1ms in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${index % 2 ? 80 : 443} S seq 9
        +1ms out eth0 192.0.2.1:${index % 2 ? 80 : 443} > 203.0.113.9:${2000 + index} S. seq 4 ack 10
        in eth0 203.0.113.9:${2000 + index} > 192.0.2.1:${index % 2 ? 80 : 443} R seq 10`,
    )
      .replaceAll(" out eth1 [", " [")
      .replaceAll("in eth1 out eth0 [", "out eth0 ["),
    policy: openPolicy,
  },
  {
    title: "somebody pings as fast as it goes, and is answered",
    script: "in eth0 203.0.113.9 > 192.0.2.1 icmp echo-request id 7 repeat 900 every 11ms",
    policy: openPolicy,
  },
  {
    title: "an FTP client fetches thirty files, a passive port each",
    script: `${handshake("203.0.113.9:2000", "192.0.2.1:21")}
      ${lines(30, (index) => handshake(`203.0.113.9:${2001 + index}`, `192.0.2.1:${50000 + index * 7}`))}`,
    policy: openPolicy,
  },
  {
    title: "an FTP server outside opens thirty connections to a client inside (active mode)",
    script: `+1ms in eth1 out eth0 10.0.0.5:3000 > 203.0.113.9:21 S seq 1
      +1ms in eth0 out eth1 203.0.113.9:21 > 10.0.0.5:3000 S. seq 5 ack 2
      ${lines(
        30,
        (index) => `+1s in eth0 out eth1 203.0.113.9:20 > 10.0.0.5:${4000 + index} S seq ${index}
          in eth1 out eth0 10.0.0.5:${4000 + index} > 203.0.113.9:20 S. seq 7 ack ${index + 1}
          in eth0 out eth1 203.0.113.9:20 > 10.0.0.5:${4000 + index} . seq ${index + 1} ack 8`,
      )}`,
    policy: openPolicy,
  },
  {
    title:
      "messengers of an office: the gateway has forgotten forty connections, and the far end says that it is still there",
    script: lines(
      40,
      (
        index,
      ) => `+500ms in eth0 out eth1 203.0.113.9:5228 > 10.0.0.${index + 1}:${40000 + index} . seq 1 ack 7
        in eth1 out eth0 10.0.0.${index + 1}:${40000 + index} > 203.0.113.9:5228 . seq 7 ack 1`,
    ),
    policy: openPolicy,
  },
  {
    title: "answers alone are seen: SYN-ACKs and data of forty servers",
    script: lines(
      40,
      (index) => `+50ms in eth0 out eth1 203.0.113.9:443 > 10.0.0.5:${3000 + index} S. seq 4 ack 10
        +5ms in eth0 out eth1 203.0.113.9:443 > 10.0.0.5:${3000 + index} . seq 5 ack 90 "data"`,
    ),
    policy: openPolicy,
  },
  {
    title: "questions alone are seen: forty connections to forty ports, each with data",
    script: lines(
      40,
      (index) => `+50ms in eth0 out eth1 203.0.113.9:${3000 + index} > 10.0.0.5:${8000 + index} S seq 4
        +5ms in eth0 out eth1 203.0.113.9:${3000 + index} > 10.0.0.5:${8000 + index} . seq 5 ack 90 "data"`,
    ),
    policy: openPolicy,
  },
  {
    title: "a game's server browser and the game: each of sixty players from one NAT",
    script: lines(
      60,
      (index) => `+20ms in eth0 out eth1 203.0.113.9:${20000 + index} > 10.0.0.5:27015 udp len 25
        in eth1 out eth0 10.0.0.5:27015 > 203.0.113.9:${20000 + index} udp len 300
        +20ms in eth0 out eth1 203.0.113.9:${20000 + index} > 10.0.0.5:27016 udp len 25 repeat 30 every 10ms`,
    ),
    policy: openPolicy,
  },
  {
    title: "thirty calls, whose phones refuse reports",
    script: lines(
      30,
      (call) => `+50ms in eth0 203.0.113.9:${20000 + call * 2} > 192.0.2.1:${30000 + call * 2} udp len 172
        +1ms out eth0 192.0.2.1:${30000 + call * 2} > 203.0.113.9:${20000 + call * 2} udp len 172
        +1ms in eth0 203.0.113.9:${20001 + call * 2} > 192.0.2.1:${30001 + call * 2} udp len 60
        out eth0 192.0.2.1 > 203.0.113.9 icmp port-unreachable quote (203.0.113.9:${20001 + call * 2} > 192.0.2.1:${30001 + call * 2} udp len 60)`,
    ),
    policy: openPolicy,
  },
  {
    title: "QUIC of a phone that changes its address",
    script: lines(
      50,
      (index) => `+200ms in eth0 203.0.113.${index + 1}:${20000 + index} > 192.0.2.1:443 udp len 1200
        +10ms out eth0 192.0.2.1:443 > 203.0.113.${index + 1}:${20000 + index} udp len 1200`,
    ),
    policy: openPolicy,
  },
  {
    title: "path MTU: a router says again and again that packets are too big",
    script: lines(
      100,
      (index) => `+10ms out eth0 192.0.2.1:443 > 203.0.113.9:${3000 + index} . seq 1 ack 1 len 1400
        in eth0 198.51.100.7 > 192.0.2.1 icmp type 3 code 4 mtu 1400 quote (192.0.2.1:443 > 203.0.113.9:${3000 + index} .)`,
    ),
    policy: openPolicy,
  },
]

/** What looks like them, and is a scan all the same. */
const scans: readonly (Case & { readonly found: readonly string[] })[] = [
  {
    title: "beside thirty services that answer, twenty ports that never did",
    script: `${lines(30, (index) => visit(`203.0.113.9:${2000 + index}`, `10.0.0.9:${9100 + index}`))}
      ${lines(
        50,
        (index) => `+1s in eth0 out eth1 203.0.113.8:${3000 + index} > 10.0.0.9:${9100 + index} S seq 7
          in eth1 out eth0 10.0.0.9:${9100 + index} > 203.0.113.8:${3000 + index} R. ack 8`,
      )}`,
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 203.0.113.8 20"],
  },
  {
    title: "datagrams three times to each port, and the capture ends with the scan",
    script: `in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ udp len 8 repeat 30 every 10ms
      +10ms in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ udp len 8 repeat 30 every 10ms
      +10ms in eth0 203.0.113.9:40000 > 192.0.2.1:1000++ udp len 8 repeat 30 every 10ms`,
    policy: openPolicy,
    found: ["udp-port-scan vertical-udp-scan 203.0.113.9 20"],
  },
  {
    title: "one IP protocol after the other, beside groups",
    script: `in eth0 203.0.113.9 > 224.0.0.22 proto 2 len 8
      ${lines(12, (number) => `+10ms in eth0 203.0.113.9 > 192.0.2.1 proto ${60 + number} len 8`)}`,
    policy: openPolicy,
    found: ["port-scan protocol-scan 203.0.113.9 10"],
  },
]

test.each(scans)("a scan: $title", ({ script, policy, found }) => {
  expect(brief(find(script, policy))).toEqual(found)
})

test.each([
  { title: "a stranger", before: "", isVisitor: undefined },
  {
    title: "one who has come once, to each of five ports",
    before: lines(5, (index) => visit(`203.0.113.9:${2000 + index}`, `10.0.0.9:${80 + index}`)),
    isVisitor: undefined,
  },
  {
    title: "one who has come five times to one",
    before: lines(5, (index) => visit(`203.0.113.9:${2000 + index}`, "10.0.0.9:443")),
    isVisitor: undefined,
  },
  {
    title: "one who has come six times to one",
    before: lines(6, (index) => visit(`203.0.113.9:${2000 + index}`, "10.0.0.9:443")),
    isVisitor: true,
  },
])("a scan in the name of $title", ({ before, isVisitor }) => {
  const [finding] = find(
    `${before}\n+1s in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20 every 1ms`,
  )
  expect(finding).toMatchObject({ detector: "port-scan", proven: before !== "" })
  expect(finding?.isVisitor).toBe(isVisitor)
})

test("who scans first, and comes six times to what is open meanwhile, is no visitor", () => {
  const during = lines(6, (index) => handshake(`203.0.113.9:${2000 + index}`, "192.0.2.1:80"))
  const [finding] = find(`in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 10 every 1ms
    ${during}
    in eth0 203.0.113.9:40000++ > 192.0.2.1:2000++ S repeat 10 every 1ms`)
  expect(finding).toMatchObject({ detector: "port-scan", proven: true })
  expect(finding?.isVisitor).toBeUndefined()
})

test.each(honest)("nobody is found: $title", ({ script, policy }) => {
  expect(brief(find(script, policy))).toEqual([])
})
