import { failed, type Outcome } from "../host/outcome.js"
import type { OpenedStore, Store } from "./store.js"

/**
 * In a ledger's place while none can be opened: a full disk, one that is read-only. It writes nothing, and says so, wherefore the book keeps what it would have written; with each
 * attempt to write the real one is tried, and from when it opens on it is that one. What that holds from before, and nobody has blocked or let in since, is read at the next start.
 */
export function createSpareStore(open: () => Outcome<OpenedStore>): Store {
  let real: Store | undefined
  return {
    blocks: [],
    pasts: [],
    clock: undefined,
    write(changes, events, clock) {
      if (real === undefined) {
        const opened = open()
        if (failed(opened)) return opened.failure.diagnostics[0]?.message ?? "it cannot be opened"
        real = opened.value.store
      }
      return real.write(changes, events, clock)
    },
    sync: (then) => (real ? real.sync(then) : then(undefined)),
    syncNow: () => real?.syncNow(),
    tidy: (isQuiet) => real?.tidy(isQuiet),
    events: (filter) => real?.events(filter) ?? [],
    close: () => real?.close(),
  }
}
