import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { diagnosticIds } from "./diagnostic-ids.js"

const source = join(import.meta.dirname, "../..")
const texts = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.endsWith("diagnostic-ids.ts"))
  .map((path) => readFileSync(join(source, path), "utf8"))

test("every diagnostic id is used somewhere", () => {
  expect(texts.length).toBeGreaterThan(20)
  const unused = Object.keys(diagnosticIds).filter((id) => !texts.some((text) => text.includes(`"${id}"`)))
  expect(unused).toEqual([])
})

test("every id that the source gives to a problem is registered", () => {
  const used = texts.flatMap((text) =>
    [...text.matchAll(/\bid: "([a-z0-9-]+)",\s*(?:severity|message)/g)].map((found) => found[1]!),
  )
  expect(used.length).toBeGreaterThan(5)
  expect(used.filter((id) => !(id in diagnosticIds))).toEqual([])
})

test("ids are kebab-case, explanations are sentences", () => {
  for (const [id, explanation] of Object.entries(diagnosticIds)) {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(explanation).toMatch(/^([A-Z"`]|nft).*[.]$/s)
  }
})
