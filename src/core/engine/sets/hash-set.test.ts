import fc from "fast-check"
import { expect, test } from "vitest"
import type { Run } from "../../ruleset/runtime.js"
import { MapData } from "./data.js"
import { HashSet } from "./hash-set.js"
import { ElementStatements } from "./statements.js"

const SECOND = 1e9
const SIZE = 12

/** What a set is to whoever looks from outside: a list of elements, the dead ones among them until a second is over. */
class Model {
  private elements: { key: number; expires: number }[] = []
  private start = Number.NaN
  private collectedAt = -Infinity

  has(key: number, now: number): boolean {
    return this.elements.some((each) => each.key === key && each.expires > now)
  }

  put(key: number, now: number, expires: number): boolean {
    const living = this.elements.find((each) => each.key === key && each.expires > now)
    if (living) {
      living.expires = expires
      return true
    }
    if (Number.isNaN(this.start)) this.start = now
    if (this.elements.length >= SIZE) this.collect(now)
    if (this.elements.length >= SIZE) return false
    this.elements.push({ key, expires })
    return true
  }

  take(key: number, now: number): boolean {
    const index = this.elements.findIndex((each) => each.key === key && each.expires > now)
    if (index >= 0) this.elements.splice(index, 1)
    return index >= 0
  }

  living(now: number): number[] {
    return this.elements.filter(({ expires }) => expires > now).map(({ key }) => key)
  }

  private collect(now: number): void {
    const tick = this.start + Math.floor((now - this.start) / SECOND) * SECOND
    if (tick <= this.collectedAt) return
    this.collectedAt = tick
    this.elements = this.elements.filter(({ expires }) => expires > tick)
  }
}

function newSet(): HashSet {
  const nothing = () => {
    throw new Error("no statements here")
  }
  return new HashSet(
    { name: "s", key: ["ipv4_addr"], flags: ["dynamic", "timeout"], size: SIZE },
    1,
    new ElementStatements(nothing, nothing),
    new MapData(() => 0),
  )
}

const keys = fc.integer({ min: 0, max: 30 })
const doings = fc.array(
  fc.record({
    key: keys,
    does: fc.constantFrom("put", "put", "put", "take", "has"),
    wait: fc.constantFrom(0, 0, 1e8, 9e8, 3e9),
    life: fc.constantFrom(0, 5e8, 1e9, 1e10, Infinity),
  }),
  { minLength: 50, maxLength: 200 },
)

test("a set is what a plain list of elements is", () => {
  let full = 0
  let dead = 0
  fc.assert(
    fc.property(doings, (steps) => {
      const set = newSet()
      const model = new Model()
      let now = 1000
      for (const { key, does, wait, life } of steps) {
        now += wait
        if (does === "put") {
          const put = set.put([key], now, now + life, undefined)
          expect(put).toBe(model.put(key, now, now + life))
          if (!put) full++
        } else if (does === "take") expect(set.take([key], now)).toBe(model.take(key, now))
        const run = { registers: Uint32Array.of(key), now } as unknown as Run
        expect(set.has(run, 0)).toBe(model.has(key, now))
        if (!model.has(key, now)) dead++
      }
      const living: number[] = []
      set.forEach(now, (words) => living.push(words[0]!))
      expect(living.sort()).toEqual(model.living(now).sort())
    }),
    { numRuns: 500 },
  )
  expect(full).toBeGreaterThan(10)
  expect(dead).toBeGreaterThan(100)
})
