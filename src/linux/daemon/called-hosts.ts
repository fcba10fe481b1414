import type { Address } from "../../core/base/address.js"
import { mix } from "../../core/detect/mix.js"
import type { Event } from "../../core/event/event.js"
import { FROM_INSIDE } from "../../core/event/flow.js"
import { openRecentFile, type RecentFile } from "./recent-file.js"

/**
 * Whom this host, or one behind it, has called within a day: the latest 32,768, by hashes, in a file that outlives the guard. A host that was called is no stranger for so long, and
 * a restart is no reason to forget that.
 */
export interface CalledHosts extends Pick<RecentFile, "save" | "lost" | "saveNow"> {
  /** Looks at everything that happens, and remembers calls. */
  take(event: Event): void
  /** When it was called last, in seconds since 1970; undefined: not within a day. */
  calledAt(address: Address, now: number): number | undefined
}

const LIFE = 86400

export function openCalledHosts(folder: string): CalledHosts {
  const file = openRecentFile(folder, "called-hosts")
  const { recent } = file
  return {
    ...file,
    take(event) {
      if (event.event !== "connection" || event.phase !== "new" || event.side !== FROM_INSIDE) return
      const { destination0, destination1, destination2, destination3, time } = event
      recent.note(mix(destination0, destination1, destination2, destination3), Math.floor(time))
      file.changed()
    },
    calledAt({ words: [a = 0, b = 0, c = 0, d = 0] }, now) {
      const at = recent.notedAt(mix(a, b, c, d))
      return now - at < LIFE ? at : undefined
    },
  }
}
