import {
  Comparison,
  type ComparisonSummary,
  dialledService,
  UNCHANGED,
} from "../../core/engine/comparison.js"
import type { Replay } from "../../core/engine/replay.js"
import type { Judgement } from "../../core/engine/verdict.js"
import type { Capture } from "../../core/packet/capture.js"
import type { CaptureRecord } from "../../core/packet/capture-record.js"
import { printEndpoint } from "../../core/packet/print.js"
import type { CaptureDevices } from "./capture-devices.js"
import { JsonLines } from "./json-lines.js"
import type { ReplayDetection } from "./replay-detection.js"
import type { TracedStage, TraceRecorder } from "./trace-recorder.js"

/** A packet whose verdict changes, for people. */
export interface ChangedPacket {
  readonly n: number
  readonly time: string
  readonly source: string
  readonly destination: string
  readonly service: string
  readonly before: ReturnType<Replay["line"]>
  readonly after: ReturnType<Replay["line"]>
}

interface Compared {
  readonly isChanged: boolean
  readonly judgement: Judgement
}

/** How many changed packets are kept to be shown. */
const SHOWN = 10

/** The second engine of `--compare`: it judges the same packets as the first, side by side, and keeps what differs. */
export class ComparedReplay {
  /** The first packets whose verdict changes. */
  readonly changed: ChangedPacket[] = []
  readonly replay: Replay
  readonly #before: Replay
  readonly #devices: CaptureDevices
  readonly #lines: JsonLines
  readonly #comparison = new Comparison()
  readonly #detection: ReplayDetection | undefined

  constructor(before: Replay, after: Replay, devices: CaptureDevices, detection?: ReplayDetection) {
    this.#detection = detection
    this.#before = before
    this.replay = after
    this.#devices = devices
    this.#lines = new JsonLines(after.engine)
  }

  /** Judges the packet that the first engine has just judged. */
  take(record: CaptureRecord, capture: Capture, judged: Judgement, trace: TraceRecorder | null): Compared {
    const { replay } = this
    const device = this.#devices.nameOf(record.interfaceIndex, capture)
    const judgement = replay.feed(record, device, trace)
    this.#detection?.take(replay.packet, judgement, record.seconds + record.nanoseconds / 1e9)
    const isChanged = this.#comparison.take(replay.packet, judged, judgement) !== UNCHANGED
    if (isChanged && this.changed.length < SHOWN) {
      const before = this.#before.line()
      const { n, time } = before
      this.changed.push({
        n,
        time,
        source: printEndpoint(replay.packet, "source"),
        destination: printEndpoint(replay.packet, "destination"),
        service: dialledService(replay.packet, judged, judgement),
        before,
        after: replay.line(),
      })
    }
    return { isChanged, judgement }
  }

  /** What a line of JSON says besides, without its braces. */
  json({ isChanged, judgement }: Compared, stages: readonly TracedStage[] | null): string {
    const trace = stages ? `,"trace":${JSON.stringify(stages)}` : ""
    return `"changed":${isChanged},"other":{${this.#lines.judged(judgement)}${trace}}`
  }

  summary(): ComparisonSummary {
    return this.#comparison.summary(this.#before.engine, this.replay.engine)
  }
}
