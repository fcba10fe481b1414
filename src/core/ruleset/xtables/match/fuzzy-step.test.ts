import { expect, test } from "vitest"
import { Packet } from "../../../packet/packet.js"
import type { Run } from "../../runtime.js"
import { acceptanceOf, fuzzyStep } from "./fuzzy-step.js"

test.each([
  [50, 100],
  [100, 100],
  [101, 99],
  [550, 50],
  [995, 0],
  [999, 0],
  [1000, 1],
  [50_000, 1],
])("at %d packets a second %d percent pass, between 100 and 1000", (rate, share) =>
  expect(acceptanceOf(rate, 100, 1000)).toBe(share),
)

/** Packets of 4 seconds at a rate: how many the rule lets pass, by every 256th byte of chance. */
function passed(rate: number): number {
  const step = fuzzyStep({ lower: 100, upper: 1000 })
  const packet = new Packet()
  let chance = 0
  let through = 0
  for (let number = 0; number < rate * 4; number++) {
    const run = { now: (number * 1e9) / rate, random: () => (chance++ * 101) % 256 } as unknown as Run
    if (step(packet, run) !== 0) through++
  }
  return through / (rate * 4)
}

// The share that the kernel module's algorithm gives; its first tenth of a second lets all pass.
test.each([
  [50, 1],
  [500, 0.55],
  [900, 0.11],
  [3000, 0.012],
])("%d packets a second", (rate, share) => expect(Math.abs(passed(rate) - share)).toBeLessThan(0.035))
