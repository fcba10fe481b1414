import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { floodwall, folderWith, root, run } from "./support/floodwall.js"

const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version

beforeAll(() => {
  expect(floodwall(["--version"])).toMatchObject({ status: 0, output: `${version}\n`, error: "" })
})

/** A checkout with as much of it as a test wants; of dist the bundle alone, for what is beside it comes and goes with the tests that run meanwhile. */
function checkout(...parts: string[]): { folder: string; program: string } {
  const folder = folderWith()
  for (const part of ["package.json", "bin", ...parts]) {
    cpSync(join(root, part), join(folder, part), { recursive: true, preserveTimestamps: true })
  }
  return { folder, program: join(folder, "bin/floodwall") }
}

test("works through a symbolic link, from any directory", () => {
  const folder = folderWith()
  symlinkSync(join(root, "bin/floodwall"), join(folder, "floodwall"))
  const ran = run(join(folder, "floodwall"), ["--version"], { directory: "/" })
  expect(ran).toEqual({ status: 0, output: `${version}\n`, error: "" })
})

test("a bundle alone is enough: no sources, no packages", () => {
  const { program } = checkout("dist/floodwall.cjs")
  expect(floodwall(["--version"], { program })).toEqual({ status: 0, output: `${version}\n`, error: "" })
})

test("an old bundle without esbuild runs, and says that it is old", () => {
  const { folder, program } = checkout("dist/floodwall.cjs", "src")
  const later = new Date(Date.now() + 60_000)
  utimesSync(join(folder, "src/linux/cli/main.ts"), later, later)
  const ran = floodwall(["--version"], { program })
  expect(ran).toMatchObject({ status: 0, output: `${version}\n` })
  expect(ran.error).toMatch(/the sources are newer than .*floodwall\.cjs, and esbuild is not there/)
})

test("nothing built and nothing to build with is one sentence and exit 3", () => {
  const { program } = checkout("src")
  const ran = floodwall(["--version"], { program })
  expect(ran).toMatchObject({ status: 3, output: "" })
  expect(ran.error).toMatch(/^floodwall: esbuild is not installed: run `npm ci` in .* first\.\n$/)
})

test("a changed source is built again, a test is not; the bundle is renamed into place", () => {
  const { folder, program } = checkout("src", "package-lock.json", "tsconfig.json", "tsconfig.base.json")
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  const bundle = join(folder, "dist/floodwall.cjs")
  expect(floodwall(["--version"], { program }).status).toBe(0)
  const first = statSync(bundle)

  const later = new Date(Date.now() + 5_000)
  utimesSync(join(folder, "src/linux/cli/text.test.ts"), later, later)
  expect(floodwall(["--version"], { program }).status).toBe(0)
  expect(statSync(bundle).ino).toBe(first.ino)

  utimesSync(join(folder, "src/linux/cli/text.ts"), later, later)
  expect(floodwall(["--version"], { program }).status).toBe(0)
  const second = statSync(bundle)
  expect(second.ino).not.toBe(first.ino)
  expect(floodwall(["--version"], { program }).status).toBe(0)
  expect(statSync(bundle).ino).toBe(second.ino)
})

test("what V8 made of the bundle is kept, command by command, and not believed where anything differs", () => {
  const { folder, program } = checkout("dist/floodwall.cjs")
  const place = join(folder, `dist/floodwall.cjs.${process.version}-${process.arch}.cache`)
  rmSync(place, { force: true })
  const runs = (word: string) => {
    expect(floodwall([word], { program }).status).toBe(0)
    const line = readFileSync(place).subarray(0, 2048).toString()
    return { words: JSON.parse(line).words, file: statSync(place).ino }
  }
  const first = runs("--version")
  expect(first.words).toEqual(["--version"])
  expect(runs("--version")).toEqual(first)
  const second = runs("--help")
  expect(second.words).toEqual(["--version", "--help"])
  expect(second.file).not.toBe(first.file)
  expect(runs("--version")).toEqual(second)

  const whole = readFileSync(place)
  const other = Buffer.from(whole.toString("latin1").replace(/"made":"\/\/./, '"made":"//-'), "latin1")
  const wrong = { "cut short": whole.subarray(0, -8), "another bundle's": other, empty: Buffer.alloc(0) }
  for (const [what, bytes] of Object.entries(wrong)) {
    writeFileSync(place, bytes)
    expect(runs("--help").words, what).toEqual(["--help"])
  }
  // V8 refuses what its own header does not vouch for, and the next run has it right.
  writeFileSync(place, Buffer.concat([whole.subarray(0, 2048), Buffer.alloc(whole.length - 2048)]))
  expect(runs("--help").words).toEqual(["--help"])
  expect(runs("--help").words).toEqual(["--help"])
})

test("where dist cannot be written, a bundle for this run alone is made and taken away", () => {
  const { folder, program } = checkout("src")
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  writeFileSync(join(folder, "dist"), "a file where a folder should be")
  const scratch = join(folder, "scratch")
  mkdirSync(scratch)
  const ran = floodwall(["--version"], { program, environment: { TMPDIR: scratch } })
  expect(ran).toEqual({ status: 0, output: `${version}\n`, error: "" })
  expect(existsSync(scratch)).toBe(true)
  expect(run("ls", ["-A", scratch]).output).toBe("")
})

test("a source that cannot be bundled is exit 3 with esbuild's words", () => {
  const { folder, program } = checkout("src")
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  writeFileSync(join(folder, "src/linux/cli/main.ts"), "export function (")
  const ran = floodwall(["--version"], { program })
  expect(ran.status).toBe(3)
  expect(ran.error).toMatch(/main\.ts:1:\d+/)
  rmSync(folder, { recursive: true })
})

test.each(["12.22.0", "18.20.4", "20.18.9"])("Node %s is one sentence and exit 3", (old) => {
  const folder = folderWith({
    "old.cjs": `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${old}" } })`,
  })
  const ran = run(process.execPath, ["-r", join(folder, "old.cjs"), join(root, "bin/floodwall"), "--version"])
  expect(ran).toEqual({
    status: 3,
    output: "",
    error: `floodwall: Floodwall needs Node 20.19 or newer, and this is ${old}.\n`,
  })
})
