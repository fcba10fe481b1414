import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, expect, onTestFinished, test } from "vitest"
import type { Block } from "../../core/block/block.js"
import { failed } from "../host/outcome.js"
import { createLastingStore } from "./lasting-store.js"
import { type OpenedStore, openStore } from "./store.js"

let folder: string
const clock = { boot: "this one", wall: 1_000_000, monotonic: 5 }
const block: Block = {
  source: { address: { family: 4, words: [0xc0000207] }, length: 32 },
  scope: "everything",
  by: "hand",
  kind: "by-hand",
  why: "a test",
  since: 1_000_000,
  until: Number.POSITIVE_INFINITY,
  times: 1,
  droppedPackets: 0,
  droppedBytes: 0,
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "floodwall-store-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

function open(where = folder): OpenedStore {
  const opened = openStore(where, "now")
  if (failed(opened)) throw new Error(opened.failure.diagnostics[0]?.message)
  return opened.value
}

/** What another process would read: the driver lets go of a file that it has closed when its statements are collected. */
function written(): readonly Block[] {
  const copy = join(folder, "copy")
  mkdirSync(copy)
  copyFileSync(join(folder, "ledger.db"), join(copy, "ledger.db"))
  return open(copy).store.blocks
}

const noise = (length: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 7919) % 251))

test.each<[string, (path: string) => void, boolean]>([
  ["noise in its place", (path) => writeFileSync(path, noise(40_000)), true],
  ["cut in the middle", (path) => truncateSync(path, 5000), true],
  [
    "its first bytes gone",
    (path) => writeFileSync(path, Buffer.concat([noise(100), Buffer.alloc(20_000)])),
    true,
  ],
  ["empty", (path) => truncateSync(path, 0), false],
  ["noise behind its log", (path) => appendFileSync(`${path}-wal`, noise(9000)), false],
])(
  "a ledger (%s) is set aside where it cannot be read, and written again at once",
  (_name, damage, isSetAside) => {
    const whole = join(folder, "whole")
    mkdirSync(whole)
    const first = open(whole)
    first.store.write([{ change: "set", block }], [], clock)
    first.store.close()
    copyFileSync(join(whole, "ledger.db"), join(folder, "ledger.db"))
    damage(join(folder, "ledger.db"))
    const { store, setAside } = open()
    expect([setAside !== undefined, readdirSync(folder).includes("ledger.db.broken-now")]).toEqual([
      isSetAside,
      isSetAside,
    ])
    expect(store.write([{ change: "set", block }], [], clock)).toBeUndefined()
    store.close()
    expect(written()).toEqual([block])
  },
)

test("where no ledger can be opened nothing is said to be written, and from when it can everything is", () => {
  const path = join(folder, "ledger.db")
  mkdirSync(path)
  const spare = createLastingStore(
    folder,
    undefined,
    () => openStore(folder, "now"),
    () => {},
  )
  const event = { time: "2026-01-02T03:04:05.000Z", kind: "notice", text: "before" }
  expect(spare.write([{ change: "set", block }], [event], clock)).toMatch(/cannot be opened: the file cannot/)
  expect(spare.events({})).toEqual([])
  rmdirSync(path)
  expect(spare.write([{ change: "set", block }], [event], clock)).toBeUndefined()
  expect(spare.events({})).toEqual([event])
  spare.close()
  expect(written()).toEqual([block])
})
