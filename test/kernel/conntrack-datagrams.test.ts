import { expect } from "vitest"
import { askConntrack } from "./support/conntrack-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { randomDatagrams } from "./support/random-datagrams.js"
import { Chance } from "./support/random-segments.js"

for (const [name, settings] of [
  ["as it is", {}],
  ["nf_conntrack_checksum 0", { nf_conntrack_checksum: 0 }],
] as const)
  kernelTest(
    `20,000 random packets of UDP, ICMP, ICMPv6 and others, ${name}: each packet's state and each entry is the kernel's`,
    ({ laboratory }) => {
      const frames = randomDatagrams(new Chance(Number(process.env["SEED"] ?? 1)), 20_000)
      const { compared, states, connections, table } = askConntrack(laboratory, frames, settings)
      expect(states.slice(0, 20)).toEqual([])
      expect(table.slice(0, 20)).toEqual([])
      expect(compared).toBeGreaterThan(19_000)
      expect(connections).toBeGreaterThan(100)
    },
  )
