import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { followFile } from "./follow.js"
import { splitLines } from "./lines.js"

test("a file is followed from its end through renaming, cutting short, and not being there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-follow-"))
  const path = join(folder, "log")
  const lines: string[] = []
  writeFileSync(path, "old\n")
  const followed = followFile(path, (line) => lines.push(line))
  onTestFinished(() => {
    followed.stop()
    rmSync(folder, { recursive: true })
  })
  const settle = () => pause(700)
  appendFileSync(path, "one\nhal")
  await settle()
  appendFileSync(path, "f\n")
  renameSync(path, `${path}.1`)
  appendFileSync(`${path}.1`, "last\n")
  writeFileSync(path, "first of the new\n")
  await settle()
  truncateSync(path)
  await settle()
  appendFileSync(path, "after\n")
  await settle()
  expect(lines).toEqual(["one", "half", "last", "first of the new", "after"])
})

test("who has his log renamed writes on into the old one for a while; a log that is deleted and made again, a folder or a pipe in its place, a line without end and bytes that are no text stop nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-follow-"))
  const path = join(folder, "log")
  const lines: string[] = []
  // Whoever opened a pipe to read it would wait here for somebody who writes.
  expect(spawnSync("mkfifo", [path]).status).toBe(0)
  const followed = followFile(path, (line) => lines.push(line))
  onTestFinished(() => {
    followed.stop()
    rmSync(folder, { recursive: true })
  })
  const hears = async (...expected: readonly string[]) => {
    await expect.poll(() => lines, { timeout: 5000 }).toEqual(expected)
    lines.length = 0
  }
  const looked = () => pause(600)
  expect(followed.isThere).toBe(false)
  rmSync(path)
  writeFileSync(path, "one\n")
  await hears("one")

  renameSync(path, `${path}.1`)
  await looked()
  appendFileSync(`${path}.1`, "written on\n")
  await hears("written on")
  appendFileSync(`${path}.1`, "and on\n")
  writeFileSync(path, "new\n")
  await hears("and on", "new")

  rmSync(path)
  writeFileSync(path, "made again\n")
  await hears("made again")
  rmSync(path)
  mkdirSync(path)
  await looked()
  expect(followed.isThere).toBe(false)
  rmdirSync(path)
  writeFileSync(path, "no folder\n")
  await hears("no folder")

  appendFileSync(path, "x".repeat(10_000_000))
  appendFileSync(path, Buffer.from([0x0a, 0xff, 0xfe, 0x0a]))
  appendFileSync(path, "behind it\n")
  await hears("\uFFFD\uFFFD", "behind it")
  expect(followed.tooLong).toBe(1)
})

test("a line that is too long is thrown away, and the next one is whole", () => {
  const lines: string[] = []
  const split = splitLines((line) => lines.push(line), 10)
  for (const chunk of ["short\n", "x".repeat(8), "y".repeat(8), "z\nnext", "\n", `${"w".repeat(11)}\nend\n`])
    split.push(Buffer.from(chunk))
  expect(lines).toEqual(["short", "next", "end"])
  expect(split.tooLong).toBe(2)
})
