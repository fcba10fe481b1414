import { describe, expect } from "vitest"
import { kernelTest } from "./support/kernel-test.js"
import {
  counts,
  type Placement,
  passes,
  placeProbes,
  protect,
  rulesFor,
  silenceResets,
} from "./support/protect.js"

/** Where a packet comes from and goes to, in a packet script's words. */
interface Way {
  readonly name: string
  readonly family: 4 | 6
  /** `source(3)`: the third attacker; with a port `source(3, 1000)`. */
  source(host: number, port?: number): string
  destination(port?: number): string
}

const ways: readonly Way[] = ([4, 6] as const).flatMap((family) =>
  (["this host", "through it"] as const).map((goal): Way => {
    const own = goal === "this host"
    const to = family === 4 ? (own ? "192.0.2.1" : "198.51.100.2") : own ? "2001:db8:1::1" : "2001:db8:2::2"
    const write = (address: string, port?: number) =>
      port === undefined ? address : family === 4 ? `${address}:${port}` : `[${address}]:${port}`
    return {
      name: `IPv${family}, ${goal}`,
      family,
      source: (host, port) => write(family === 4 ? `203.0.113.${host}` : `2001:db8:66:${host}::1`, port),
      destination: (port) => write(to, port),
    }
  }),
)

interface Case {
  readonly name: string
  readonly wan: string
  readonly margin?: string
  readonly ways?: (way: Way) => boolean
  /** Packets that are dropped; without rules all that reach a hook behind reassembly pass. */
  attack(way: Way): string
  /** How many of them pass without rules, where not all do. */
  readonly control?: number
  readonly sent: number
  /** Of the attack, how many pass with the rules. */
  readonly leaks?: number
  /** Honest packets, and how many pass with the rules: all of them. */
  honest?(way: Way): string
  readonly honestSent?: number
  /** Connections are counted: see silenceResets. */
  readonly countsConnections?: true
  /** Chains that counted the drops. */
  counted(way: Way): Record<string, number>
}

const tcp = (way: Way, flags: string, more = "", host = 9) =>
  `${way.source(host, 40000)} > ${way.destination(80)} ${flags} ${more}`

const echo = (way: Way, host: number, count: number) =>
  `${way.source(host)} > ${way.destination()} icmp echo-request id 7 seq 1 repeat ${count}`

