import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { testEnvironment } from "./kinds-fixture.js"
import { loadPolicy } from "./load.js"
import { policySchema } from "./schema.js"

const root = join(import.meta.dirname, "../../..")

test("what the loader takes, the schema takes", () => {
  const folders = readdirSync(join(root, "test/pipeline")).map((name) => `test/pipeline/${name}/policy.yaml`)
  const corpus = readdirSync(join(root, "test/fuzz/corpus/policy")).map(
    (name) => `test/fuzz/corpus/policy/${name}`,
  )
  let checked = 0
  for (const path of [...folders, ...corpus].filter((path) => existsSync(join(root, path)))) {
    const text = readFileSync(join(root, path), "utf8")
    const environment = testEnvironment({ "lists/cdn.txt": "192.0.2.1", "lists/drop.txt": "192.0.2.2" })
    if (!loadPolicy({ path: "p.yaml", text }, environment).policy) continue
    checked++
    const { error } = policySchema().safeParse(parse(text))
    expect(`${path}: ${error?.message ?? "taken"}`).toBe(`${path}: taken`)
  }
  expect(checked).toBeGreaterThan(10)
})

test.each([
  "protect: { wan: { syn-flods: drop } }",
  "protect: { wan: { syn-floods: 200 per second } }",
  "protect: { wan: defualt }",
  "interfaces: [wan]",
  "version: 2",
  "protct: {}",
])("the schema refuses %s", (text) => {
  expect(policySchema().safeParse(parse(text)).success).toBe(false)
})
