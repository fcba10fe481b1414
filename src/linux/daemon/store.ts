import { chmodSync, existsSync, renameSync } from "node:fs"
import { join } from "node:path"
import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { type Block, sourceText } from "../../core/block/block.js"
import type { ClockReading } from "../../core/block/clock.js"
import type { Change, Past } from "../../core/block/ledger.js"
import { inodeOf } from "../host/files.js"
import { done, fail, type Outcome } from "../host/outcome.js"
import type { EventFilter, EventLine } from "./protocol.js"
import { codeOf, type Database, openDatabase, type Row, type Statement } from "./sqlite.js"
import { clockQuery, type LedgerAhead } from "./store-ahead.js"
import { readBlocks, readPasts } from "./store-columns.js"
import { SyncedFile } from "./synced-file.js"

/** The ledger on the disk. What a call has written survives a killed process and a power cut; a call that fails has written nothing. */
export interface Store {
  /** As they were when it was opened. */
  readonly blocks: readonly Block[]
  /** As they are now: read with each look. */
  readonly pasts: readonly Past[]
  /** When it was written last; undefined: never. */
  readonly clock: ClockReading | undefined
  /** All of it, or nothing: why it could not be written (a full disk), or undefined. From then on it survives the process, and after a sync a power cut. */
  write(changes: readonly Change[], events: readonly EventLine[], clock: ClockReading): string | undefined
  /** Has the disk keep what was written, in another thread; `then` hears why it could not. Asked again meanwhile, it does it once more. */
  sync(then: (trouble: string | undefined) => void): void
  /** The same, done when the call returns. */
  syncNow(): string | undefined
  /** The log's pages go where they belong, if they are many. It takes some writes and two syncs, so it waits for a quiet moment until they are very many. */
  tidy(isQuiet: boolean): void
  /** The latest first. */
  events(filter: EventFilter): readonly EventLine[]
  close(): void
}

/** A store in a file, which somebody may take away while it is open. */
export interface FileStore extends Store {
  /** Which file it is, whatever lies under its name now. */
  readonly inode: string | undefined
  /** False: under its name is nothing, or something else. Reading and writing go on in what nobody can find any more. */
  isInPlace(): boolean
  /** All of it, as it is now, into a file that is not there yet: why that could not be, or undefined. */
  copyTo(path: string): string | undefined
}

export interface OpenedStore {
  readonly store: FileStore
  /** A database that could not be read, and where it lies now. */
  readonly setAside?: { readonly path: string; readonly why: string }
}

/** In the state folder. */
export const ledgerFile = "ledger.db"

/** KESL keeps 500,000 events; a fifth of that is a year of a busy host's findings. */
const eventsMaximum = 100_000
const pruneEvery = 1000
/** Commits. Each leaves some pages of 4 kB in the log. */
const TIDY_AFTER = 200
const TIDY_AT_LAST = 4000

/**
 * One writer: the database is locked as long as it is open, by whoever opened it (locking_mode=exclusive), and SQLite's lock ends with its process. A commit goes into the write-ahead log and is
 * not synced by SQLite (synchronous=normal): a kill cannot take it back, and a sync of our own, in another thread, has the disk keep it. Nor are the log's pages moved in the midst of a
 * commit (wal_autocheckpoint=0).
 */
const settings = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma wal_autocheckpoint = 0;
  pragma journal_size_limit = 4000000;
  begin immediate;
  create table if not exists blocks (
    source text primary key, scope text not null, decided_by text not null, kind text not null, why text not null,
    since real not null, until real, times integer not null, packets integer not null, bytes integer not null
  ) without rowid;
  create table if not exists pasts (source text primary key, times integer not null, end real not null, unblocked integer not null) without rowid;
  create table if not exists events (id integer primary key, time real not null, kind text not null, source text, line text not null);
  create index if not exists events_by_source on events (source, id) where source is not null;
  create table if not exists clock (only_row integer primary key check (only_row = 1), boot text not null, wall real not null, monotonic real not null);
  commit;
