import { sourceText } from "../../core/block/block.js"
import type { ClockReading } from "../../core/block/clock.js"
import type { Change } from "../../core/block/ledger.js"
import type { EventLine } from "./protocol.js"
import type { Store } from "./store.js"

/** Of what a full disk does not take, so much is kept. */
const WAITING_MAXIMUM = 10_000

/**
 * What happens to the ledger, on its way to the disk. `write` returns when it is in the database's log: from then on it survives the process, however that ends. The disk itself is
 * asked to keep it right afterwards, in another thread, unless `isSynced` says that it must be there first.
 * What a full disk did not take is tried again with `flush`, once a second, and not with each block of an attack.
 */
export class LedgerWriter {
  readonly #store: Store
  readonly #notice: (text: string) => void
  #waiting: { changes: Change[]; events: EventLine[] } = { changes: [], events: [] }
  #isTrouble = false

  constructor(store: Store, notice: (text: string) => void) {
    this.#store = store
    this.#notice = notice
  }

  /** False: the disk did not take the last of it. */
  get isOnDisk(): boolean {
    return !this.#isTrouble
  }

  /** Events that are not in the store yet. */
  get waiting(): readonly EventLine[] {
    return this.#waiting.events
  }

  /** With the next write, or `flush`. */
  later(events: readonly EventLine[]): void {
    this.#waiting.events.push(...events)
    if (this.#waiting.events.length > WAITING_MAXIMUM)
      this.#waiting.events.splice(0, this.#waiting.events.length - WAITING_MAXIMUM / 2)
  }

  write(
    changes: readonly Change[],
    events: readonly EventLine[],
    clock: ClockReading,
    sizeOfLedger: number,
    isSynced = false,
  ): void {
    const all = {
      changes: this.#waiting.changes.length === 0 ? [...changes] : [...this.#waiting.changes, ...changes],
      events: [...this.#waiting.events, ...events],
    }
    if (all.changes.length === 0 && all.events.length === 0) return
    if (this.#isTrouble) this.#wait(all, sizeOfLedger)
    else this.#try(all, clock, sizeOfLedger, isSynced)
  }

  /** What waits, a full disk or not. */
  flush(clock: ClockReading, sizeOfLedger: number): void {
    const { changes, events } = this.#waiting
    if (changes.length === 0 && events.length === 0 && !this.#isTrouble) return
    this.#try(this.#waiting, clock, sizeOfLedger, this.#isTrouble)
  }

  #try(
    all: { changes: Change[]; events: EventLine[] },
    clock: ClockReading,
    sizeOfLedger: number,
    isSynced: boolean,
  ): void {
    const trouble =
      this.#store.write(all.changes, all.events, clock) ?? (isSynced ? this.#store.syncNow() : undefined)
    const wasTrouble = this.#isTrouble
    this.#isTrouble = trouble !== undefined
    // What is said is an event itself, and waits for the next write.
    if (trouble === undefined) {
      this.#waiting = { changes: [], events: [] }
      if (!isSynced) this.#sync()
      if (wasTrouble) this.#notice("the ledger is written again")
      return
    }
    this.#wait(all, sizeOfLedger)
    if (!wasTrouble) this.#tellTrouble(trouble)
  }

  #sync(): void {
    this.#store.sync((trouble) => {
      if (trouble === undefined || this.#isTrouble) return
      this.#isTrouble = true
      this.#tellTrouble(trouble)
    })
  }

  #tellTrouble(trouble: string): void {
    this.#notice(
      `the ledger cannot be written (${trouble}): blocks go on in the kernel, and a restart would forget the latest`,
    )
  }

  /** Of each source the last word counts, so what waits is bounded by the sources. */
  #wait(all: { readonly changes: Change[]; readonly events: EventLine[] }, sizeOfLedger: number): void {
    const isLong = all.changes.length > WAITING_MAXIMUM && all.changes.length > 4 * sizeOfLedger
    this.#waiting = {
      changes: isLong ? lastWords(all.changes) : all.changes,
      events: all.events.length > WAITING_MAXIMUM ? all.events.slice(-WAITING_MAXIMUM) : all.events,
    }
  }
}

function lastWords(changes: readonly Change[]): Change[] {
  const byName = new Map<string, Change>()
  for (const change of changes) {
    const isPast = change.change === "past" || change.change === "forget"
    const source =
      change.change === "past"
        ? change.past.source
        : change.change === "forget"
          ? change.source
          : change.block.source
    byName.set(`${isPast ? "past" : "block"} ${sourceText(source)}`, change)
  }
  return [...byName.values()]
}
