import { statSync } from "node:fs"
import type { Saved } from "./state.js"

/**
 * What the state folder should hold, in a process that outlives it. The file is what counts, for other floodwalls write it; where it is gone, or could not be written, it is what this process
 * knew last.
 */
export class StateMemory {
  #saved: Saved | undefined
  /** Which file was read or written last. */
  #seen: string | undefined
  /** The mark of an earlier removal, which a full disk did not let go of. */
  #oldMark: string | undefined
  #isUnwritten = false
  /** What the administrator wrote into the chain `bypass`. */
  ownBypass: string | undefined

  /** The disk did not take what runs. */
  get isUnwritten(): boolean {
    return this.#isUnwritten
  }

  /** What was confirmed last, by its file; `mark` is the file that a removal on purpose leaves in its place. */
  confirmed(path: string, mark: string, read: () => Saved | undefined): Saved | undefined {
    const found = identityOf(path)
    if (found !== undefined && found !== this.#seen) {
      const saved = read()
      if (saved) {
        this.#saved = saved
        this.#seen = found
        this.#isUnwritten = false
      }
    } else if (found === undefined) {
      const removed = identityOf(mark)
      if (removed !== undefined && removed !== this.#oldMark) this.forget()
    }
    return this.#saved
  }

  keep(saved: Saved, path: string, mark: string, isUnwritten: boolean): void {
    this.#saved = saved
    this.#isUnwritten = isUnwritten
    this.#oldMark = identityOf(mark)
    if (!isUnwritten) this.#seen = identityOf(path)
  }

  forget(): void {
    this.#saved = undefined
    this.#isUnwritten = false
  }
}

/** Whoever writes it anew makes another file. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, mtimeMs } = statSync(path)
    return `${dev} ${ino} ${mtimeMs}`
  } catch {
    return undefined
  }
}
