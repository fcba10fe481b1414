import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel, skipWithout } from "./support/kernel-test.js"

/** libfaketime's library for programs with threads, wherever this machine's kind has it. */
function faketime(): string | undefined {
  const folders = ["/usr/lib", ...readdirSync("/usr/lib").map((name) => join("/usr/lib", name))]
  return folders.map((folder) => join(folder, "faketime/libfaketimeMT.so.1")).find((path) => existsSync(path))
}

interface BlockedLine {
  readonly source: string
  readonly since: string
  readonly until: string
}

test("the guard's clock jumps ten hours forth, twenty back and home again: no block ends or lasts longer, nobody is blocked for it, and blocked shows the right times", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const library = faketime()
  if (library === undefined) return skipWithout(context, "libfaketime is not installed")
  const { gateway, start, from, scan, nft, isListed } = createGuarded()
  const control = join(gateway.folder, "clock")
  const jump = (to: string) => writeFileSync(control, to)
  jump("+0")
  const guard = await start({
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: control,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
  })
  const [scanner, honest, later] = [from(90), from(91), from(92)]
  const began = Date.now()
  scan(scanner)
  scan(honest, 19)
  expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
  // Not before: the command says so after the kernel knows it.
  const ends = Date.now() + 12_000
  expect(gateway.floodwall("block", "198.51.100.7", "--for", "12s").status).toBe(0)
  const listed = () => nft("list", "sets", "inet")
  /** Seconds that the kernel still keeps the scanner out. */
  const left = () => {
    const [, minutes = 0, seconds = 0] =
      new RegExp(`${scanner.replaceAll(".", "\\.")} [^,}]*expires (?:(\\d+)m)?(?:(\\d+)s)?`).exec(listed()) ??
      []
    return Number(minutes) * 60 + Number(seconds)
  }

  const moves = () => guard.output().match(/the clock was set \w+ by \d+ s/g) ?? []
  const told: string[] = []
  for (const [to, said] of [
    ["+10h", "the clock was set forward by 36000 s"],
    ["-10h", "the clock was set back by 72000 s"],
    ["+0", "the clock was set forward by 36000 s"],
  ] as const) {
    jump(to)
    told.push(said)
    expect([await within(PATIENCE, () => moves().length === told.length), moves()]).toEqual([true, told])
    scan(honest, 19)
    const passed = (Date.now() - began) / 1000
    expect([to, Math.abs(left() + passed - 600) < 10]).toEqual([to, true])
    const there = listed()
    if (Date.now() < ends - 1000) expect(there).toContain("198.51.100.7")
  }
  scan(later)
  expect(await within(PATIENCE, () => isListed(later))).toBe(true)

  // The kernel ends it by itself, and not before.
  expect(await within(PATIENCE, () => !listed().includes("198.51.100.7"))).toBe(true)
  expect(Date.now()).toBeGreaterThanOrEqual(ends - 1000)
  const blocked = gateway
    .floodwall("blocked", "--json")
    .stdout.split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as BlockedLine)
  expect(blocked.map(({ source }) => source).sort()).toEqual([scanner, later])
  const shown = blocked.find(({ source }) => source === scanner)
  const apart = (text: string | undefined, time: number) => Math.abs(Date.parse(text ?? "") - time) / 1000
  expect([apart(shown?.since, began) < 10, apart(shown?.until, began + 600_000) < 10]).toEqual([true, true])
  expect(guard.output()).not.toContain(`${honest} `)
})
