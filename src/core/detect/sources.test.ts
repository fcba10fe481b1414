import fc from "fast-check"
import { expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { Flow } from "../event/flow.js"
import { parseLimit } from "../policy/limit.js"
import { perSource } from "../policy/per.js"
import { Sources, SourcesByPer } from "./sources.js"
import { Suspects } from "./suspects.js"

function flow(source: number, family: 4 | 6 = 4, time = 0): Flow {
  const made = new Flow()
  made.family = family
  made.source0 = source >>> 0
  made.source3 = source >>> 0
  made.time = time
  return made
}

function suspects(sources: Sources, phrase: string): Suspects {
  const limit = parseLimit(phrase)
  if (isProblem(limit)) throw new Error(limit.message)
  return new Suspects(sources, limit, perSource, "events")
}

test("each keeper has its places of each source, whoever comes and goes", () => {
  const operation = fc.record({
    source: fc.integer({ min: 0, max: 40 }).map((number) => Math.imul(number, 0x9e3779b1)),
    family: fc.constantFrom<4 | 6>(4, 6),
    keeper: fc.integer({ min: 0, max: 70 }),
    isForgotten: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const sources = new Sources(perSource)
      const keepers = Array.from({ length: 71 }, () => sources.join())
      const model = new Map<string, { place: number; row: number }>()
      const known = new Set<string>()
      for (const [index, { source, family, keeper, isForgotten }] of operations.entries()) {
        const name = `${family} ${source} ${keeper}`
        sources.look(flow(source, family))
        const before = model.get(name)
        expect(sources.placeAt(keepers[keeper]!)).toBe(before?.place ?? 0)
        if (before && isForgotten) {
          sources.forget(keepers[keeper]!, before.row)
          model.delete(name)
        } else if (!before) {
          const place = 1 + (index % 16384)
          model.set(name, { place, row: sources.enter(keepers[keeper]!, place) })
        }
        known.clear()
        for (const each of model.keys()) known.add(each.slice(0, each.lastIndexOf(" ")))
        expect(sources.size).toBe(known.size)
      }
    }),
    { numRuns: 60 },
  )
})

test("rows are found again when the table has grown", () => {
  const sources = new Sources(perSource)
  const keeper = sources.join()
  const numbers = Array.from({ length: 20_000 }, (_, number) => Math.imul(number + 1, 0x85ebca6b))
  for (const [index, number] of numbers.entries()) {
    sources.look(flow(number))
    sources.enter(keeper, 1 + (index & 8191))
  }
  const wrong = numbers.filter((number, index) => {
    sources.look(flow(number))
    return sources.placeAt(keeper) !== 1 + (index & 8191)
  })
  expect([wrong, sources.size]).toEqual([[], 20_000])
})

test("a flood that one detector counts pushes out nobody of whom another keeps something", () => {
  const sources = new Sources(perSource)
  const few = suspects(sources, "more than 3 in 100s")
  const many = suspects(sources, "more than 1000 in 100s")
  const scanner = (time: number) => flow(0xcb007109, 4, time)
  few.count(scanner(0))
  few.count(scanner(1))
  for (let each = 0; each < 300_000; each++) many.count(flow(Math.imul(each >> 1, 0x9e3779b1), 4, 2))
  expect(sources.size).toBeLessThanOrEqual(few.capacity + many.capacity)
  expect([few.count(scanner(3)), few.count(scanner(4)) >= 0]).toEqual([-1, true])
})

test("who is told to count no more leaves nothing behind", () => {
  const sources = new Sources(perSource)
  const own = suspects(sources, "more than 3 in 100s")
  for (let each = 0; each < 2000; each++) own.count(flow(each >> 1, 4, 1))
  expect(sources.size).toBe(1000)
  own.close()
  expect(sources.size).toBe(0)
  expect(suspects(sources, "more than 1 in 100s").count(flow(5, 4, 2))).toBe(-1)
})

test("who counts by the same sources has the same table", () => {
  const tables = new SourcesByPer()
  expect(tables.of(perSource) === tables.of({ kind: "source", ipv4: 32, ipv6: 64 })).toBe(true)
  expect(tables.of(perSource) === tables.of({ kind: "everyone" })).toBe(false)
})
