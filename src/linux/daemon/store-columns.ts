import { isProblem } from "../../core/base/diagnostic.js"
import { parsePrefix } from "../../core/base/prefix.js"
import type { Block, BlockedBy, Scope } from "../../core/block/block.js"
import type { Past } from "../../core/block/ledger.js"
import type { Database } from "./sqlite.js"

/**
 * The ledger's tables, read column by column: SQLite joins each column into one text, and a hundred thousand rows take a third of what an object for each row with a name for each value would.
 * U+001F stands between two values (and is taken out of what people wrote); times are read as whole milliseconds, which is what the clock gives.
 */
const SEPARATOR = "\u001f"

/** Blocks whose source makes no sense are left out. */
export function readBlocks(database: Database): readonly Block[] {
  const columns = readColumns(database, "blocks", [
    "source",
    "scope",
    "decided_by",
    "kind",
    "replace(why, char(31), ' ')",
    milliseconds("since"),
    `coalesce(${milliseconds("until")}, '')`,
    "times",
    "packets",
    "bytes",
  ])
  if (columns === undefined) return []
  const [sources, scopes, deciders, kinds, whys, sinces, untils, times, packets, bytes] = columns
  const blocks: Block[] = []
  for (const [index, text] of sources!.entries()) {
    const source = parsePrefix(text)
    if (isProblem(source)) continue
    const until = untils![index]!
    blocks.push({
      source,
      scope: scopes![index] as Scope,
      by: deciders![index] as BlockedBy,
      kind: kinds![index]!,
      why: whys![index]!,
      since: Number(sinces![index]) / 1000,
      until: until === "" ? Number.POSITIVE_INFINITY : Number(until) / 1000,
      times: Number(times![index]),
      droppedPackets: Number(packets![index]),
      droppedBytes: Number(bytes![index]),
    })
  }
  return blocks
}

export function readPasts(database: Database): readonly Past[] {
  const columns = readColumns(database, "pasts", ["source", "times", milliseconds('"end"'), "unblocked"])
  if (columns === undefined) return []
  const [sources, times, ends, unblocked] = columns
  const pasts: Past[] = []
  for (const [index, text] of sources!.entries()) {
    const source = parsePrefix(text)
    if (isProblem(source)) continue
    const past = { source, times: Number(times![index]), end: Number(ends![index]) / 1000 }
    pasts.push(unblocked![index] === "1" ? { ...past, unblocked: true } : past)
  }
  return pasts
}

/** Undefined: the table is empty. */
function readColumns(
  database: Database,
  table: string,
  columns: readonly string[],
): readonly (readonly string[])[] | undefined {
  const joined = columns.map((column, index) => `group_concat(${column}, char(31)) as c${index}`)
  const row = database.prepare(`select ${joined.join(", ")} from ${table}`).get()
  if (row === undefined || row["c0"] === null) return undefined
  return columns.map((_, index) => String(row[`c${index}`]).split(SEPARATOR))
}

/** A whole number is made a text a few times faster than one with a fraction. */
function milliseconds(column: string): string {
  return `cast(round(${column} * 1000) as integer)`
}
