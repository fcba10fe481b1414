import fc from "fast-check"
import { expect, test } from "vitest"
import { FrequentAddresses } from "./frequent.js"

const address = fc.oneof(
  fc.record({ family: fc.constant(4), words: fc.tuple(fc.constantFrom(0, 1, 0xcb007101, 0xffffffff)) }),
  fc.record({
    family: fc.constant(6),
    words: fc.tuple(
      fc.constantFrom(0, 0x20010db8),
      fc.constantFrom(0, 1),
      fc.constantFrom(0, 7),
      fc.constantFrom(0, 0xffffffff),
    ),
  }),
)

test("few addresses are counted exactly", () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 300 }), (addresses) => {
      const frequent = new FrequentAddresses()
      const exact = new Map<string, number>()
      for (const { family, words } of addresses) {
        const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words
        frequent.add(family, word0, word1, word2, word3)
        const key = `${family} ${words.join()}`
        exact.set(key, (exact.get(key) ?? 0) + 1)
      }
      const counted = frequent.top(100)
      expect(counted.map(({ count }) => count)).toEqual([...exact.values()].sort((a, b) => b - a))
      expect(new Set(counted.map((each) => each.address)).size).toBe(exact.size)
    }),
  )
})

test.each([1, 3, 300])("among 100,000 that come %d times the frequent ones are kept", (times) => {
  const frequent = new FrequentAddresses()
  const heavy = 10_000 * times
  let total = 0
  const others = times === 300 ? 4200 : 100_000
  for (let number = 0; number < others; number++) {
    for (let time = 0; time < times; time++) frequent.add(4, 0x0b000000 + number, 0, 0, 0)
    total += times
  }
  for (let number = 0; number < heavy; number++) {
    frequent.add(6, 0x20010db8, 0, 0, 9)
    frequent.add(4, 0x0c000000 + number, 0, 0, 0)
    total += 2
  }
  expect(frequent.total).toBe(total)
  const [first] = frequent.top(1)
  expect(first!.address).toBe("2001:db8::9")
  expect(first!.count).toBeLessThanOrEqual(heavy)
  expect(first!.count).toBeGreaterThanOrEqual(heavy - total / 2048)
})
