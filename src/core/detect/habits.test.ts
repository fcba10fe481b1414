import { expect, test } from "vitest"
import { brief, find, handshake, lines, openPolicy } from "../guard/find-fixture.js"

interface Case {
  readonly title: string
  readonly script: string
  readonly policy?: string
  readonly found: readonly string[]
}

const through = (client: string, server: string) =>
  handshake(client, server)
    .replaceAll(" in eth0", " in eth0 out eth1")
    .replaceAll(" out eth0 ", " in eth1 out eth0 ")

/** Habits of tools that scan. */
const scans: readonly Case[] = [
  {
    title: "connections from one /64, each from another address of it",
    script: lines(
      30,
      (
        index,
      ) => `+1s in eth0 [2001:db8:7::${index + 1}]:${3000 + index} > [2001:db8:1::1]:${2000 + index} S seq ${index}
        out eth0 [2001:db8:1::1]:${2000 + index} > [2001:db8:7::${index + 1}]:${3000 + index} R. ack ${index + 1}`,
    ),
    policy: openPolicy,
    found: ["port-scan vertical-syn-scan 2001:db8:7::20 20"],
  },
  {
    title: "one port of many hosts of IPv6",
    script: lines(
      30,
      (index) => `+1s in eth0 out eth1 [2001:db8:7::1]:40000 > [2001:db8:2::${index + 1}]:22 S seq ${index}`,
    ),
    found: ["port-scan horizontal-syn-scan 2001:db8:7::1 20"],
  },
  {
    title: "QUIC asked of thirty hosts, each once",
    script: `${lines(30, (index) => `+0.2s in eth0 out eth1 203.0.113.9:40000 > 10.0.1.${index + 1}:443 udp len 1200`)}
      +20s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: ["udp-port-scan horizontal-udp-scan 203.0.113.9 20"],
  },
  {
    title: "one port a minute for an hour (-T1 is quicker)",
    script: lines(
      60,
      (index) => `+1m in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${2000 + index} S seq ${index}`,
    ),
    found: ["slow-port-scan vertical-syn-scan 203.0.113.9 40"],
  },
  {
    title: "one port each five minutes (-T0)",
    script: lines(
      60,
      (index) => `+5m in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${2000 + index} S seq ${index}`,
    ),
    // Told again after an hour.
    found: [
      "slow-port-scan vertical-syn-scan 203.0.113.9 40",
      "slow-port-scan vertical-syn-scan 203.0.113.9 52",
    ],
  },
  {
    title: "by an idle host that somebody else watches (-sI): in its name, and it resets what it is answered",
    script: lines(
      30,
      (index) => `+0.1s in eth0 203.0.113.9:80 > 192.0.2.1:${60 + index} S seq 7
        ${index === 20 ? "out eth0 192.0.2.1:80 > 203.0.113.9:80 S. seq 9 ack 8\nin eth0 203.0.113.9:80 > 192.0.2.1:80 R seq 8" : ""}`,
    ),
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
  {
    title: "one source port, one number, random order (unicornscan)",
    script: lines(
      30,
      (index) => `+3ms in eth0 203.0.113.9:51234 > 192.0.2.1:${2000 + ((index * 7919) % 997)} S seq 99`,
    ),
    found: ["port-scan vertical-syn-scan 203.0.113.9 20"],
  },
]

test.each(scans)("found: $title", ({ script, policy, found }) => {
  expect(brief(find(script, policy))).toEqual(found)
})

/** What looks alike, and is not. What is told of here (`found`) blocks nobody. */
const honest: readonly Case[] = [
  {
    title: "a load balancer asks thirty ports each ten seconds; ten of them have been down all the time",
    script: lines(
      90,
      (index) => `+0.3s in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 30)} S seq 7
        ${
          index % 3 === 0
            ? `out eth0 192.0.2.1:${9000 + (index % 30)} > 203.0.113.9:${3000 + index} R. ack 8`
            : `out eth0 192.0.2.1:${9000 + (index % 30)} > 203.0.113.9:${3000 + index} S. seq 1 ack 8
               in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 30)} . seq 8 ack 2
               in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 30)} F. seq 8 ack 2`
        }`,
    ),
    policy: openPolicy,
    found: [],
  },
  {
    title: "a monitor of forty services, fifteen of which are down, for half an hour",
    script: lines(
      1200,
      (index) => `+1.5s in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 40)} S seq 7
        ${
          index % 40 < 15
            ? `out eth0 192.0.2.1:${9000 + (index % 40)} > 203.0.113.9:${3000 + index} R. ack 8`
            : `out eth0 192.0.2.1:${9000 + (index % 40)} > 203.0.113.9:${3000 + index} S. seq 1 ack 8
               in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 40)} . seq 8 ack 2
               in eth0 203.0.113.9:${3000 + index} > 192.0.2.1:${9000 + (index % 40)} F. seq 8 ack 2`
        }`,
    ),
    policy: openPolicy,
    found: [],
  },
  {
    title: "a mail server that is greylisted tries two hundred times",
    script: lines(200, (index) => through(`203.0.113.9:${3000 + index}`, "10.0.0.5:25")),
    found: [],
    policy: openPolicy,
  },
  {
    title: "a domain's client: names, Kerberos, LDAP, SMB, and what its server is not",
    script: `${lines(12, (index) => through(`203.0.113.9:${3000 + index}`, `10.0.0.5:${[53, 88, 135, 139, 389, 445, 464, 636, 3268, 3269, 49664, 49667][index]}`))}
      ${lines(
        8,
        (
          index,
        ) => `+1s in eth0 out eth1 203.0.113.9:${4000 + index} > 10.0.0.5:${[80, 443, 593, 5357, 5985, 9389, 49668, 49669][index]} S
        in eth1 out eth0 10.0.0.5:${[80, 443, 593, 5357, 5985, 9389, 49668, 49669][index]} > 203.0.113.9:${4000 + index} R. ack 1`,
      )}`,
    policy: openPolicy,
    found: [],
  },
  {
    title: "two browsers look for a way to each other (ICE): six candidates of each, of which two answer",
    script: lines(
      72,
      (
        index,
      ) => `+20ms in eth1 out eth0 10.0.0.5:${50_000 + (index % 6)} > 203.0.113.9:${60_000 + (Math.floor(index / 6) % 6)} udp len 100
        in eth0 out eth1 203.0.113.9:${60_000 + (Math.floor(index / 6) % 6)} > 10.0.0.5:${50_000 + (index % 6)} udp len 100`,
    ),
    policy: openPolicy,
    found: [],
  },
  {
    title: "the other browser begins, from a relay that nobody has called",
    script: `${lines(72, (index) => `+20ms in eth0 out eth1 203.0.113.${9 + (index % 3)}:${60_000 + (index % 6)} > 10.0.0.5:${50_000 + (Math.floor(index / 6) % 8)} udp len 100`)}
      +20s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: [],
  },
  {
    title: "peers of a swarm connect to a port that is gone, a hundred of them, each three times",
    script: lines(
      300,
      (index) => `+0.1s in eth0 203.0.${index % 100}.9:${3000 + index} > 192.0.2.1:51413 S seq ${index}`,
    ),
    found: [],
  },
  {
    title: "a VPN's client roams: an address each minute",
    script: lines(
      30,
      (index) => `+1m in eth0 203.0.${index}.9:51820 > 192.0.2.1:51820 udp len 148
        +20ms out eth0 192.0.2.1:51820 > 203.0.${index}.9:51820 udp len 92`,
    ),
    policy: openPolicy,
    found: [],
  },
  {
    title: "a phone that changes its address begins anew each time, at the same three services",
    script: lines(60, (index) =>
      handshake(`203.0.${index % 20}.9:${3000 + index}`, `192.0.2.1:${[80, 443, 22][index % 3]}`),
    ),
    found: [],
  },
  {
    title: "a file server's client asks the port mapper, and then what that named",
    script: lines(8, (index) =>
      through(
        `203.0.113.9:${700 + index}`,
        `10.0.0.5:${[111, 2049, 20048, 32803, 662, 875, 892, 4045][index]}`,
      ),
    ),
    policy: openPolicy,
    found: [],
  },
  {
    title:
      "a management station asks forty devices by SNMP, and half of them are away: told, as long as they are",
    script: `${lines(
      120,
      (index) => `+0.2s in eth0 out eth1 203.0.113.9:40000 > 10.0.1.${(index % 40) + 1}:161 udp len 60
        ${index % 2 === 0 ? `+1ms in eth1 out eth0 10.0.1.${(index % 40) + 1}:161 > 203.0.113.9:40000 udp len 80` : ""}`,
    )}
      +20s in eth0 198.51.100.1:5 > 192.0.2.1:80 S`,
    policy: openPolicy,
    found: ["udp-port-scan horizontal-udp-scan 203.0.113.9 20"],
  },
]

test.each(honest)("nobody is kept out: $title", ({ script, policy, found }) => {
  const findings = find(script, policy)
  expect(brief(findings)).toEqual(found)
  expect(findings.filter(({ action }) => action === "block")).toEqual([])
})
