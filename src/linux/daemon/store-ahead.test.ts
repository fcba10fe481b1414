import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, expect, onTestFinished, test } from "vitest"
import type { Block } from "../../core/block/block.js"
import { failed } from "../host/outcome.js"
import { type OpenedStore, openStore } from "./store.js"
import { type LedgerAhead, readLedgerAhead } from "./store-ahead.js"

let folder: string
let path: string
const clock = { boot: "this one", wall: 1_000_000, monotonic: 5 }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "floodwall-ahead-"))
  path = join(folder, "ledger.db")
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

function blockOf(index: number): Block {
  return {
    source: { address: { family: 4, words: [0xc0000200 + index] }, length: 32 },
    scope: "everything",
    by: "hand",
    kind: "by-hand",
    why: `a test of ${index}`,
    since: 1_000_000 + index / 1000,
    until: index === 1 ? Number.POSITIVE_INFINITY : 1_000_600,
    times: 1,
    droppedPackets: index,
    droppedBytes: 40 * index,
  }
}

function open(where = folder, ahead?: LedgerAhead): OpenedStore["store"] {
  const opened = openStore(where, "now", ahead)
  if (failed(opened)) throw new Error(opened.failure.diagnostics[0]?.message)
  onTestFinished(() => opened.value.store.close())
  return opened.value.store
}

/** A ledger that nobody has open: the driver lets go of a file that it has closed when its statements are collected, so this one was another file then. */
function lay(indices: readonly number[], wall: number): void {
  const elsewhere = mkdtempSync(join(folder, "made-"))
  const store = open(elsewhere)
  const changes = indices.map((index) => ({ change: "set" as const, block: blockOf(index) }))
  expect(store.write(changes, [], { ...clock, wall })).toBeUndefined()
  store.close()
  rmSync(path, { force: true })
  copyFileSync(join(elsewhere, "ledger.db"), path)
}

test("what a thread has read is what opening reads, and it has let go of the file", async () => {
  lay([1, 2, 3], 1_000_001)
  const ahead = await readLedgerAhead(path, 0)
  expect(Object.keys(ahead?.blocks ?? {})).toHaveLength(8)
  expect(open(folder, ahead).blocks).toEqual([1, 2, 3].map(blockOf))
})

test.each([
  ["as long as nobody has written since", 1_000_001, ["a word of 1", "a word of 2"]],
  ["and where somebody has, it is read anew", 1_000_002, ["a test of 1", "a test of 2"]],
])("what it has read is what is taken, %s", async (_when, wall, whys) => {
  lay([1, 2], 1_000_001)
  const ahead = (await readLedgerAhead(path, 0))!
  const other = { ...ahead, blocks: { ...ahead.blocks, c2: ahead.blocks["c2"]!.replaceAll("test", "word") } }
  lay([1, 2], wall)
  expect(open(folder, other).blocks.map(({ why }) => why)).toEqual(whys)
})

test("nothing is read of a short ledger, of none, of a broken one, and of one that somebody has", async () => {
  expect(await readLedgerAhead(path, 0)).toBeUndefined()
  lay([1], 1_000_001)
  expect(await readLedgerAhead(path)).toBeUndefined()
  const store = open()
  expect(await readLedgerAhead(path, 0)).toBeUndefined()
  store.close()
  rmSync(path)
  writeFileSync(path, "no database at all".repeat(1000))
  expect(await readLedgerAhead(path, 0)).toBeUndefined()
})
