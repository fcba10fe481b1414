import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { glob } from "./glob.js"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "floodwall-glob-"))
  for (const name of ["policy.d", "other.d"]) mkdirSync(join(folder, name))
  for (const name of [
    "policy.d/10-a.yaml",
    "policy.d/9-b.yaml",
    "policy.d/.hidden.yaml",
    "policy.d/readme.md",
    "other.d/10-c.yaml",
    "plain[1].yaml",
  ]) {
    writeFileSync(join(folder, name), "")
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ["policy.d/*.yaml", ["policy.d/10-a.yaml", "policy.d/9-b.yaml"]],
  ["*.d/10-?.yaml", ["other.d/10-c.yaml", "policy.d/10-a.yaml"]],
  ["policy.d/[!9]*.yaml", ["policy.d/10-a.yaml"]],
  ["policy.d/[0-9]-*", ["policy.d/9-b.yaml"]],
  ["policy.d/.*.yaml", ["policy.d/.hidden.yaml"]],
  ["plain[[]1].yaml", ["plain[1].yaml"]],
  ["*/readme.md", ["policy.d/readme.md"]],
  ["policy.d/*.yml", []],
  ["nowhere/*.yaml", []],
])("glob(%j)", (pattern, expected) => {
  expect(glob(`${folder}/${pattern}`)).toEqual(expected.map((path) => join(folder, path)))
})
