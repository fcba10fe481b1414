import type { Sink } from "./sink.js"
import { formatCount, formatSeconds } from "./text.js"

export interface Progress {
  /** How far: bytes of `total`, where there is one, and how many items that were. Cheap: call it every few thousand items. */
  at(done: number, items: number, total?: number): void
  /** Takes the bar away. */
  done(): void
}

export const noProgress: Progress = { at() {}, done() {} }

/**
 * A bar on a terminal's line: share, items, items a second, time left. It shows itself only after a second, and never takes a second line, which
 * nothing could take away again: where it gets narrow the bar goes first, then the beginning of the label.
 */
export class ProgressBar implements Progress {
  readonly #sink: Sink
  readonly #label: string
  readonly #unit: string
  readonly #clock: () => number
  readonly #columns: () => number
  readonly #started: number
  #drawn = 0

  /** `clock` counts milliseconds; `unit` names the items: "packets"; `columns` is the terminal's width now. */
  constructor(sink: Sink, label: string, unit: string, clock: () => number, columns: () => number) {
    this.#sink = sink
    this.#label = label
    this.#unit = unit
    this.#clock = clock
    this.#columns = columns
    this.#started = clock()
  }

  at(done: number, items: number, total?: number): void {
    const now = this.#clock()
    const elapsed = (now - this.#started) / 1000
    if (elapsed < 1 || now - this.#drawn < 100) return
    this.#drawn = now
    this.#sink.write(`\r\u001b[K${this.#line(done, items, elapsed, total)}`)
    this.#sink.flush()
  }

  done(): void {
    if (this.#drawn === 0) return
    this.#drawn = 0
    this.#sink.write("\r\u001b[K")
    this.#sink.flush()
  }

  #line(done: number, items: number, elapsed: number, total: number | undefined): string {
    const rate = `${formatCount(items)} ${this.#unit}  ${formatCount(Math.round(items / elapsed))}/s`
    // The last column stays free: some terminals go to the next line when it is written.
    const columns = this.#columns() - 1
    if (!total) return this.#labelled(`${rate}  ${formatSeconds(elapsed)}`, columns)
    const share = Math.min(1, done / total)
    const left = share > 0 ? elapsed / share - elapsed : 0
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    const figures = `${percent}  ${rate}  ${formatSeconds(left)} left`
    const width = Math.min(WIDTH, columns - this.#label.length - figures.length - 3)
    if (width < LEAST_WIDTH) return this.#labelled(figures.trimStart(), columns)
    const filled = Math.round(share * width)
    return `${this.#label}  ${"█".repeat(filled)}${"░".repeat(width - filled)} ${figures}`
  }

  #labelled(figures: string, columns: number): string {
    const room = columns - figures.length - 2
    const label = this.#label.length <= room ? this.#label : `…${this.#label.slice(1 - room)}`
    return room < LEAST_LABEL ? figures.slice(0, Math.max(0, columns)) : `${label}  ${figures}`
  }
}

/** The bar's columns at most, and at least. */
const WIDTH = 24
const LEAST_WIDTH = 6
/** Less of a label says nothing. */
const LEAST_LABEL = 6
