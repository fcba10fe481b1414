import { statSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { sqlitePath } from "./sqlite.js"
import { blocksQuery } from "./store-columns.js"

/** What a thread has read of a ledger before it was opened. */
export interface LedgerAhead {
  /** The row of `clock`, as JSON: with each commit another. Whoever opens the ledger with the same one in it opens what was read. */
  readonly clock: string
  /** What `blocksQuery` answers: a text for each column, null where there are no blocks. */
  readonly blocks: Readonly<Record<string, string | null>>
}

/** `only_row` is 1 in both. */
export const clockQuery = "select * from clock"

/** Bytes of a ledger that is opened as fast without. */
const SHORT = 4 << 20
/** Milliseconds. */
const PATIENCE = 10_000

/**
 * Reads a long ledger in a thread of its own, while the rules are put in force: checking it, and joining a hundred thousand rows, is a third of what a start with that many takes. It has ended, and let go of
 * the file, when the promise is kept. Undefined: it is short, broken, or somebody else's; whoever opens it finds out which.
 */
export function readLedgerAhead(path: string, short = SHORT): Promise<LedgerAhead | undefined> {
  const libsql = sqlitePath()
  if (libsql === undefined || sizeOf(path) + sizeOf(`${path}-wal`) < short) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    let found: LedgerAhead | undefined
    const thread = new Worker(script, {
      eval: true,
      workerData: { libsql, path, clock: clockQuery, blocks: blocksQuery("why") },
    })
    const timer = setTimeout(() => void thread.terminate(), PATIENCE)
    thread.once("message", (message: LedgerAhead) => {
      found = message
    })
    // Told of by whoever opens the ledger.
    thread.once("error", () => {})
    thread.once("exit", () => {
      clearTimeout(timer)
      resolve(found)
    })
  })
}

/** Read-only, but for what a killed process has left in the log, which is moved into the database when it is closed. The driver's own addition to a row is no column. */
const script = `
const { parentPort, workerData } = require("node:worker_threads")
function read() {
  const Database = require(workerData.libsql)
  const database = new Database(workerData.path)
  try {
    database.exec("begin")
    const [check] = database.prepare("pragma quick_check(1)").all()
    if (Object.values(check)[0] !== "ok") return undefined
    const { _metadata: none, ...clock } = database.prepare(workerData.clock).get()
    const { _metadata: nothing, ...blocks } = database.prepare(workerData.blocks).get()
    return { clock: JSON.stringify(clock), blocks }
  } finally {
    database.exec("rollback")
    database.close()
  }
}
const answer = read()
if (answer) parentPort.postMessage(answer)
`

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
