import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs"
import { splitLines } from "./lines.js"

/** A log that is followed; `stop` ends it. */
export interface Followed {
  readonly isThere: boolean
  stop(): void
}

const INTERVAL = 250
const CHUNK = 1 << 16
/** Bytes in one turn; the rest has the next one. */
const TURN = 1 << 20

/**
 * Follows a file from its end, as `tail -F` does: a file that takes its place (rotation by renaming) is read from its beginning, after the old one was read to its end; one
 * that was cut short (copytruncate) is read from its beginning; one that is not there yet is waited for. It looks four times a second.
 */
export function followFile(path: string, each: (line: string) => void): Followed {
  const lines = splitLines(each)
  const chunk = Buffer.allocUnsafe(CHUNK)
  let file: { readonly fd: number; readonly inode: number; position: number } | undefined
  open("end")

  const timer = setInterval(look, INTERVAL)
  return {
    get isThere() {
      return file !== undefined
    },
    stop() {
      clearInterval(timer)
      close()
    },
  }

  function look(): void {
    if (!file) open("beginning")
    else if (readOn()) {
      const now = inodeOf(path)
      if (now !== file.inode) {
        // What was written between the last read and the rename.
        while (!readOn()) {}
        close()
        if (now !== undefined) open("beginning")
      }
    }
    if (file) readOn()
  }

  /** True: read to its end. */
  function readOn(): boolean {
    if (!file) return true
    try {
      const { size } = fstatSync(file.fd)
      if (size < file.position) {
        file.position = 0
        lines.reset()
      }
      for (let taken = 0; taken < TURN; ) {
        const length = readSync(file.fd, chunk, 0, CHUNK, file.position)
        if (length === 0) return true
        file.position += length
        taken += length
        lines.push(chunk.subarray(0, length))
      }
      return false
    } catch {
      close()
      return true
    }
  }

  function open(at: "beginning" | "end"): void {
    try {
      const fd = openSync(path, "r")
      const { ino, size } = fstatSync(fd)
      file = { fd, inode: ino, position: at === "end" ? size : 0 }
    } catch {
      file = undefined
    }
  }

  function close(): void {
    if (file) closeSync(file.fd)
    file = undefined
    lines.reset()
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}
