import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs"
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
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  if (library.flock(file, EXCLUSIVE_WITHOUT_WAITING) !== 0) {
    const holder = /^\d+/.exec(readFileSync(path, "utf8"))?.[0]
    closeSync(file)
    return fail(
      "no",
      "already-running",
      `another floodwall is changing the rules${holder === undefined ? "" : ` (process ${holder})`}`,
      "wait until it has ended",
    )
  }
  ftruncateSync(file)
  writeSync(file, `${process.pid}\n`)
  return done({ release: () => closeSync(file) })
}
