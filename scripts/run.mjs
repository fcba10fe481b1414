/**
 * Runs a TypeScript script of this folder: `node scripts/run.mjs scripts/docs.ts [arguments]`. It is bundled in memory first, into a file
 * below dist/ that goes away with the process.
 */
import { mkdirSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildSync } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const script = process.argv[2]
if (script === undefined) {
  process.stderr.write("usage: node scripts/run.mjs SCRIPT.ts [arguments]\n")
  process.exit(2)
}
const folder = join(root, "dist")
const bundle = join(folder, `${basename(script, ".ts")}.${process.pid}.mjs`)
mkdirSync(folder, { recursive: true })
process.on("exit", () => rmSync(bundle, { force: true }))
buildSync({
  entryPoints: [script],
  outfile: bundle,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["koffi", "libsql", "esbuild"],
  logLevel: "error",
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
})
process.argv.splice(1, 2, script)
await import(pathToFileURL(bundle).href)
