import fc from "fast-check"
import { expect, test } from "vitest"
import { cubesOf } from "./cubes.js"

const inCube = (value: number) => (cube: { mask: number; value: number }) =>
  (value & cube.mask) === cube.value

test("every value of the set is in one cube, and no other value in any", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 63 })), (values) => {
      const set = new Set(values)
      const cubes = cubesOf(set, 6)
      for (let value = 0; value < 64; value++)
        expect(cubes.filter(inCube(value)).length).toBe(set.has(value) ? 1 : 0)
    }),
    { numRuns: 60 },
  )
})

test.each([
  ["all", Array.from({ length: 64 }, (_, value) => value), 1],
  ["none", [], 0],
  ["one bit", Array.from({ length: 64 }, (_, value) => value).filter((value) => (value & 1) !== 0), 1],
  ["SYN and FIN", Array.from({ length: 64 }, (_, value) => value).filter((value) => (value & 3) === 3), 1],
  ["one value", [2], 1],
])("%s takes few cubes", (_name, values, count) => {
  expect(cubesOf(new Set(values), 6).length).toBe(count)
})
