import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { inodeOf } from "../../host/files.js"
import { type Lines, splitLines } from "./lines.js"

/** A log that is followed; `stop` ends it. */
export interface Followed {
  readonly isThere: boolean
  /** Lines that were thrown away for their length. */
  readonly tooLong: number
  stop(): void
}

/** A file that is read on. */
interface Reader {
  readonly fd: number
  /** Which file it is, whatever bears its name now. */
  readonly inode: string | undefined
  readonly lines: Lines
  position: number
}

const INTERVAL = 250
const CHUNK = 1 << 16
/** Bytes in one turn; the rest has the next one. */
const TURN = 1 << 20
/** Looks, ten seconds' worth: who has a log renamed goes on writing into it until he is told (logrotate's `postrotate`). */
const LATER_LOOKS = 40

/**
 * Follows a file from its end, as `tail -F` does: a file that takes its place (rotation by renaming) is read from its beginning, after the old one was read to its end, and what is written into the old one within ten
 * seconds is read as well; one that was cut short (copytruncate) is read from its beginning; one that is not there yet is waited for, and so is a file where something else lies (a folder, a pipe, which would
 * be waited for in the midst of opening it). It looks four times a second.
 */
export function followFile(path: string, each: (line: string) => void, longest?: number): Followed {
  const chunk = Buffer.allocUnsafe(CHUNK)
  let tooLong = 0
  let file = open("end")
  let before: { readonly reader: Reader; looks: number } | undefined

  const timer = setInterval(look, INTERVAL)
  return {
    get isThere() {
      return file !== undefined
    },
    get tooLong() {
      return tooLong + (file?.lines.tooLong ?? 0) + (before?.reader.lines.tooLong ?? 0)
    },
    stop() {
      clearInterval(timer)
      close(file)
      close(before?.reader)
      file = undefined
      before = undefined
    },
  }

  function look(): void {
    if (before) {
      readOn(before.reader)
      before.looks--
      if (before.looks <= 0) {
        close(before.reader)
        before = undefined
      }
    }
    if (!file) file = open("beginning")
    else if (readOn(file) && inodeOf(path) !== file.inode) {
      // What was written between the last read and the rename.
      while (!readOn(file)) {}
      close(before?.reader)
      before = { reader: file, looks: LATER_LOOKS }
      file = open("beginning")
    }
    if (file) readOn(file)
  }

  /** True: read to its end, or it cannot be read. */
  function readOn(reader: Reader): boolean {
    try {
      const { size } = fstatSync(reader.fd)
      if (size < reader.position) {
        reader.position = 0
        reader.lines.reset()
      }
      for (let taken = 0; taken < TURN; ) {
        const length = readSync(reader.fd, chunk, 0, CHUNK, reader.position)
        if (length === 0) return true
        reader.position += length
        taken += length
        reader.lines.push(chunk.subarray(0, length))
      }
      return false
    } catch {
      return true
    }
  }

  function open(at: "beginning" | "end"): Reader | undefined {
    let fd: number | undefined
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const found = fstatSync(fd)
      if (found.isFile())
        return {
          fd,
          inode: `${found.dev} ${found.ino}`,
          lines: splitLines(each, longest),
          position: at === "end" ? found.size : 0,
        }
    } catch {
      // Not there, or not for this user.
    }
    if (fd !== undefined) closeSync(fd)
    return undefined
  }

  function close(reader: Reader | undefined): void {
    if (reader === undefined) return
    tooLong += reader.lines.tooLong
    closeSync(reader.fd)
  }
}
