import { expect, test } from "vitest"
import { Packet } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, DROP, type Run } from "../../runtime.js"
import { connlimitStep } from "./connlimit-step.js"

/** A flood, one packet from each of so many sources: how often a list was looked at to be given up, and how many lists there were at the end at most. */
function flood(sources: number, isIdle: (list: number) => boolean): { looked: number; lists: number } {
  let looked = 0
  let lists = 0
  const counter = {
    count(_packet: Packet, run: Run) {
      lists = Math.max(lists, run.element + 1)
      return 1
    },
    giveUp(list: number) {
      looked++
      return isIdle(list)
    },
  }
  const build = { connectionCounter: () => counter } as unknown as Build
  const step = connlimitStep({ limit: 50, above: true, side: "source", mask: [0xffffffff] }, build, 4)
  const packet = new Packet()
  const run = { now: 0, element: -1 } as unknown as Run
  for (let source = 0; source < sources; source++) {
    packet.source0 = source
    step(packet, run)
  }
  return { looked, lists }
}

test("lists are looked through once for each doubling, and not for each new address", () => {
  expect(flood(300_000, () => false)).toEqual({ looked: 65_536 + 131_072 + 262_144, lists: 300_000 })
})

test("lists without a connection make room", () => {
  expect(flood(300_000, () => true)).toEqual({ looked: 4 * 65_536, lists: 65_536 })
})

test.each([
  [50, BREAK],
  [51, CONTINUE],
  [0, DROP],
])("%d connections where 50 are allowed", (count, outcome) => {
  const build = { connectionCounter: () => ({ count: () => count, giveUp: () => false }) } as unknown as Build
  const step = connlimitStep({ limit: 50, above: true, side: "source", mask: [0xffffffff] }, build, 4)
  expect(step(new Packet(), { now: 0, element: -1 } as unknown as Run)).toBe(outcome)
})