`

/** Opens the ledger in a folder, or makes it. A broken one is set aside, and a new one made in its place. `ahead`: what was read of it a moment ago, which need not be read again. */
export function openStore(folder: string, stamp: string, ahead?: LedgerAhead): Outcome<OpenedStore> {
  const path = join(folder, ledgerFile)
  const first = tryOpen(path, ahead)
  if (typeof first !== "object") return fail("cannot", "no-ledger", first)
  if ("store" in first) return done(first)
  if (first.code === "SQLITE_BUSY" || first.code === "SQLITE_LOCKED")
    return fail("no", "ledger-in-use", "another floodwall has the ledger open", "wait until it has ended")
  if (!isBroken(first.code))
    return fail(
      "cannot",
      "no-ledger",
      `the ledger ${path} cannot be opened: ${first.message}`,
      "FLOODWALL_STATE names another folder",
    )
  const aside = `${path}.broken-${stamp}`
  try {
    for (const suffix of ["", "-wal", "-journal"]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
    }
  } catch (error) {
    return fail("cannot", "no-ledger", `the broken ledger cannot be set aside: ${(error as Error).message}`)
  }
  const second = tryOpen(path)
  if (typeof second === "object" && "store" in second)
    return done({ ...second, setAside: { path: aside, why: first.message } })
  const why = typeof second === "object" ? second.message : second
  return fail("cannot", "no-ledger", `the ledger ${path} cannot be made: ${why}`)
}

function isBroken(code: string): boolean {
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" || code === "SQLITE_ERROR"
}

function tryOpen(
  path: string,
  ahead?: LedgerAhead,
): { readonly store: FileStore } | { readonly code: string; readonly message: string } | string {
  let database: Database | undefined
  try {
    const opened = openDatabase(path)
    if (typeof opened === "string") return opened
    database = opened
    database.exec(settings)
    chmodSync(path, 0o600)
    return { store: new SqliteStore(database, path, ahead) }
  } catch (error) {
    database?.close()
    return { code: codeOf(error), message: plainly((error as Error).message) }
  }
}

/** The driver's message where SQLite could not open the file at all (SQLITE_CANTOPEN, 14) is a Rust value. */
function plainly(message: string): string {
  return /^ConnectionFailed\(|^unable to open database/.test(message)
    ? "the file cannot be opened or made"
    : message
}

class SqliteStore implements FileStore {
  readonly blocks: readonly Block[]
  readonly clock: ClockReading | undefined
  readonly #database: Database
  readonly #statements: Readonly<
    Record<"set" | "end" | "past" | "forget" | "event" | "prune" | "clock" | "begin" | "commit", Statement>
  >
  readonly #log: SyncedFile
  readonly #files: readonly { readonly path: string; readonly inode: string | undefined }[]
  #written = 0
  #commits = 0

  /** Throws where the database is broken. */
  constructor(database: Database, path: string, ahead?: LedgerAhead) {
    this.#database = database
    this.#log = new SyncedFile(`${path}-wal`)
    this.#files = [path, `${path}-wal`].map((file) => ({ path: file, inode: inodeOf(file) }))
    const clock = database.prepare(clockQuery).get()
    const known = ahead && isOf(ahead, clock) ? ahead : undefined
    if (known === undefined) {
      const [check] = database.prepare("pragma quick_check(1)").all()
      const verdict = check && Object.values(check)[0]
      if (verdict !== "ok") throw Object.assign(new Error(String(verdict)), { code: "SQLITE_CORRUPT" })
    }
    this.blocks = readBlocks(database, known?.blocks)
    this.clock = clock && {
      boot: String(clock["boot"]),
      wall: Number(clock["wall"]),
      monotonic: Number(clock["monotonic"]),
    }
    this.#statements = {
      set: database.prepare("insert or replace into blocks values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      end: database.prepare("delete from blocks where source = ?"),
      past: database.prepare("insert or replace into pasts values (?, ?, ?, ?)"),
      forget: database.prepare("delete from pasts where source = ?"),
      event: database.prepare("insert into events (time, kind, source, line) values (?, ?, ?, ?)"),
      prune: database.prepare("delete from events where id <= (select max(id) from events) - ?"),
      begin: database.prepare("begin immediate"),
      commit: database.prepare("commit"),
      clock: database.prepare("insert or replace into clock values (1, ?, ?, ?)"),
    }
  }

  get pasts(): readonly Past[] {
    try {
      return readPasts(this.#database)
    } catch {
      // Checked when it was opened: a disk that breaks meanwhile is told of by what is written.
      return []
    }
  }

  write(changes: readonly Change[], events: readonly EventLine[], clock: ClockReading): string | undefined {
    try {
      this.#statements.begin.run()
      for (const change of changes) this.#change(change)
      for (const event of events)
        this.#statements.event.run(
          Date.parse(event.time) / 1000,
          event.kind,
          event.source ?? null,
          JSON.stringify(event),
        )
      this.#written += events.length
      if (this.#written >= pruneEvery) {
        this.#written = 0
        this.#statements.prune.run(eventsMaximum)
      }
      this.#statements.clock.run(clock.boot, clock.wall, clock.monotonic)
      this.#statements.commit.run()
      this.#commits++
      return undefined
    } catch (error) {
      try {
        this.#database.exec("rollback")
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full.
      }
      return (error as Error).message
    }
  }

  sync(then: (trouble: string | undefined) => void): void {
    this.#log.sync(then)
  }

  syncNow(): string | undefined {
    return this.#log.syncNow()
  }

  get inode(): string | undefined {
    return this.#files[0]?.inode
  }

  isInPlace(): boolean {
    return this.#files.every(({ path, inode }) => inodeOf(path) === inode)
  }

  copyTo(path: string): string | undefined {
    try {
      this.#database.exec(`vacuum into '${path.replaceAll("'", "''")}'`)
      return undefined
    } catch (error) {
      return plainly((error as Error).message)
    }
  }

  tidy(isQuiet: boolean): void {
    if (this.#commits < (isQuiet ? TIDY_AFTER : TIDY_AT_LAST)) return
    this.#commits = 0
    try {
      this.#database.exec("pragma wal_checkpoint(passive)")
    } catch {
      // What is in the log is read from there.
    }
  }

  events({ source, kinds, since, last = eventsMaximum }: EventFilter): readonly EventLine[] {
    const isAsked = eventsAsked({ ...(source !== undefined && { source }), ...(kinds && { kinds }) })
    const rows = this.#database
      .prepare(`select line from events where time >= ? order by id desc limit ${eventsMaximum}`)
      .all(since === undefined ? 0 : Date.parse(since) / 1000)
    const lines: EventLine[] = []
    for (const row of rows) {
      if (lines.length >= last) break
      const line = JSON.parse(String(row["line"])) as EventLine
      if (isAsked(line)) lines.push(line)
    }
    return lines
  }

  #change(change: Change): void {
    const { set, end, past, forget } = this.#statements
    switch (change.change) {
      case "set": {
        const { source, scope, by, kind, why, since, until, times, droppedPackets, droppedBytes } =
          change.block
        const ends = Number.isFinite(until) ? until : null
        set.run(sourceText(source), scope, by, kind, why, since, ends, times, droppedPackets, droppedBytes)
        break
      }
      case "end":
        end.run(sourceText(change.block.source))
        break
      case "past":
        past.run(
          sourceText(change.past.source),
          change.past.times,
          change.past.end,
          change.past.unblocked ? 1 : 0,
        )
        break
      case "forget":
        forget.run(sourceText(change.source))
        break
    }
  }

  close(): void {
    try {
      this.#database.exec("pragma wal_checkpoint(truncate)")
    } catch {
      // What is in the log is read from there.
    }
    this.#database.close()
    this.#log.close()
  }
}

