#!/usr/bin/env node
/**
 * `npm start`: the main job on this machine, with no risk to it. Bundles src/linux/demo/main.ts as it stands and runs it; the demonstration starts
 * itself again in other roles (servers and clients in their namespaces), so the bundle is a file that knows its own place.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  cannot(`Floodwall needs Node 20.19 or newer, and this is ${process.versions.node}.`)
}

const { main } = await import(pathToFileURL(await bundled()).href)
process.exitCode = await main(process.argv.slice(2), {
  floodwall: join(root, "bin", "floodwall"),
  samples: join(root, "samples"),
})

/** The bundle's path: in dist/, or where that cannot be written, for this run alone. */
async function bundled() {
  const esbuild = await import("esbuild").catch(() => cannot("esbuild is not installed: run `npm ci` first."))
  const { outputFiles } = esbuild.buildSync({
    absWorkingDir: root,
    entryPoints: ["src/linux/demo/program.ts"],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi"],
    logLevel: "error",
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  })
  const text = outputFiles[0].contents
  try {
    mkdirSync(join(root, "dist"), { recursive: true })
    const half = join(root, "dist", `demo.mjs.${process.pid}`)
    writeFileSync(half, text)
    renameSync(half, join(root, "dist", "demo.mjs"))
    return join(root, "dist", "demo.mjs")
  } catch {
    const folder = mkdtempSync(join(tmpdir(), "floodwall-"))
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, "demo.mjs"), text)
    return join(folder, "demo.mjs")
  }
}

function cannot(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(3)
}
