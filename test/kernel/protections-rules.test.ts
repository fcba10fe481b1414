import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { protectionKinds } from "../../src/core/policy/protections/index.js"
import { settle } from "../../src/linux/host/namespace/frame-capture.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { kernelTest } from "./support/kernel-test.js"
import { counts, passes, placeProbes, protect, rulesFor } from "./support/protect.js"

/** What the rules of the language do to the protections: exceptions, lists, bypasses, directions, actions. Sent, passed before, passed with the rules. */
interface Case {
  readonly name: string
  readonly wan: string
  readonly margin?: string
  readonly script: string
  readonly from?: "outside" | "inside"
  readonly before: number
  readonly after: number
  readonly counted?: Record<string, number>
}

const cases: readonly Case[] = [
  {
    name: "for: a host of its own limit, and one without",
    wan: "syn-floods: { limit: 1/minute burst 2, for: { 203.0.113.7: 1/minute burst 6, 203.0.113.8: off, 2001:db8:66:8::/64: off } }",
    script: `203.0.113.7:1000++ > 192.0.2.1:80 S repeat 10
203.0.113.8:1000++ > 192.0.2.1:80 S repeat 10
203.0.113.9:1000++ > 192.0.2.1:80 S repeat 10
[2001:db8:66:8::5]:1000++ > [2001:db8:1::1]:80 S repeat 10
[2001:db8:66:9::5]:1000++ > [2001:db8:1::1]:80 S repeat 10`,
    before: 50,
    after: 6 + 10 + 2 + 10 + 2,
    counted: { "wan/syn-floods": 20 },
  },
  {
    name: "a /64 shares a limit, the next one has its own",
    wan: "syn-floods: 1/minute burst 2",
    script: `[2001:db8:66:9::1]:1000++ > [2001:db8:1::1]:80 S repeat 2
[2001:db8:66:9::2]:1000++ > [2001:db8:1::1]:80 S repeat 2
[2001:db8:66:a::1]:1000++ > [2001:db8:1::1]:80 S repeat 2`,
    before: 6,
    after: 4,
  },
  {
    name: "per everyone: one bucket",
    wan: "syn-floods: { limit: 1/minute burst 3, per: everyone }",
    script: "203.0.113.7++:1000 > 192.0.2.1:80 S repeat 10",
    before: 10,
    after: 3,
  },
  {
    name: "never-block: limited like others, and never listed",
    wan: "decoy-ports: [23/tcp]",
    margin: "never-block: [203.0.113.0/28]",
    script: `203.0.113.9:1000++ > 192.0.2.1:23 S repeat 3
203.0.113.99:1000++ > 192.0.2.1:23 S repeat 3
+0.01 203.0.113.9:1 > 192.0.2.1:80 S
203.0.113.99:1 > 192.0.2.1:80 S`,
    before: 8,
    after: 3,
    counted: { "wan/decoy-ports": 3, "wan/syn": 2 },
  },
  {
    name: "bypass: past the look at arrival and past the one behind conntrack",
    wan: "malformed-null: drop\nopen: [80/tcp]",
    margin: 'bypass: ["in udp port 4500", "in from 203.0.113.50"]',
    script: `203.0.113.9:1 > 192.0.2.1:4500 udp len 3
203.0.113.9:1 > 192.0.2.1:4501 udp len 3
203.0.113.50:1 > 192.0.2.1:22 S
203.0.113.50:1 > 192.0.2.1:23 none
[2001:db8:66::9]:1 > [2001:db8:1::1]:4500 udp len 3
[2001:db8:66::9]:1 > [2001:db8:1::1]:4501 udp len 3`,
    before: 6,
    after: 4,
  },
  {
    name: "notify: counted, told, and let past",
    wan: "preset: watch",
    script: `203.0.113.9:1 > 192.0.2.1:22 none
203.0.113.9:2 > 192.0.2.1:22 SP
203.0.113.9:3 > 192.0.2.1:22 .
203.0.113.9:4 > 192.0.2.1:22 S mss 40`,
    before: 4,
    after: 4,
    counted: {
      "wan/malformed-null": 1,
      "wan/malformed-bad": 1,
      "wan/new-tcp-without-syn": 1,
      "wan/small-mss": 1,
      "wan/invalid": 1,
    },
  },
  {
    name: "tiny and overlapping fragments; honest ones pass",
    wan: "fragments: { which: tiny-and-overlapping }",
    script: `203.0.113.9 > 198.51.100.2 proto 6 frag 7/0/more len 8
203.0.113.9 > 198.51.100.2 proto 6 frag 8/0/more len 16
203.0.113.9 > 198.51.100.2 proto 6 frag 9/8 len 16
203.0.113.9:1 > 198.51.100.2:53 udp frag 10/0/more len 24
203.0.113.9 > 198.51.100.2 udp frag 10/24 len 24
2001:db8:66::9 > 2001:db8:2::2 proto 6 frag 7/0/more len 8
2001:db8:66::9 > 2001:db8:2::2 proto 6 frag 9/8 len 16
[2001:db8:66::9]:1 > [2001:db8:2::2]:53 udp frag 10/0/more len 24
2001:db8:66::9 > 2001:db8:2::2 udp frag 10/24 len 24`,
    before: 9,
    after: 4,
    counted: { "wan/fragments": 5 },
  },
  {
    name: "outgoing: flags and floods of what leaves, each host inside by itself",
    wan: "outgoing:\n  malformed-null: drop\n  syn-floods: 1/minute burst 3",
    script: `198.51.100.2:1 > 203.0.113.9:80 none
198.51.100.2:1000++ > 203.0.113.9:80 S repeat 8
198.51.100.3:1000++ > 203.0.113.9:80 S repeat 2
[2001:db8:2::2]:1 > [2001:db8:66::9]:80 none`,
    from: "inside",
    before: 12,
    // The probe stands in front of postrouting: what is dropped there has been passed on.
    after: 12,
    counted: { "wan/out/malformed-null": 2, "wan/out/syn-floods": 5 },
  },
  {
    name: "outgoing fragments, on the wire",
    wan: "outgoing: { fragments: drop }",
    script: `198.51.100.2:1000 > 203.0.113.9:53 udp len 3000 split 1400
[2001:db8:2::2]:1000 > [2001:db8:66::9]:53 udp len 3000 split 1400`,
    from: "inside",
    before: 6,
    after: 6,
    counted: { "wan/out/fragments": 6 },
  },
  {
    name: "Kura's rules: what they break, and what passes",
    wan: "preset: kura-flooding-protection",
    script: `203.0.113.9:1 > 192.0.2.1:80 S mss 1460
203.0.113.9:2 > 192.0.2.1:80 S mss 535
203.0.113.9:3 > 192.0.2.1:80 S
203.0.113.9:4 > 192.0.2.1:80 SP mss 1460
203.0.113.9 > 192.0.2.1 icmp echo-request id 1 seq 1
203.0.113.9:5 > 192.0.2.1:53 udp len 3
[2001:db8:66::9]:1 > [2001:db8:1::1]:80 S mss 1440
[2001:db8:66::9]:2 > [2001:db8:1::1]:80 S
2001:db8:66::9 > 2001:db8:1::1 icmp echo-request id 1 seq 1`,
    before: 9,
    after: 3,
    counted: { "wan/kura-flooding-protection": 6 },
  },
]