/** Whether nobody has written since. */
function isOf(ahead: LedgerAhead, clock: Row | undefined): boolean {
  const then = JSON.parse(ahead.clock) as Row
  return clock !== undefined && Object.entries(then).every(([name, value]) => clock[name] === value)
}

/** Whether a line is what a filter asks for, but for how many. */
export function eventsAsked({ source, kinds, since }: EventFilter): (line: EventLine) => boolean {
  const wanted = source === undefined ? undefined : parsePrefix(source)
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
  return (line) => {
    if (kinds && !kinds.includes(line.kind)) return false
    if (Date.parse(line.time) < from) return false
    return wanted === undefined || isProblem(wanted) || isAbout(line, wanted)
  }
}

function isAbout({ source }: EventLine, wanted: Prefix): boolean {
  if (source === undefined) return false
  const own = parsePrefix(source)
  if (isProblem(own)) return false
  const [wide, narrow] = own.length < wanted.length ? [own, wanted] : [wanted, own]
  return wide.address.family === narrow.address.family && inside(wide, narrow)
}

function inside(wide: Prefix, narrow: Prefix): boolean {
  return wide.address.words.every((word, index) => {
    const bits = Math.min(32, Math.max(0, wide.length - 32 * index))
    return bits === 0 || (word ^ narrow.address.words[index]!) >>> (32 - bits) === 0
  })
}
