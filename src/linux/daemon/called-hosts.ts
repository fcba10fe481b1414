import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Address } from "../../core/base/address.js"
import { mix } from "../../core/detect/mix.js"
import { RecentHashes } from "../../core/detect/recent-hashes.js"
import type { Event } from "../../core/event/event.js"
import { FROM_INSIDE } from "../../core/event/flow.js"

/**
 * Whom this host, or one behind it, has called within a day: the latest 32,768, by hashes, in a file that outlives the guard. A host that was called is no stranger for so long, and
 * a restart is no reason to forget that. What a kill takes with it are the calls since the last save.
 */
export interface CalledHosts {
  /** Looks at everything that happens, and remembers calls. */
  take(event: Event): void
  /** When it was called last, in seconds since 1970; undefined: not within a day. */
  calledAt(address: Address, now: number): number | undefined
  /** Writes it down in another thread, where something has changed. */
  save(): Promise<void>
  /** The file is gone: it is written again with the next save. */
  lost(): void
  /** The same before the process ends. What a full disk does not take is lost. */
  saveNow(): void
}

const FILE = "called-hosts"
const LIFE = 86400
/** "FWCH" and a version, then hashes, then times in whole seconds, 0 for none: words of 32 bits, little-endian. */
const MAGIC = 0x48435746
const VERSION = 1

export function openCalledHosts(folder: string): CalledHosts {
  const path = join(folder, FILE)
  const called = read(path)
  let hasChanged = false
  let saving: Promise<void> | undefined

  const bytes = () => {
    const { hashes, times } = called
    const words = new Uint32Array(2 + 2 * hashes.length)
    words[0] = MAGIC
    words[1] = VERSION
    words.set(hashes, 2)
    for (let at = 0; at < times.length; at++) words[2 + hashes.length + at] = Math.max(0, times[at]!)
    return new Uint8Array(words.buffer)
  }
  return {
    take(event) {
      if (event.event !== "connection" || event.phase !== "new" || event.side !== FROM_INSIDE) return
      const { destination0, destination1, destination2, destination3, time } = event
      called.note(mix(destination0, destination1, destination2, destination3), Math.floor(time))
      hasChanged = true
    },
    calledAt({ words: [a = 0, b = 0, c = 0, d = 0] }, now) {
      const at = called.notedAt(mix(a, b, c, d))
      return now - at < LIFE ? at : undefined
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

/** What is no such file, or not whole, is as good as none. */
function read(path: string): RecentHashes {
  const called = new RecentHashes()
  const { hashes, times } = called
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch {
    return called
  }
  if (file.length !== 4 * (2 + 2 * hashes.length)) return called
  const words = new Uint32Array(new Uint8Array(file).buffer)
  if (words[0] !== MAGIC || words[1] !== VERSION) return called
  hashes.set(words.subarray(2, 2 + hashes.length))
  for (let at = 0; at < times.length; at++) {
    const time = words[2 + hashes.length + at]!
    if (time !== 0) times[at] = time
  }
  return called
}
