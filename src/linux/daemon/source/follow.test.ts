import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
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

test("a line that is too long is thrown away, and the next one is whole", () => {
  const lines: string[] = []
  const split = splitLines((line) => lines.push(line), 10)
  for (const chunk of ["short\n", "x".repeat(8), "y".repeat(8), "z\nnext", "\n", `${"w".repeat(11)}\nend\n`])
    split.push(Buffer.from(chunk))
  expect(lines).toEqual(["short", "next", "end"])
  expect(split.tooLong).toBe(2)
})