for (const { name, wan, margin, script, from, before, after, counted } of cases) {
  kernelTest(name, ({ laboratory }) => {
    placeProbes(laboratory)
    expect(passes(laboratory, script, from)).toBe(before)
    protect(laboratory, rulesFor(wan, "ingress", margin))
    expect(passes(laboratory, script, from)).toBe(after)
    if (counted) {
      const present = Object.entries(counted).filter(([, count]) => count > 0)
      expect(counts(laboratory)).toEqual(Object.fromEntries(present))
    }
  })
}

kernelTest("every example in the manual loads, arriving and leaving, at both places", ({ laboratory }) => {
  for (const kind of protectionKinds) {
    for (const placement of ["ingress", "prerouting"] as const) {
      protect(laboratory, rulesFor(kind.manual.example, placement))
      if (kind.outgoing) protect(laboratory, rulesFor(`outgoing:\n  ${kind.manual.example}`, placement))
    }
  }
})

kernelTest("throttle: who sends most gets least, and others notice nothing", ({ laboratory }) => {
  placeProbes(laboratory)
  protect(laboratory, rulesFor("throttle: { limit: 100..1000/second }", "ingress"))
  const flood = passes(laboratory, "203.0.113.9:1000++ > 192.0.2.1:53 udp len 9 repeat 5000")
  expect(flood).toBeGreaterThan(4)
  expect(flood).toBeLessThan(500)
  expect(passes(laboratory, "203.0.113.10:1000++ > 192.0.2.1:53 udp len 9 repeat 5")).toBe(5)
})

