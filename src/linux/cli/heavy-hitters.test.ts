import { expect, test } from "vitest"
import { HeavyHitters } from "./heavy-hitters.js"

test("few keys are counted exactly", () => {
  const hitters = new HeavyHitters<string>(4)
  for (const key of "abracadabra") hitters.add(key)
  expect(hitters.total).toBe(11)
  expect(hitters.top(3)).toEqual([
    ["a", 5],
    ["b", 2],
    ["r", 2],
  ])
})

test("a heavy key is found among more keys than there is room for, its count at most total / kept too low", () => {
  const hitters = new HeavyHitters<number>(100)
  for (let index = 0; index < 100_000; index++) hitters.add(index % 3 === 0 ? -1 : index)
  const [first] = hitters.top(1)
  expect(first?.[0]).toBe(-1)
  expect(first?.[1]).toBeLessThanOrEqual(33_334)
  expect(first?.[1]).toBeGreaterThanOrEqual(33_334 - 1000)
})
