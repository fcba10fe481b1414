import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { inodeOf, makeFolder, syncFolder } from "../host/files.js"
import { failed, type Outcome } from "../host/outcome.js"
import { type FileStore, ledgerFile, type OpenedStore, type Store } from "./store.js"

/** Seconds (calls of `tidy`) between two attempts to make a ledger again that is gone: each writes all of it. */
const AGAIN_AFTER = 10

/**
 * The ledger of a process that outlives its file.
 *
 * While none can be opened (a full disk, one that is read-only), it writes nothing, and says so, wherefore the book keeps what it would have written; with each attempt to write the real one is tried, and
 * from when it opens on it is that one. What that holds from before, and nobody has blocked or let in since, is read at the next start.
 *
 * Where somebody deletes the file, or its folder, or puts another in its place, SQLite goes on writing into what nobody will find: it is noticed within a second, and all of it written into a new file. What lies
 * there instead is set aside, as `ledger.db.replaced`.
 */
export function createLastingStore(
  folder: string,
  first: FileStore | undefined,
  open: () => Outcome<OpenedStore>,
  notice: (text: string) => void,
): Store {
  let real = first
  let isGone = false
  let waits = 0

  const begin = () => {
    const opened = open()
    if (failed(opened)) return opened.failure.diagnostics[0]?.message ?? "it cannot be opened"
    real = opened.value.store
    return undefined
  }
  const stay = () => {
    if (real === undefined || real.isInPlace()) {
      isGone = false
      waits = 0
      return
    }
    if (waits > 0) {
      waits--
      return
    }
    const old = real
    let trouble = writeAgain(folder, old)
    if (trouble === undefined) {
      real = undefined
      old.close()
      trouble = begin()
    }
    if (trouble === undefined) {
      isGone = false
      notice("the ledger was deleted or replaced: it was made again, with all that was in it")
      return
    }
    waits = AGAIN_AFTER
    if (!isGone)
      notice(`the ledger was deleted or replaced, and cannot be made again yet (${trouble}): blocks go on`)
    isGone = true
  }

  return {
    blocks: first?.blocks ?? [],
    clock: first?.clock,
    get pasts() {
      return real?.pasts ?? []
    },
    write: (changes, events, clock) =>
      (real === undefined ? begin() : undefined) ?? real?.write(changes, events, clock),
    sync: (then) => (real ? real.sync(then) : then(undefined)),
    syncNow: () => real?.syncNow(),
    tidy(isQuiet) {
      stay()
      real?.tidy(isQuiet)
    },
    events: (filter) => real?.events(filter) ?? [],
    close() {
      waits = 0
      stay()
      real?.close()
    },
  }
}

/** The whole of it into a new file, and that in its place. Why it could not be; then the old one is still what is written to. */
function writeAgain(folder: string, store: FileStore): string | undefined {
  const path = join(folder, ledgerFile)
  const half = `${path}.half`
  try {
    makeFolder(folder)
    rmSync(half, { force: true })
    const trouble = store.copyTo(half)
    if (trouble !== undefined) {
      rmSync(half, { force: true })
      return trouble
    }
    syncFile(half)
    for (const suffix of inodeOf(path) === store.inode ? ["-wal"] : ["", "-wal", "-journal"])
      if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.replaced${suffix}`)
    renameSync(half, path)
    syncFolder(folder)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function syncFile(path: string): void {
  const file = openSync(path, "r")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
