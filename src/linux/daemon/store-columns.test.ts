import { expect, test } from "vitest"
import type { Block } from "../../core/block/block.js"
import { type Database, openDatabase } from "./sqlite.js"
import { readBlocks, readPasts } from "./store-columns.js"

function database(): Database {
  const opened = openDatabase(":memory:")
  if (typeof opened === "string") throw new Error(opened)
  opened.exec(`
    create table blocks (source text, scope text, decided_by text, kind text, why text, since real, until real, times integer, packets integer, bytes integer);
    create table pasts (source text, times integer, "end" real, unblocked integer);
  `)
  return opened
}

const four = (...words: number[]): Block["source"] => ({ address: { family: 4, words }, length: 32 })

test("blocks are read as they were written, whatever stands in their texts; sources that make no sense are left out", () => {
  const store = database()
  const rows: readonly (readonly [string, string, number | null, Block["source"] | undefined])[] = [
    ["192.0.2.7", "tried 20 ports", 1_000_000.25, four(0xc0000207)],
    ["255.255.255.255", "tried 20 ports", null, four(0xffffffff)],
    ["300.0.2.7", "an odd host", 5, undefined],
    ["1.2.3", "", 5, undefined],
    ["192.0.2.0/24", "", -1.5, { ...four(0xc0000200), length: 24 }],
    ["2001:db8::/64", "ende\u{fc}", 5, { address: { family: 6, words: [0x20010db8, 0, 0, 0] }, length: 64 }],
    ["", "nobody", 5, undefined],
  ]
  for (const why of ["", "a\u{1f}b"]) {
    store.exec("delete from blocks")
    for (const [source, text, until] of rows)
      store
        .prepare(
          "insert into blocks values (?, 'everything', 'hand', 'by hand', ?, 7.125, ?, 2, 3, 4000000000)",
        )
        .run(source, text + why, until)
    expect(readBlocks(store)).toEqual(
      rows.flatMap(([, text, until, source]) =>
        source === undefined
          ? []
          : {
              source,
              scope: "everything",
              by: "hand",
              kind: "by hand",
              why: text + why.replace("\u{1f}", " "),
              since: 7.125,
              until: until ?? Number.POSITIVE_INFINITY,
              times: 2,
              droppedPackets: 3,
              droppedBytes: 4_000_000_000,
            },
      ),
    )
  }
})

test("a table without rows, and pasts", () => {
  const store = database()
  expect([readBlocks(store), readPasts(store)]).toEqual([[], []])
  store.exec("insert into pasts values ('192.0.2.7', 3, 12.5, 0), ('x', 1, 1, 1), ('192.0.2.8', 1, 13, 1)")
  expect(readPasts(store)).toEqual([
    { source: four(0xc0000207), times: 3, end: 12.5 },
    { source: four(0xc0000208), times: 1, end: 13, unblocked: true },
  ])
})
