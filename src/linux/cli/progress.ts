import type { Sink } from "./sink.js"
import { formatCount, formatSeconds } from "./text.js"

export interface Progress {
  /** How far: bytes of `total`, where there is one, and how many items that were. Cheap: call it every few thousand items. */
  at(done: number, items: number, total?: number): void
  /** Takes the bar away. */
  done(): void
}

export const noProgress: Progress = { at() {}, done() {} }

/** A bar on a terminal's line: share, items, items a second, time left. It shows itself only after a second. */
export class ProgressBar implements Progress {
  readonly #sink: Sink
  readonly #label: string
  readonly #unit: string
  readonly #clock: () => number
  readonly #started: number
  #drawn = 0

  /** `clock` counts milliseconds; `unit` names the items: "packets". */
  constructor(sink: Sink, label: string, unit: string, clock: () => number) {
    this.#sink = sink
    this.#label = label
    this.#unit = unit
    this.#clock = clock
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
    if (!total) return `${this.#label}  ${rate}  ${formatSeconds(elapsed)}`
    const share = Math.min(1, done / total)
    const left = share > 0 ? elapsed / share - elapsed : 0
    const filled = Math.round(share * WIDTH)
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled)
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    return `${this.#label}  ${bar} ${percent}  ${rate}  ${formatSeconds(left)} left`
  }
}

const WIDTH = 24
