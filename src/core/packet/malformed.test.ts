import { expect, test } from "vitest"
import * as malformed from "./malformed.js"

/** The tables are read by number and by name: the constants hold the two together. */
const constants = Object.entries(malformed).flatMap(([name, value]) =>
  typeof value === "number" ? [[name, value] as const] : [],
)

test("every fact has the constant of its name", () => {
  const facts = constants.filter(([name]) => !name.startsWith("BY_"))
  for (const [name, index] of facts) {
    expect(malformed.malformedFacts[index]?.name).toBe(name.toLowerCase().replaceAll("_", "-"))
    expect(malformed.malformedIndex(malformed.malformedFacts[index]!.name)).toBe(index)
  }
  expect(facts.length).toBe(malformed.malformedFacts.length - 1)
})

test("every claimant has a constant", () => {
  const numbers = constants.filter(([name]) => name.startsWith("BY_")).map(([, index]) => index)
  expect(numbers.sort((left, right) => left - right)).toEqual(malformed.claimants.map((_, index) => index))
})

test("names are kebab-case and unique, sentences say something", () => {
  const names = malformed.malformedFacts.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, sentence } of malformed.malformedFacts) {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    expect(sentence.length).toBeGreaterThan(10)
  }
})

test("an unknown name has no index", () => {
  expect(malformed.malformedIndex("bad-hair-day")).toBe(-1)
})
