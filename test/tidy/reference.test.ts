import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { generatedFiles } from "../../src/linux/cli/reference.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

test("what is made from the code is fresh: npm run docs would change nothing", async () => {
  const files = await generatedFiles()
  expect(files.size).toBe(5)
  for (const [file, text] of files) expect(readFileSync(`${root}/${file}`, "utf8"), file).toBe(text)
})
