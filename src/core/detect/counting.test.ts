import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { Flow } from "../event/flow.js"
import { parseLimit } from "../policy/limit.js"
import { perSource } from "../policy/per.js"
import type { Limit } from "../policy/policy.js"
import { DistinctMeter } from "./distinct-meter.js"
import { HowMany } from "./how-many.js"
import { makeMeter } from "./meter.js"
import { mix } from "./mix.js"
import { SourceTable } from "./source-table.js"
import { Sources } from "./sources.js"
import { Suspects } from "./suspects.js"

function limit(text: string): Limit {
  const parsed = parseLimit(text)
  if (isProblem(parsed)) throw new Error(parsed.message)
  return parsed
}

function flow(source: number, time: number): Flow {
  const made = new Flow()
  made.source0 = source
  made.time = time
  return made
}

/** Of events at these times, the first that is too much, or -1. */
function firstOver(phrase: string, times: readonly number[]): number {
  const meter = makeMeter(limit(phrase), 4)
  return times.findIndex((time) => meter.add(2, 1.7e9 + time, 1))
}

const every = (seconds: number, count: number) => Array.from({ length: count }, (_, index) => index * seconds)

test.each([
  ["more than 3 in 10s", "at once", every(0, 10), 3],
  ["more than 3 in 10s", "each 3s", every(3, 10), 3],
  ["more than 3 in 10s", "each 4s", every(4, 10), -1],
  ["more than 3 in 10s", "three, and four", [0, 1, 2, 20, 21, 22, 23], 6],
  ["more than 100 in 8s", "101 at once", every(0, 101), 100],
  ["more than 100 in 8s", "100 at once", every(0, 100), -1],
  ["more than 100 in 8s", "each 80ms", every(0.08, 300), -1],
  ["more than 100 in 8s", "each 60ms", every(0.06, 300), 100],
  ["10/second burst 5", "at once", every(0, 10), 5],
  ["10/second burst 5", "each 100ms", every(0.1, 100), -1],
  ["10/second burst 5", "each 50ms", every(0.05, 100), 9],
  ["3", "ever", every(100, 10), 3],
] as const)("%s, %s", (phrase, _how, times, over) => {
  expect(firstOver(phrase, times)).toBe(over)
})

test("what was not so is taken off again", () => {
  for (const phrase of ["more than 3 in 10s", "more than 100 in 10s", "10/second burst 5", "3"]) {
    const meter = makeMeter(limit(phrase), 4)
    const overs = every(0.001, 500).filter((time) => {
      const isOver = meter.add(1, 1.7e9 + time, 1)
      meter.add(1, 1.7e9 + time, -1)
      return isOver
    })
    expect([phrase, overs]).toEqual([phrase, []])
    expect(meter.held(1)).toBe(0)
  }
})

test("a window in parts never finds what the exact one would not", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }), (gaps) => {
      let now = 0
      const times = gaps.map((gap) => (now += gap / 1000))
      const meter = makeMeter(limit("more than 64 in 8s"), 1)
      for (const [index, time] of times.entries()) {
        const isOver = meter.add(0, time, 1)
        const exact = times.slice(0, index + 1).filter((other) => time - other <= 8).length > 64
        const surely = times.slice(0, index + 1).filter((other) => time - other < 7).length > 64
        if (isOver) expect(exact).toBe(true)
        if (surely) expect(isOver).toBe(true)
      }
    }),
    { numRuns: 50 },
  )
})

describe("different things", () => {
  test("count once, as long as they are remembered", () => {
    const meter = new DistinctMeter(limit("more than 3 in 10s"), 2)
    const counts = [7, 7, 8, 9, 7, 10].map((item, index) => meter.add(1, index, item))
    expect(counts).toEqual([1, 1, 2, 3, 3, 4])
    expect(counts.map((count) => meter.isOver(count))).toEqual([false, false, false, false, false, true])
    expect(meter.add(1, 100, 11)).toBe(1)
    expect(meter.add(0, 100, 11)).toBe(1)
  })

  test("of many a sample is asked", () => {
    const meter = new DistinctMeter(limit("more than 5000 in 60s"), 1)
    const overAt = Array.from({ length: 8000 }, (_, item) => item).findIndex((item) =>
      meter.isOver(meter.add(0, 1, mix(item, 0, 0, 1))),
    )
    expect(overAt).toBeGreaterThan(4000)
    expect(overAt).toBeLessThan(6000)
  })
})

test.each([0, 1, 20, 500, 20_000, 300_000])("of %d, about as many", (count) => {
  const sources = new HowMany()
  for (let each = 0; each < count; each++)
    for (const time of [1, 2]) if (time) sources.add(mix(each, 7, 0, 0))
  expect(Math.abs(sources.estimate() - count)).toBeLessThanOrEqual(count * 0.1)
})

test("a source of whom much is held stays, whoever comes", () => {
  const table = new SourceTable(256, 60, perSource)
  const own = table.open(flow(0xcb007109, 1))
  table.weight[own] = 5
  for (let each = 0; each < 100_000; each++)
    table.weight[table.open(flow(mix(each, 0, 0, 0), 1 + each / 1e5))] = 1
  expect(table.find(flow(0xcb007109, 2))).toBe(own)
  expect(table.capacity).toBe(256)
})

test("a source's first deed is not forgotten, and sources share what `per` says", () => {
  const per = { kind: "source", ipv4: 24, ipv6: 64 } as const
  const suspects = new Suspects(new Sources(per), limit("more than 2 in 10s"), per, "different")
  const told = [1, 2, 3].map((host, item) => suspects.countDifferent(flow(0xcb007100 + host, item), item))
  expect(told.map((slot) => slot >= 0)).toEqual([false, false, true])
  expect([suspects.totalOf(told[2]!), suspects.firstOf(told[2]!)]).toEqual([3, 0])
})