const cases: readonly Case[] = [
  {
    name: "malformed-null",
    wan: "malformed-null: drop",
    sent: 3,
    attack: (way) => tcp(way, "none", "repeat 3"),
    honest: (way) => tcp(way, "S"),
    honestSent: 1,
    counted: () => ({ "wan/malformed-null": 3 }),
  },
  {
    name: "malformed-xmas",
    wan: "malformed-xmas: drop",
    sent: 3,
    attack: (way) => tcp(way, "FSRP.U", "repeat 3"),
    honest: (way) => tcp(way, "F."),
    honestSent: 1,
    counted: () => ({ "wan/malformed-xmas": 3 }),
  },
  {
    name: "malformed-bad",
    wan: "malformed-bad: drop",
    sent: 9,
    attack: (way) =>
      ["SF", "SR", "FR", "F", "P", "U", "FPU", "SP", "FSRP.U"].map((flags) => tcp(way, flags)).join("\n"),
    honest: (way) =>
      ["S", "S.", ".", "P.", "F.", "R", "R.", "PU."].map((flags) => tcp(way, flags)).join("\n"),
    honestSent: 8,
    counted: () => ({ "wan/malformed-bad": 9 }),
  },
  {
    name: "invalid",
    wan: "invalid: drop",
    sent: 2,
    attack: (way) => [tcp(way, "S."), tcp(way, "R")].join("\n"),
    honest: (way) => [tcp(way, "S"), echo(way, 3, 1)].join("\n"),
    honestSent: 2,
    counted: () => ({ "wan/invalid": 2 }),
  },
  {
    name: "new-tcp-without-syn",
    wan: "new-tcp-without-syn: drop",
    sent: 2,
    attack: (way) => [tcp(way, "."), tcp(way, "P.", "len 5", 10)].join("\n"),
    honest: (way) => tcp(way, "S", "", 11),
    honestSent: 1,
    counted: () => ({ "wan/new-tcp-without-syn": 2 }),
  },
  {
    name: "spoofed-source",
    wan: "spoofed-source: drop",
    // Linux itself refuses them for IPv4, behind prerouting.
    ways: ({ family }) => family === 6,
    sent: 1,
    attack: (way) => `[2001:db8:1::1]:40000 > ${way.destination(80)} S`,
    honest: (way) => tcp(way, "S"),
    honestSent: 1,
    counted: () => ({ "wan/spoofed-source": 1 }),
  },
  {
    name: "land",
    wan: "land: drop",
    ways: ({ name }) => name !== "IPv4, this host",
    sent: 2,
    attack: (way) =>
      `${way.destination(139)} > ${way.destination(139)} S\n${way.destination(139)} > ${way.destination(80)} udp len 3`,
    honest: (way) => `${tcp(way, "S")}\n${way.source(9, 80)} > ${way.destination(80)} udp len 3`,
    honestSent: 2,
    counted: () => ({ "wan/land": 2 }),
  },
  {
    name: "small-mss",
    wan: "small-mss: drop",
    sent: 2,
    attack: (way) => `${tcp(way, "S", "mss 48")}\n${tcp(way, "S", "mss 87", 10)}`,
    honest: (way) => `${tcp(way, "S", "mss 88")}\n${tcp(way, "S", "", 12)}`,
    honestSent: 2,
    counted: () => ({ "wan/small-mss": 2 }),
  },
  {
    name: "syn-floods: each source has its own limit",
    wan: "syn-floods: 1/minute burst 5",
    sent: 40,
    leaks: 5,
    attack: (way) => `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(80)} S repeat 40`,
    honest: (way) => `${tcp(way, "S", "", 10)}\n${echo(way, 9, 2)}`,
    honestSent: 3,
    counted: () => ({ "wan/syn-floods": 35 }),
  },
  {
    name: "icmp-floods",
    wan: "icmp-floods: 1/minute burst 5",
    sent: 40,
    leaks: 5,
    attack: (way) => echo(way, 9, 40),
    honest: (way) => `${echo(way, 10, 1)}\n${tcp(way, "S")}`,
    honestSent: 2,
    counted: () => ({ "wan/icmp-floods": 35 }),
  },
  {
    name: "udp-floods: one socket's datagrams, which no number of connections shows",
    wan: "udp-floods: { limit: 1/minute burst 5, action: drop }",
    ways: ({ name }) => name === "IPv4, through it" || name === "IPv6, this host",
    sent: 40,
    leaks: 5,
    attack: (way) => `${way.source(9, 1000)} > ${way.destination(53)} udp len 9 repeat 40`,
    honest: (way) => `${way.source(10, 5000)} > ${way.destination(53)} udp len 9 repeat 5\n${tcp(way, "S")}`,
    honestSent: 6,
    counted: () => ({ "wan/udp-floods": 35 }),
  },
  {
    name: "udp-floods: notify counts what is beyond, and drops none",
    wan: "udp-floods: { limit: 1/minute burst 5, action: notify }",
    ways: ({ name }) => name === "IPv4, this host",
    sent: 40,
    leaks: 40,
    attack: (way) => `${way.source(9, 1000)} > ${way.destination(53)} udp len 9 repeat 40`,
    counted: () => ({ "wan/udp-floods": 35 }),
  },
  {
    name: "syn-data",
    wan: "syn-data: drop",
    ways: ({ name }) => name === "IPv4, through it" || name === "IPv6, this host",
    sent: 2,
    attack: (way) => `${tcp(way, "S", "mss 1460 len 1")}\n${tcp(way, "S", "mss 1460 ts 1/0 len 900", 10)}`,
    honest: (way) =>
      [
        tcp(way, "S", "mss 1460 sack ts 1/0 wscale 7", 11),
        tcp(way, "S", "mss 1460 wscale 8 sack", 12),
        tcp(way, "S", "", 13),
        // TCP Fast Open with a cookie of eight bytes.
        tcp(way, "S", "tcp-options 020405b4220a01020304050607080101 len 9", 14),
      ].join("\n"),
    honestSent: 4,
    counted: () => ({ "wan/syn-data": 2 }),
  },
  {
    name: "all-floods",
    wan: "all-floods: 1/minute burst 5",
    sent: 40,
    leaks: 5,
    attack: (way) =>
      `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(53)} udp len 9 repeat 40`,
    honest: (way) => `${way.source(10, 5000)} > ${way.destination(53)} udp len 9 repeat 2`,
    honestSent: 2,
    counted: () => ({ "wan/all-floods": 35 }),
  },
  {
    name: "connection-rate: 60/minute, and only for its ports",
    wan: "connection-rate: { limit: 60/minute burst 3, ports: [22/tcp] }",
    sent: 20,
    leaks: 3,
    attack: (way) => `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(22)} S repeat 20`,
    honest: (way) => `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(80)} S repeat 20`,
    honestSent: 20,
    counted: () => ({ "wan/connection-rate": 17 }),
  },
  {
    name: "connections",
    wan: "connections: { limit: 4, action: drop }",
    countsConnections: true,
    sent: 10,
    leaks: 4,
    attack: (way) => `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(80)} S repeat 10`,
    honest: (way) => tcp(way, "S", "", 10),
    honestSent: 1,
    counted: () => ({ "wan/connections": 6 }),
  },
  {
    name: "connections: notify counts each one above the limit, and drops none",
    wan: "connections: { limit: 4, action: notify }",
    countsConnections: true,
    sent: 10,
    leaks: 10,
    attack: (way) => `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(80)} S repeat 10`,
    honest: (way) => tcp(way, "S", "", 10),
    honestSent: 1,
    counted: () => ({ "wan/connections": 6 }),
  },
  {
    name: "port-floods: the sixth SYN keeps its source from opening anything, at arrival and behind connection tracking",
    wan: "port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }",
    sent: 10,
    leaks: 5,
    attack: (way) =>
      `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(22)} S repeat 8\n+0.01 ${tcp(way, "S")}\n${tcp(way, ".")}`,
    honest: (way) => `${way.source(10, 1000).replace(/1000$/, "1000++")} > ${way.destination(22)} S repeat 5`,
    honestSent: 5,
    counted: () => ({ "wan/port-floods/tcp22": 1, blocked: 3, "wan/state-new": 1 }),
  },
  {
    name: "port-floods: action drop keeps a source from the port only",
    wan: "port-floods: { ssh: { limit: more than 5 in 300s, action: drop, lift: until-quiet } }",
    sent: 9,
    leaks: 6,
    attack: (way) =>
      `${way.source(9, 1000).replace(/1000$/, "1000++")} > ${way.destination(22)} S repeat 8\n${tcp(way, "S")}`,
    counted: () => ({ "wan/port-floods/tcp22": 1, "wan/port-floods/tcp22/held": 2 }),
  },
  {
    name: "decoy-ports: the second contact blocks",
    wan: "decoy-ports: [23/tcp, 3389/tcp]",
    sent: 4,
    leaks: 1,
    attack: (way) =>
      [23, 3389, 80, 443]
        .map((port) => `${way.source(9, 1000 + port)} > ${way.destination(port)} S`)
        .join("\n"),
    honest: (way) => `${way.source(10, 1000)} > ${way.destination(23)} S\n${tcp(way, "S", "", 10)}`,
    honestSent: 2,
    counted: () => ({ "wan/decoy-ports": 1, blocked: 2 }),
  },
  {
    name: "open",
    wan: "open: [80/tcp, 53/udp]",
    sent: 3,
    attack: (way) =>
      [
        `${way.source(9, 1000)} > ${way.destination(22)} S`,
        `${way.source(9, 1000)} > ${way.destination(54)} udp len 4`,
        `${way.source(9, 1000)} > ${way.destination(53)} S`,
      ].join("\n"),
    honest: (way) =>
      [tcp(way, "S"), `${way.source(9, 1000)} > ${way.destination(53)} udp len 4`, echo(way, 9, 1)].join(
        "\n",
      ),
    honestSent: 3,
    counted: () => ({ "wan/open": 3 }),
  },
  {
    name: "blocklist: hosts and networks",
    wan: "blocklist: [203.0.113.9, 198.18.0.0/15, 2001:db8:66:9::1, 2001:db8:bad::/48]",
    sent: 4,
    attack: (way) => {
      const far = way.family === 4 ? "198.19.3.4:9" : "[2001:db8:bad:5::5]:9"
      return [
        tcp(way, "S"),
        tcp(way, "."),
        `${far} > ${way.destination(80)} S`,
        `${far} > ${way.destination(80)} udp len 2`,
      ].join("\n")
    },
    honest: (way) => tcp(way, "S", "", 10),
    honestSent: 1,
    counted: () => ({ blocked: 4 }),
  },
  {
    name: "fragments: all",
    wan: "fragments: drop",
    sent: 3,
    // Reassembled here; passed on one by one where nothing reassembles.
    control: -1,
    attack: (way) => `${way.source(9, 1000)} > ${way.destination(53)} udp len 3000 split 1400`,
    honest: (way) => `${way.source(9, 1000)} > ${way.destination(53)} udp len 1000`,
    honestSent: 1,
    counted: () => ({ "wan/fragments": 3 }),
  },
]

