import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { RecentHashes } from "../../core/detect/recent-hashes.js"

/** What was noted lately, by hashes, in a file that outlives the guard. What a kill takes with it was noted since the last save. */
export interface RecentFile {
  readonly recent: RecentHashes
  /** Something was noted. */
  changed(): void
  /** Writes it down in another thread, where something has changed. */
  save(): Promise<void>
  /** The file is gone: it is written again with the next save. */
  lost(): void
  /** The same before the process ends. What a full disk does not take is lost. */
  saveNow(): void
}

/** "FWCH" and a version, then hashes, then times in whole seconds, 0 for none: words of 32 bits, little-endian. */
const MAGIC = 0x48435746
const VERSION = 1

/** What is no such file, or not whole, is as good as none. */
export function openRecentFile(folder: string, name: string): RecentFile {
  const path = join(folder, name)
  const recent = read(path)
  let hasChanged = false
  let saving: Promise<void> | undefined

  const bytes = () => {
    const { hashes, times } = recent
    const words = new Uint32Array(2 + 2 * hashes.length)
    words[0] = MAGIC
    words[1] = VERSION
    words.set(hashes, 2)
    for (let at = 0; at < times.length; at++) words[2 + hashes.length + at] = Math.max(0, times[at]!)
    return new Uint8Array(words.buffer)
  }
  return {
    recent,
    changed() {
      hasChanged = true
    },
    save() {
      if (!hasChanged || saving) return saving ?? Promise.resolve()
      hasChanged = false
      const half = `${path}.half`
      saving = writeFile(half, bytes(), { mode: 0o600 })
        .then(() => rename(half, path))
        .catch(() => {
          hasChanged = true
        })
        .finally(() => {
          saving = undefined
        })
      return saving
    },
    lost() {
      hasChanged = true
    },
    saveNow() {
      if (!hasChanged) return
      try {
        writeFileSync(`${path}.last`, bytes(), { mode: 0o600 })
        renameSync(`${path}.last`, path)
        hasChanged = false
      } catch {
        // Forgetting it only means that a stranger is one.
      }
    },
  }
}

function read(path: string): RecentHashes {
  const recent = new RecentHashes()
  const { hashes, times } = recent
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch {
    return recent
  }
  if (file.length !== 4 * (2 + 2 * hashes.length)) return recent
  const words = new Uint32Array(new Uint8Array(file).buffer)
  if (words[0] !== MAGIC || words[1] !== VERSION) return recent
  hashes.set(words.subarray(2, 2 + hashes.length))
  for (let at = 0; at < times.length; at++) {
    const time = words[2 + hashes.length + at]!
    if (time !== 0) times[at] = time
  }
  return recent
}
