import { spawn } from "node:child_process"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, expect, onTestFinished, test } from "vitest"
import { distrust, makeFolder, writeAtomically } from "./files.js"
import { takeLock } from "./lock.js"
import { failed } from "./outcome.js"

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "floodwall-test-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

/** As `lstat`, with another owner for some paths: tests need not be root. */
function owned(owners: Readonly<Record<string, number>>) {
  return (path: string): Stats => {
    const found = lstatSync(path)
    found.uid = owners[path] ?? 0
    return found
  }
}

const why = (path: string, owners: Readonly<Record<string, number>> = {}) => {
  const found = distrust(path, 0, owned(owners), undefined)
  return found && `${found.path.replace(folder, "")} ${found.why}`
}

test("a file that only root can change is trusted, in a sticky folder too", () => {
  const file = join(folder, "policy.yaml")
  writeFileSync(file, "")
  expect(why(file)).toBeUndefined()
})

test("a file, a folder on the way or a link's target that others can change is not", () => {
  const inner = join(folder, "inner")
  const file = join(inner, "policy.yaml")
  const link = join(folder, "link.yaml")
  mkdirSync(inner)
  writeFileSync(file, "")
  symlinkSync("inner/policy.yaml", link)
  expect(why(link)).toBeUndefined()

  expect(why(file, { [file]: 1000 })).toBe("/inner/policy.yaml belongs to user 1000")
  expect(why(link, { [file]: 1000 })).toBe("/inner/policy.yaml belongs to user 1000")
  expect(why(file, { [inner]: 1000 })).toBe("/inner belongs to user 1000")
  chmodSync(file, 0o646)
  expect(why(file)).toBe("/inner/policy.yaml can be written by everybody")
  chmodSync(file, 0o644)
  chmodSync(inner, 0o777)
  expect(why(link)).toBe("/inner can be written by everybody")
  chmodSync(inner, 0o1777)
  expect(why(link)).toBeUndefined()
})

test("a circle of links ends", () => {
  symlinkSync("b", join(folder, "a"))
  symlinkSync("a", join(folder, "b"))
  expect(why(join(folder, "a"))).toMatch(/is a circle of symbolic links$/)
})

test("an atomic write leaves the whole text and nothing beside it", () => {
  const file = join(folder, "boot.nft")
  writeAtomically(file, "old")
  writeAtomically(file, "new", 0o640)
  expect(readFileSync(file, "utf8")).toBe("new")
  expect(readdirSync(folder)).toEqual(["boot.nft"])
})

test("folders are made with those above them, and where that cannot be it says so at once", () => {
  makeFolder(join(folder, "a/b/c"))
  makeFolder(join(folder, "a/b/c"))
  expect(lstatSync(join(folder, "a/b/c")).isDirectory()).toBe(true)
  expect(() => makeFolder("/proc/nowhere/at/all")).toThrow(/ENOENT/)
})

test("a lock is held by one, and let go by the death of its holder", async () => {
  const path = join(folder, "lock")
  const first = takeLock(path)
  if (failed(first)) throw new Error("the first was refused")
  const second = takeLock(path)
  expect(failed(second) && second.failure.diagnostics[0]?.message).toBe(
    `another floodwall is changing the rules (process ${process.pid})`,
  )
  first.value.release()
  // One process: a child of its own would have the lock for a moment longer.
  const holder = spawn("flock", ["-n", "--no-fork", path, "sh", "-c", "echo held; exec sleep 60"], {
    detached: true,
  })
  await new Promise((resolve) => holder.stdout.once("data", resolve))
  expect(failed(takeLock(path))).toBe(true)
  const gone = new Promise((resolve) => holder.once("exit", resolve))
  process.kill(-holder.pid!, "SIGKILL")
  await gone
  const third = takeLock(path)
  expect(failed(third)).toBe(false)
  if (!failed(third)) third.value.release()
})
