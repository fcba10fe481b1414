import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix } from "../../core/base/prefix.js"
import type { Block, BlockedBy, Scope } from "../../core/block/block.js"
import type { Past } from "../../core/block/ledger.js"
import type { Database, Row } from "./sqlite.js"

/**
 * The ledger's tables, read column by column: SQLite joins each column into one text, and a hundred thousand rows take a third of what an object for each row with a name for each value would.
 * U+001F stands between two values (and is taken out of what people wrote, if it is there); times are read as whole milliseconds, which is what the clock gives.
 */
const SEPARATOR = 0x1f
const BETWEEN = String.fromCharCode(SEPARATOR)
const DOT = 0x2e
const ZERO = 0x30

/** Texts that were met before are the same string again, so that a hundred thousand reasons do not keep the column's text alive. */
const INTERNED = 4096

/** The values of a column, one after the other, without a string for each. */
class Column {
  readonly #text: string
  #at = 0
  #latest = ""
  readonly #known = new Map<string, string>()

  constructor(text: string) {
    this.#text = text
  }

  get isOver(): boolean {
    return this.#at > this.#text.length
  }

  text(): string {
    const value = this.#cut()
    if (value === this.#latest) return this.#latest
    const known = this.#known.get(value)
    // A slice of a text keeps all of it; what went through bytes does not.
    this.#latest = known ?? Buffer.from(value).toString()
    if (known === undefined && this.#known.size < INTERNED) this.#known.set(this.#latest, this.#latest)
    return this.#latest
  }

  /** A whole number; undefined where there is none. */
  number(): number | undefined {
    const text = this.#text
    const isNegative = text[this.#at] === "-"
    let at = this.#at + (isNegative ? 1 : 0)
    let value = 0
    const from = at
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === from || !this.#isEnd(at)) {
      const written = this.#cut()
      return written === "" ? undefined : Number(written)
    }
    this.#at = at + 1
    return isNegative ? -value : value
  }

  /** Undefined where it is none. */
  prefix(): Prefix | undefined {
    const word = this.#quad()
    if (word !== undefined) return { address: { family: 4, words: [word] }, length: 32 }
    const prefix = parsePrefix(this.#cut())
    return isProblem(prefix) ? undefined : prefix
  }

  /** A host of IPv4, which most of them are; undefined, and still to be read: something else. */
  #quad(): number | undefined {
    const text = this.#text
    let word = 0
    let octet = -1
    let dots = 0
    for (let at = this.#at; ; at++) {
      const code = at < text.length ? text.charCodeAt(at) : SEPARATOR
      if (code >= ZERO && code < ZERO + 10) octet = (octet < 0 ? 0 : octet * 10) + code - ZERO
      else if (octet < 0 || octet > 255) return undefined
      else if (code === DOT && dots < 3) {
        word = word * 256 + octet
        octet = -1
        dots++
      } else if (code === SEPARATOR && dots === 3) {
        this.#at = at + 1
        return word * 256 + octet
      } else return undefined
    }
  }

  #isEnd(at: number): boolean {
    return at === this.#text.length || this.#text.charCodeAt(at) === SEPARATOR
  }

  #cut(): string {
    const end = this.#text.indexOf(BETWEEN, this.#at)
    const value = this.#text.slice(this.#at, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length + 1 : end + 1
    return value
  }
}

/** What joins the columns of all blocks. `why`: how a reason is read. */
export function blocksQuery(why: string): string {
  return joining("blocks", [
    "source",
    // Words without blanks, but for the last.
    "scope || ' ' || decided_by || ' ' || kind",
    why,
    milliseconds("since"),
    `coalesce(${milliseconds("until")}, '')`,
    "times",
    "packets",
    "bytes",
  ])
}

/** Blocks whose source makes no sense are left out. `ahead`: what `blocksQuery` of plain reasons has answered already. */
export function readBlocks(database: Database, ahead?: Row, why = "why"): readonly Block[] {
  const columns = columnsOf(ahead ?? database.prepare(blocksQuery(why)).get(), BLOCK_COLUMNS)
  if (columns === undefined) return []
  const [sources, sorts, whys, sinces, untils, times, packets, bytes] = columns as Eight
  const blocks: Block[] = []
  let latest = ""
  let sort = sortOf(latest)
  while (!sources.isOver) {
    const source = sources.prefix()
    const text = sorts.text()
    if (text !== latest) {
      latest = text
      sort = sortOf(text)
    }
    const block: Block = {
      source: source ?? nowhere,
      scope: sort.scope,
      by: sort.by,
      kind: sort.kind,
      why: whys.text(),
      since: (sinces.number() ?? 0) / 1000,
      until: (untils.number() ?? Number.POSITIVE_INFINITY) / 1000,
      times: times.number() ?? 0,
      droppedPackets: packets.number() ?? 0,
      droppedBytes: bytes.number() ?? 0,
    }
    if (source) blocks.push(block)
  }
  // Somebody wrote what stands between two values: it is taken out first, which takes a sixth of the time.
  return whys.isOver || why !== "why"
    ? blocks
    : readBlocks(database, undefined, "replace(why, char(31), ' ')")
}

function sortOf(text: string): Pick<Block, "scope" | "by" | "kind"> {
  const [scope = "", by = "", ...kind] = text.split(" ")
  return { scope: scope as Scope, by: by as BlockedBy, kind: kind.join(" ") }
}

const BLOCK_COLUMNS = 8

const nowhere: Prefix = { address: { family: 4, words: [0] }, length: 32 }

type Eight = readonly [Column, Column, Column, Column, Column, Column, Column, Column]

export function readPasts(database: Database): readonly Past[] {
  const names = ["source", "times", milliseconds('"end"'), "unblocked"]
  const columns = columnsOf(database.prepare(joining("pasts", names)).get(), names.length)
  if (columns === undefined) return []
  const [sources, times, ends, unblocked] = columns as readonly [Column, Column, Column, Column]
  const pasts: Past[] = []
  while (!sources.isOver) {
    const source = sources.prefix()
    const past = { source: source ?? nowhere, times: times.number() ?? 0, end: (ends.number() ?? 0) / 1000 }
    const isUnblocked = unblocked.number() === 1
    if (source) pasts.push(isUnblocked ? { ...past, unblocked: true } : past)
  }
  return pasts
}

function joining(table: string, columns: readonly string[]): string {
  const joined = columns.map((column, index) => `group_concat(${column}, char(31)) as c${index}`)
  return `select ${joined.join(", ")} from ${table}`
}

/** Undefined: the table is empty. */
function columnsOf(row: Row | undefined, count: number): readonly Column[] | undefined {
  if (row === undefined || row["c0"] === null) return undefined
  return Array.from({ length: count }, (_, index) => new Column(String(row[`c${index}`])))
}

/** A whole number is made a text a few times faster than one with a fraction. */
function milliseconds(column: string): string {
  return `cast(round(${column} * 1000) as integer)`
}
