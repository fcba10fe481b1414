import { closeSync, constants, existsSync, ftruncateSync, openSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { readText } from "./files.js"
import { loadLibc } from "./namespace/libc.js"
import { done, fail, type Outcome } from "./outcome.js"

export interface Lock {
  release(): void
}

/** flock(2): LOCK_EX | LOCK_NB. */
const EXCLUSIVE_WITHOUT_WAITING = 2 | 4

/**
 * Keeps a second apply out while the first looks at the kernel and changes it. It is flock(2): the kernel lets go of it when the process
 * ends, however it ends, so there is no stale lock to steal. The file's text says who holds it.
 */
export function takeLock(path: string): Outcome<Lock> {
  const library = loadLibc()
  if (typeof library === "string") return fail("cannot", "no-lock", `no lock can be taken: ${library}`)
  let file: number
  try {
    file = openLock(path)
  } catch (error) {
    return fail("cannot", "no-state-folder", `no lock can be taken: ${(error as Error).message}`)
  }
  if (library.flock(file, EXCLUSIVE_WITHOUT_WAITING) !== 0) {
    const holder = /^\d+/.exec(readText(path) ?? "")?.[0]
    closeSync(file)
    return fail(
      "no",
      "already-running",
      `another floodwall is changing the rules${holder === undefined ? "" : ` (process ${holder})`}`,
      "wait until it has ended",
    )
  }
  try {
    ftruncateSync(file)
    writeSync(file, `${process.pid}\n`)
  } catch {
    // A full disk: who holds it goes unsaid.
  }
  return done({ release: () => closeSync(file) })
}

/** Where nothing can be written, the file as it is, or the folder that it would be in: flock(2) asks for no right to write. */
function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch (error) {
    if (!UNWRITABLE.includes((error as NodeJS.ErrnoException).code ?? "")) throw error
    let there = path
    while (!existsSync(there) && there !== dirname(there)) there = dirname(there)
    return openSync(there, constants.O_RDONLY | constants.O_NOFOLLOW)
  }
}

/** ENOENT: the folder itself is not there, and whoever could make it did. */
const UNWRITABLE = ["EROFS", "ENOSPC", "EDQUOT", "ENOENT"]
