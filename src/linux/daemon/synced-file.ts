import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { syncFolder } from "../host/files.js"

/**
 * A file that somebody else writes in this process, and that the disk shall keep: the database's log. Its descriptor is a second one; closing it ends no lock of the database,
 * for the locks are on another file.
 */
export class SyncedFile {
  readonly #path: string
  #file: number | undefined
  #isBusy = false
  #isAsked = false
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  /** `then` is called for each time that the disk was asked, with what was wrong. */
  sync(then: (trouble: string | undefined) => void): void {
    if (this.#isBusy) {
      this.#isAsked = true
      return
    }
    let file: number
    try {
      file = this.#open()
    } catch (error) {
      then((error as Error).message)
      return
    }
    this.#isBusy = true
    fdatasync(file, (error) => {
      this.#isBusy = false
      if (this.#isClosed) closeSync(file)
      else {
        then(error?.message)
        if (!this.#isAsked) return
        this.#isAsked = false
        this.sync(then)
      }
    })
  }

  /** Why it could not be done; undefined: it is done. */
  syncNow(): string | undefined {
    try {
      fdatasyncSync(this.#open())
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  close(): void {
    this.#isClosed = true
    if (this.#file !== undefined && !this.#isBusy) closeSync(this.#file)
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file
    this.#file = openSync(this.#path, "r+")
    // That it is there at all is its folder's to keep.
    syncFolder(dirname(this.#path))
    return this.#file
  }
}
