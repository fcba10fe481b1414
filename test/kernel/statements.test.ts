import { expect } from "vitest"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import { buildPacket } from "../../src/core/packet/build.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { SYN } from "../../src/core/packet/packet.js"
import { compare } from "../../src/linux/demo/agreement.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { describe } from "./support/agree.js"
import { HookOracle } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"

/** Rules as people write them, read and run by the engine, and loaded into the kernel: statements that judge, or that change what later rules see. */

const PACKETS = 120

interface Case {
  readonly name: string
  /** What the table declares besides the chain. */
  readonly declared?: string
  readonly rules: readonly string[]
  /** Milliseconds between packets. */
  readonly pace?: number
}

const cases: readonly Case[] = [
  {
    name: "a quota lets pass what is within it, byte by byte",
    rules: [
      "udp dport 7 quota 1500 bytes accept",
      "udp dport 8 quota over 900 bytes drop",
      "udp dport 9 quota until 40 bytes used 30 bytes accept",
      "udp dport { 7, 9 } drop",
    ],
  },
  {
    name: "a limit in bytes has a second's worth and its burst",
    rules: [
      "udp dport 7 limit rate 600 bytes/minute accept",
      "udp dport 8 limit rate over 500 bytes/minute burst 700 bytes drop",
      "udp dport 7 drop",
    ],
  },
  {
    name: "rules that name an object share it",
    declared: "quota few { 2000 bytes }\n limit slow { rate 10/hour burst 12 packets }\n counter seen { }",
    rules: [
      'udp dport 7 quota name "few" accept',
      'udp dport 8 quota name "few" counter name "seen" accept',
      'udp dport 9 limit name "slow" accept',
      "drop",
    ],
  },
  {
    name: "a map finds the object",
    declared:
      'quota few { 700 bytes }\n quota more { 1500 bytes }\n map chosen { type inet_service : quota; elements = { 8 : "more" }; }',
    rules: [
      'quota name udp dport map { 7 : "few" } accept',
      "quota name udp dport map @chosen accept",
      "drop",
    ],
  },
  {
    name: "numbers that count up, and maps to marks",
    rules: [
      "udp dport 7 meta mark set numgen inc mod 3 offset 5",
      "udp dport 8 mark set udp dport map { 8 : 0x6 }",
      "meta mark 6 drop",
      "meta mark 5 udp dport 9 drop",
    ],
  },
  {
    name: "a mark put together of the connection's and the packet's",
    rules: [
      "ct mark set 0x10",
      "meta mark set ct mark | 0x2",
      "meta mark & 0xf0 == 0x10 udp dport 7 drop",
      "meta mark 0x12 udp dport 8 drop",
    ],
  },
  {
    name: "rules fill a map, and others look it up",
    declared: "map marks { type ipv4_addr : mark; flags dynamic; size 100; }",
    rules: [
      "meta mark set 0x5",
      "udp dport 7 add @marks { ip saddr : meta mark } accept",
      "udp dport 8 udp sport 5000-5060 meta mark set ip saddr map @marks drop",
    ],
  },
  {
    name: "a meter of the old form",
    rules: ["meter old size 100 { ip saddr limit rate 5/minute burst 2 packets } accept", "drop"],
  },
  {
    name: "what is not translated nor stolen goes on",
    rules: [
      'counter log prefix "x" group 7 udp dport 7 drop',
      "udp dport 8 notrack",
      "ct state untracked drop",
      "udp dport 9 tproxy ip to :50080 accept",
      "udp dport 9 drop",
    ],
  },
]

