import { expect } from "vitest"
import { askConntrack } from "./support/conntrack-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance, randomSegments } from "./support/random-segments.js"

for (const [name, settings] of [
  ["as it is", {}],
  ["nf_conntrack_tcp_loose 0", { nf_conntrack_tcp_loose: 0 }],
  ["nf_conntrack_tcp_be_liberal 1", { nf_conntrack_tcp_be_liberal: 1 }],
  ["nf_conntrack_tcp_ignore_invalid_rst 1", { nf_conntrack_tcp_ignore_invalid_rst: 1 }],
] as const)
  kernelTest(
    `2,000 connections of random segments, ${name}: each packet's state and each entry is the kernel's`,
    ({ laboratory }) => {
      const chance = new Chance(Number(process.env["SEED"] ?? 1))
      const frames = Array.from({ length: 2000 }, (_, number) => randomSegments(chance, number, 8)).flat()
      const { compared, states, connections, table } = askConntrack(laboratory, frames, settings)
      expect(states.slice(0, 20)).toEqual([])
      expect(table.slice(0, 20)).toEqual([])
      expect(compared).toBeGreaterThan(15_900)
      expect(connections).toBeGreaterThan(900)
    },
  )
