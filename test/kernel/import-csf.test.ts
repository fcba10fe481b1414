import { expect } from "vitest"
import { importCsf } from "../../src/core/dialect/csf/import.js"
import { onBothSides } from "./support/imported.js"
import { kernelTest } from "./support/kernel-test.js"

/**
 * CSF's own rules in the kernel, by iptables, and in a second laboratory the policy that its configuration is imported as, over the same packets at the same times: who passes on
 * either side. The engine must say the same of both.
 */
interface Case {
  readonly name: string
  readonly conf: string
  readonly exact: boolean
  readonly script: string
  /** `.` passes, `x` does not. */
  readonly csf: string
  readonly ours: string
}

const firewall = "192.0.2.1"
const burst = (count: number, port: number) => `203.0.113.9:4000++ > ${firewall}:${port} S repeat ${count}`
const tries = (port: number, ...gaps: number[]) =>
  gaps.map((gap, index) => `+${gap} 203.0.113.9:${4000 + index} > ${firewall}:${port} S`).join("\n")
const flags = ["S", "SF", "SR", "FPU", "none", "F", ".", "S.", "SPFUR.", "SP", "SEW"]

const cases: readonly Case[] = [
  {
    name: "PORTFLOOD: the manual's five by default",
    conf: 'PORTFLOOD = "22;tcp;5;300"',
    exact: false,
    script: `${burst(8, 22)}\n${burst(2, 80)}`,
    csf: "....xxxx..",
    ours: ".....xxx..",
  },
  {
    name: "PORTFLOOD, exact: what CSF's rules let pass, and quiet that lifts",
    conf: 'PORTFLOOD = "22;tcp;5;2,53;udp;3;300"',
    exact: true,
    script: `${tries(22, 0, 0, 0, 0, 0, 0, 1, 2.4, 0)}\n203.0.113.9:5000++ > ${firewall}:53 udp len 4 repeat 4`,
    csf: "....xxx....xx",
    ours: "....xxx....xx",
  },
  {
    name: "PORTFLOOD, exact: a slow sender gets in again",
    conf: 'PORTFLOOD = "22;tcp;5;1"',
    exact: true,
    script: tries(22, 0, 0, 0, 0, 0, 0.6, 0.6, 0.6),
    csf: "....xx..",
    ours: "....xx..",
  },
  {
    name: "PORTFLOOD: a slow sender gets in again with CSF only",
    conf: 'PORTFLOOD = "22;tcp;5;1"',
    exact: false,
    script: tries(22, 0, 0, 0, 0, 0, 0, 0.6, 0.6, 0.6),
    csf: "....xxx..",
    ours: ".....xxxx",
  },
  {
    name: "PORTFLOOD, exact: windows that slide, over 20 places",
    conf: 'PORTFLOOD = "22;tcp;20;1"',
    exact: true,
    // Fifteen pass and then four, two are stamped twice; when the fifteen are forgotten, eleven have room.
    script: tries(
      22,
      ...new Array(15).fill(0.01),
      0.6,
      ...new Array(5).fill(0.01),
      0.5,
      ...new Array(12).fill(0.005),
    ),
    csf: `${".".repeat(19)}xx${".".repeat(11)}xx`,
    ours: `${".".repeat(19)}xx${".".repeat(11)}xx`,
  },
  {
    name: "PORTFLOOD: two items of a port share a list",
    conf: 'PORTFLOOD = "22;tcp;5;300,22;tcp;5;300"',
    exact: true,
    script: burst(5, 22),
    csf: "..xxx",
    ours: "..xxx",
  },
  {
    name: "CONNLIMIT",
    conf: 'CONNLIMIT = "22;3,80;2"',
    exact: false,
    script: `${burst(5, 22)}\n${burst(3, 80)}`,
    csf: "...xx..x",
    ours: "...xx..x",
  },
  {
    name: "TCP_IN, UDP_IN and PACKET_FILTER, exact",
    conf: 'TCP_IN = "22,8000:8100"\nUDP_IN = "53"\nPACKET_FILTER = "1"',
    exact: true,
    script: [
      ...flags.map((word, index) => `203.0.113.${index + 10}:4000 > ${firewall}:22 ${word}`),
      // Each from a source of its own: what came through is told apart by what NAT leaves alone.
      ...[23, 8000, 8101].map((port, index) => `203.0.113.${index + 30}:4000 > ${firewall}:${port} S`),
      ...[53, 54].map((port, index) => `203.0.113.${index + 40}:4000 > ${firewall}:${port} udp len 4`),
    ].join("\n"),
    csf: ".xxxxxxxxx.x.x.x",
    ours: ".xxxxxxxxx.x.x.x",
  },
]

for (const { name, conf, exact, script, csf, ours } of cases)
  kernelTest(`CSF in the kernel, and the policy: ${name}`, ({ laboratory }) => {
    const text = `ETH_DEVICE = "wan0"\n${conf}\n`
    const read = () => ({ id: "unreadable-file", message: "none" }) as const
    const imported = importCsf([{ path: "csf.conf", text }], { exact, read })
    expect(onBothSides(laboratory, imported, script)).toEqual({ owner: csf, ours })
  })
