/** Writes what is made from the code: the reference pages and the policy's JSON Schema. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { generatedFiles } from "../src/linux/cli/reference.js"

for (const [file, text] of await generatedFiles()) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  process.stdout.write(`${file}\n`)
}
