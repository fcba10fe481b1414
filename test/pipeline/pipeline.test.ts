import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { runCase } from "./run-case.js"

/**
 * Each folder is a scenario with every stage in it: policy.yaml, ruleset, nft, packets, verdicts, and a README that tells its story.
 * `UPDATE=1 npx vitest run test/pipeline` writes what the stages say now; look at the difference before you keep it.
 */
const cases = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

test("there are cases", () => {
  expect(cases.length).toBeGreaterThanOrEqual(10)
})

test.each(cases)("%s", async (name) => {
  const folder = join(import.meta.dirname, name)
  const { problems, ...stages } = runCase(folder)
  expect(problems).toBe("")
  for (const [stage, text] of Object.entries(stages)) {
    const file = join(folder, stage)
    if (process.env["UPDATE"]) writeFileSync(file, text)
    await expect(text, `${name}/${stage}`).toMatchFileSnapshot(file)
  }
})

test.each(cases)("%s has a story", (name) => {
  const story = readFileSync(join(import.meta.dirname, name, "README.md"), "utf8")
    .trim()
    .split("\n")
  expect(story[0]).toMatch(/^# [A-Z]/)
  expect(story.length).toBeGreaterThanOrEqual(4)
})
