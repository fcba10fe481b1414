import { expect } from "vitest"
import { askConntrack } from "./support/conntrack-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { randomDatagrams } from "./support/random-datagrams.js"
import { Chance, randomSegments } from "./support/random-segments.js"

kernelTest("packets and bytes of each direction are the kernel's, for every entry", ({ laboratory }) => {
  const chance = new Chance(Number(process.env["SEED"] ?? 1))
  const frames = [
    ...Array.from({ length: 600 }, (_, number) => randomSegments(chance, number, 8)).flat(),
    ...randomDatagrams(chance, 3000),
  ]
  const { compared, connections, table, engine } = askConntrack(laboratory, frames, {}, undefined, true)
  expect(table.slice(0, 10)).toEqual([])
  expect(compared).toBeGreaterThan(7000)
  expect(connections).toBeGreaterThan(300)
  let most = 0
  engine.conntrack.table.forEach(engine.now, (entry) => {
    most = Math.max(most, engine.conntrack.extras.packets(entry, 1))
  })
  expect(most).toBeGreaterThan(3)
})