const placements: readonly Placement[] = ["ingress", "prerouting"]

for (const protection of cases) {
  describe(protection.name, () => {
    for (const way of ways.filter(protection.ways ?? (() => true))) {
      for (const placement of placements) {
        kernelTest(`${way.name}, ${placement}`, ({ laboratory }) => {
          placeProbes(laboratory)
          const { attack, honest, sent } = protection
          if (protection.countsConnections) silenceResets(laboratory.firewall)
          const control = passes(laboratory, attack(way))
          if (protection.control === -1) expect(control).toBeGreaterThan(0)
          else expect(control).toBe(protection.control ?? sent)
          protect(laboratory, rulesFor(protection.wan, placement, protection.margin))
          expect(passes(laboratory, attack(way))).toBe(protection.leaks ?? 0)
          expect(countsOf(laboratory, placement)).toEqual(protection.counted(way))
          if (honest) expect(passes(laboratory, honest(way))).toBe(protection.honestSent)
        })
      }
    }
  })
}

/** `blocked` for what the zone's chains drop of blocked sources, wherever they meet them. */
function countsOf(laboratory: Parameters<typeof counts>[0], _placement: Placement): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [chain, count] of Object.entries(counts(laboratory))) {
    const isBlocked = /^wan\/(ingress|arrival6?|syn|fragmented)$/.test(chain)
    const name = isBlocked ? "blocked" : chain
    found[name] = (found[name] ?? 0) + count
  }
  return found
}