for (const { name, declared = "", rules, pace = 0 } of cases)
  kernelTest(`${name}: both let the same packets pass`, { retry: 2 }, ({ laboratory }) => {
    const hook = rules.some((rule) => rule.includes("tproxy")) ? "prerouting" : "forward"
    const text = `table ip statements {\n ${declared}\n chain c {\n type filter hook ${hook} priority -150\n ${rules.join("\n ")}\n }\n}\n`
    const { ruleset, diagnostics } = readNft({ path: "rules", text })
    expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
    laboratory.firewall.nft(text)
    const chance = new Chance(5)
    const referee = createReferee(laboratory)
    const begin = performance.now()
    for (let number = 0; number < PACKETS; number++) {
      const bytes = buildPacket({
        source: `203.0.113.${chance.below(12)}`,
        destination: "198.51.100.80",
        identification: 1 + number,
        udp: { sourcePort: 5000 + number, destinationPort: 7 + chance.below(3) },
        payload: new Uint8Array(chance.below(80)),
      })
      laboratory.outside.sender("eth0").send([{ bytes }])
      const until = begin + (number + 1) * pace
      do referee.poll()
      while (performance.now() < until)
    }
    const { comparisons, diagnostics: more } = compare(ruleset, referee.finish())
    expect(more).toEqual([])
    const others = comparisons.filter(({ kernel, through }) => (kernel === "through") !== through)
    expect(others.map(describe)).toEqual([])
    expect(comparisons).toHaveLength(PACKETS)
    const dropped = comparisons.filter(({ engine }) => engine.verdict === "drop").length
    expect(dropped).toBeGreaterThan(5)
    expect(dropped).toBeLessThan(PACKETS - 1)
  })

const tcp = (more: Partial<PacketDescription> = {}): PacketDescription => ({
  source: "203.0.113.9",
  destination: "198.51.100.80",
  tcp: { sourcePort: 40000, destinationPort: 80, flags: SYN, maximumSegmentSize: 1460, windowScale: 7 },
  ...more,
})

const mangling: readonly string[] = [
  "ip dscp set cs1",
  "ip ttl set 9",
  "tcp dport set 8080",
  "ip daddr set 198.51.100.81",
  "tcp option maxseg size set 536",
  "tcp option maxseg size set 9000",
  "reset tcp option maxseg",
  "ip ecn set 1",
  "tcp sport set 7",
  "udp dport set 99",
  "ip saddr set ip daddr map { 198.51.100.80 : 203.0.113.77 }",
  "ip id set 5",
  "ip frag-off set 0x4000",
  "tcp flags set syn | ack",
  "tcp sequence set 5",
  "tcp ackseq set tcp sequence",
  "tcp window set 5",
  "tcp urgptr set 513",
  "tcp reserved set 5",
  "tcp checksum set 7",
  "udp checksum set 9",
  "@th,16,16 set 22",
  "@th,32,32 set 5",
  "@nh,32,16 set 77",
  "@ih,8,8 set 7",
  "@nh,128,32 set 0xc6336451",
  "ether saddr set 02:00:00:00:00:01",
  "icmp code set 3",
  "icmp id set 7",
  "icmp sequence set 258",
  "th dport set 53",
]

kernelTest("what is written on a packet is what the kernel writes", ({ laboratory }) => {
  const rules = mangling.map((written, index) => `ip dscp ${index + 10} ${written}`)
  const text = `table ip mangling {\n chain c {\n type filter hook prerouting priority -150\n ${rules.join("\n ")}\n }\n}\n`
  const { ruleset, diagnostics } = readNft({ path: "rules", text })
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  laboratory.firewall.nft(text)
  const oracle = new HookOracle(laboratory, "")
  const packets = mangling.flatMap((_, index) => {
    const trafficClass = (index + 10) * 4
    return [
      tcp({ trafficClass }),
      {
        source: "203.0.113.9",
        destination: "198.51.100.80",
        trafficClass,
        udp: { sourcePort: 1, destinationPort: 2 },
        payload: new Uint8Array([1, 2, 3]),
      },
      {
        source: "203.0.113.9",
        destination: "198.51.100.80",
        trafficClass,
        icmp: { type: 8, identifier: 9, sequence: 1 },
        payload: new Uint8Array([4, 5, 6, 7]),
      },
    ]
  })
  oracle.send("outside", packets)
  const { compared, differences } = oracle.compare(ruleset, {})
  expect(differences.slice(0, 4).join("\n")).toBe("")
  expect(compared).toBe(3 * mangling.length)
})