kernelTest("a blocked host's live connection is cut at its next packet", ({ laboratory }) => {
  placeProbes(laboratory)
  protect(laboratory, rulesFor("preset: default", "ingress"))
  const client = "203.0.113.9:40000 > 198.51.100.2:80"
  expect(passes(laboratory, `${client} S seq 1000`)).toBe(1)
  expect(passes(laboratory, "198.51.100.2:80 > 203.0.113.9:40000 S. seq 5000 ack 1001", "inside")).toBe(1)
  const data = `${client} . seq 1001 ack 5001\n${client} P. seq 1001 ack 5001 len 5`
  expect(passes(laboratory, data)).toBe(2)
  laboratory.firewall.nft("add element inet floodwall blocked4 { 203.0.113.9 timeout 1m }")
  expect(passes(laboratory, `${client} . seq 1006 ack 5001\n${client} P. seq 1006 ack 5001 len 5`)).toBe(0)
  laboratory.firewall.nft("delete element inet floodwall blocked4 { 203.0.113.9 }")
  expect(passes(laboratory, `${client} P. seq 1006 ack 5001 len 5`)).toBe(1)
})

/** As Docker publishes a port: rewritten in prerouting, at -100. */
const published = `table ip docker {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname wan0 tcp dport 8080 dnat to 198.51.100.2:80
  }
}`

kernelTest("a published container port is the port that the client dialled", ({ laboratory }) => {
  placeProbes(laboratory)
  laboratory.firewall.nft(published)
  protect(
    laboratory,
    rulesFor("open: [8080/tcp]\nport-floods: { 8080/tcp: { limit: more than 3 in 60s } }", "ingress"),
  )
  expect(passes(laboratory, "203.0.113.10:1 > 192.0.2.1:8080 S\n203.0.113.10:1 > 192.0.2.1:80 S")).toBe(1)
  expect(passes(laboratory, "203.0.113.10:2 > 198.51.100.2:80 S")).toBe(0)
  expect(passes(laboratory, "203.0.113.9:1000++ > 192.0.2.1:8080 S repeat 8")).toBe(3)
})

/** Each set that remembers sources, flooded by forged ones; then one attacker, and one honest host, neither of them known. */
const floods = [
  { name: "syn-floods", wan: "syn-floods: 10/second burst 20", port: 80, flags: 2 },
  { name: "connection-rate", wan: "connection-rate: 10/second burst 20", port: 80, flags: 2 },
  { name: "connections", wan: "connections: { limit: 20, action: drop }", port: 80, flags: 2 },
  { name: "port-floods", wan: "port-floods: { http: { limit: more than 20 in 300s } }", port: 80, flags: 2 },
] as const

/** More than any set has room for, which is 65,536. */
const FORGED = 100_000

for (const { name, wan, port, flags } of floods) {
  for (const family of [4, 6] as const) {
    kernelTest(
      `${name}, IPv${family}: ${FORGED} forged sources, then an attacker and an honest host`,
      ({ laboratory }) => {
        placeProbes(laboratory)
        protect(laboratory, rulesFor(wan, "ingress"))
        sendForged(laboratory, family, port, flags)
        // Newcomers are admitted again as soon as the flood is over.
        settle(1100)
        const address = (host: number) => (family === 4 ? `203.0.113.${host}` : `[2001:db8:66:${host}::1]`)
        // To a host that says nothing: a refused connection is over, and no longer counts as one.
        const to = family === 4 ? "198.51.100.2" : "[2001:db8:2::2]"
        const attack = `${address(9)}:1000++ > ${to}:${port} S repeat 2000`
        const passed = passes(laboratory, attack)
        expect(passed).toBeGreaterThan(0)
        expect(passed).toBeLessThan(60)
        expect(passes(laboratory, `${address(10)}:1000++ > ${to}:${port} S repeat 5`)).toBe(5)
      },
      180_000,
    )
  }
}

function sendForged(laboratory: Laboratory, family: 4 | 6, port: number, flags: number): void {
  function* frames() {
    for (let index = 0; index < FORGED; index++) {
      const source =
        family === 4
          ? `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
          : `2001:db9:${(index >> 16).toString(16)}:${(index & 65535).toString(16)}::1`
      const destination = family === 4 ? "198.51.100.2" : "2001:db8:2::2"
      yield {
        bytes: buildPacket({
          source,
          destination,
          tcp: { sourcePort: 1024 + (index & 4095), destinationPort: port, flags },
        }),
      }
    }
  }
  laboratory.outside.sender("eth0").send(frames(), { batch: 512 })
}
