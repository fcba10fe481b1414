import type { Replay } from "../../core/engine/replay.js"
import { VERDICT_NONE } from "../../core/engine/verdict.js"
import type { Capture } from "../../core/packet/capture.js"
import type { CaptureRecord } from "../../core/packet/capture-record.js"
import { JsonLines } from "./json-lines.js"
import type { Io } from "./output.js"
import type { SortedCaptures } from "./sorted-captures.js"

/** Takes the packets of captures one by one: judged, told, sorted. Nothing is kept of a packet but counts. */
export class ReplayListener {
  first = Number.NaN
  last = Number.NaN
  withoutDirection = 0
  /** Packets that reached no hook, by why. */
  readonly leftAside = new Map<string, number>()
  readonly #replay: Replay
  readonly #sorted: SortedCaptures
  readonly #io: Io
  readonly #lines: JsonLines | undefined

  constructor(replay: Replay, sorted: SortedCaptures, io: Io, json: boolean) {
    this.#replay = replay
    this.#sorted = sorted
    this.#io = io
    this.#lines = json ? new JsonLines(replay.engine) : undefined
  }

  take(record: CaptureRecord, capture: Capture): undefined {
    const replay = this.#replay
    const interfaceName = capture.interfaces[record.interfaceIndex]?.name ?? ""
    const judgement = replay.feed(record, interfaceName)
    const seconds = record.seconds + record.nanoseconds / 1e9
    if (Number.isNaN(this.first)) this.first = seconds
    this.last = seconds
    if (replay.packet.direction === 0) this.withoutDirection++
    if (judgement.verdict === VERDICT_NONE) {
      this.leftAside.set(judgement.why, (this.leftAside.get(judgement.why) ?? 0) + 1)
    }
    if (this.#lines) {
      this.#io.write(`${this.#lines.line(replay.count, record.seconds, record.nanoseconds, judgement)}\n`)
    }
    this.#sorted.write(record, judgement.verdict, interfaceName)
  }
}
