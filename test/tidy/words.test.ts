import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
  .split("\0")
  .filter(Boolean)
const texts = tracked.filter((file) =>
  /\.(ts|tsx|mjs|js|json|md|yaml|yml|sh|py|c|html|css|txt)$|^bin\/|^\.ci\//.test(file),
)

test("the lock file names no registry", () => {
  expect(readFileSync(`${root}/package-lock.json`, "utf8")).not.toMatch(/"resolved": "https?:/)
})

test("every dependency has an exact version", () => {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"))
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(versions.length).toBeGreaterThan(5)
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([])
})

test("no file carries a path of the machine it was written on", () => {
  const path = /(?:^|[\s"'`(=])\/(?:work|root|home\/[a-z]+)\/|\.\.\/shared\//
  const offenders = texts
    .filter((file) => file !== "test/tidy/words.test.ts")
    .flatMap((file) =>
      readFileSync(`${root}/${file}`, "utf8")
        .split("\n")
        .map((line, index) => ({ file, line, number: index + 1 }))
        .filter(({ line }) => path.test(line)),
    )
  expect(offenders.map(({ file, number, line }) => `${file}:${number}: ${line.trim()}`)).toEqual([])
})
