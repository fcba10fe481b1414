import { existsSync } from "node:fs"
import { join } from "node:path"
import { ledgerSettings } from "../../core/block/settings.js"
import { tableName } from "../../core/policy/compile.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { Book } from "../daemon/book.js"
import { readClock } from "../daemon/clock.js"
import { openKernelBlocks } from "../daemon/kernel-blocks.js"
import { listerOf } from "../daemon/listed-by.js"
import { neverBlockedBy } from "../daemon/never-blocked.js"
import { isNotified } from "../daemon/notified.js"
import { ledgerFile, openStore } from "../daemon/store.js"
import { gatherFacts } from "../host/facts.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import { readConfirmed, type State } from "../host/state.js"
import { loadQuietly } from "./load-quietly.js"
import type { Io } from "./output.js"

export interface OpenedBook {
  readonly book: Book
  close(): void
}

/** The ledger and the kernel's sets, for a command that works without a guard. `hasTable`: there are sets of ours. */
export function openBook(state: State, hasTable: boolean, io: Io): Outcome<OpenedBook> {
  const opened = openStore(state.folder, new Date().toISOString().replaceAll(":", ""))
  if (failed(opened)) return opened
  const { store, setAside } = opened.value
  if (setAside)
    io.note(`the ledger was broken (${setAside.why}); it lies in ${setAside.path}, and a new one was begun`)
  const kernel = hasTable ? openKernelBlocks(tableName) : undefined
  if (kernel && failed(kernel)) {
    store.close()
    return kernel
  }
  const confirmed = readConfirmed(state)
  let policy: Policy | undefined
  let facts: HostFacts | undefined
  const inForce = () => {
    if (confirmed && policy === undefined) policy = loadQuietly(confirmed.policy)
    return policy
  }
  const book = new Book({
    store,
    kernel: kernel?.value,
    clock: readClock,
    // Asked when somebody is blocked; most requests need no policy.
    settings: {
      get repeaters() {
        return ledgerSettings(inForce()).repeaters
      },
      get neighbours() {
        return ledgerSettings(inForce()).neighbours
      },
    },
    neverBlocked: neverBlockedBy(
      inForce,
      () => {
        facts ??= gatherFacts()
        return facts
      },
      io.environment,
    ),
    listedBy: (_, scope, given) => listerOf(inForce(), scope, given),
    notice: (text) => io.note(`floodwall: ${text}`),
  })
  return done({
    book,
    close() {
      book.close()
      kernel?.value.close()
    },
  })
}

/**
 * Makes ledger and kernel agree with rules that were just put in force; how many blocked sources the kernel had not. After a boot, or a removal, only the ledger knows who is kept out. With
 * `policy`, which is in force for good, whom detectors and rules had listed for what only notifies in it is let in again, after saying so. A guard that is running has the ledger open, and does both by itself.
 */
export function settleBlocks(state: State, policy: Policy | undefined, io: Io): number {
  const isNotify = policy ? isNotified(policy) : () => false
  // Without a ledger there may be what rules listed by themselves, which goes where nothing blocks any more.
  if (!existsSync(join(state.folder, ledgerFile)) && !isNotify("rule")) return 0
  const opened = openBook(state, true, io)
  if (failed(opened)) {
    if (opened.failure.kind === "cannot") io.report(opened.failure.diagnostics.map(asWarning))
    return 0
  }
  const { book, close } = opened.value
  try {
    const keptOutAgain = book.agree()
    const listed = book.blocked().filter(({ by, kind }) => by !== "hand" && isNotify(kind))
    if (listed.length > 0) {
      io.note(
        `floodwall: what ${listed.length === 1 ? "one source was" : `${listed.length} sources were`} blocked for only notifies now: let in again`,
      )
      book.clearNotified(isNotify)
    }
    return Math.min(keptOutAgain, book.size)
  } finally {
    close()
  }
}

/** The rules are in force all the same. */
function asWarning<Told extends { readonly severity: string }>(told: Told): Told & { severity: "warning" } {
  return { ...told, severity: "warning" }
}
