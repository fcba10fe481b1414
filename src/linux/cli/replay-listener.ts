import type { Replay } from "../../core/engine/replay.js"
import { ctStateName, type Judgement, VERDICT_NONE } from "../../core/engine/verdict.js"
import type { Capture } from "../../core/packet/capture.js"
import type { CaptureRecord } from "../../core/packet/capture-record.js"
import { printPacket } from "../../core/packet/print.js"
import type { CaptureDevices } from "./capture-devices.js"
import type { ComparedReplay } from "./compared-replay.js"
import { JsonLines } from "./json-lines.js"
import type { Io } from "./output.js"
import type { ReplayDetection } from "./replay-detection.js"
import type { SortedCaptures } from "./sorted-captures.js"
import { hang } from "./text.js"
import { type TracedStage, TraceRecorder, withCtState } from "./trace-recorder.js"
import { traceText } from "./trace-text.js"

interface ReplayParts {
  readonly replay: Replay
  /** `--compare`: what judges the same packets once more. */
  readonly compared?: ComparedReplay
  readonly sorted: SortedCaptures
  readonly devices: CaptureDevices
  /** Left out: nothing is looked for. */
  readonly detection?: ReplayDetection
}

interface ReplayLook {
  readonly json?: boolean
  readonly trace?: readonly number[]
  readonly all?: boolean
}

/** Takes the packets of captures one by one: judged, told, sorted. Nothing is kept of a packet but counts. */
export class ReplayListener {
  first = Number.NaN
  last = Number.NaN
  withoutDirection = 0
  /** How the packets to be traced were judged, in words. */
  readonly ways: string[] = []
  /** Packets that reached no hook, by why. */
  readonly leftAside = new Map<string, number>()
  #four = 0
  #six = 0
  readonly #replay: Replay
  readonly #compared: ComparedReplay | undefined
  readonly #sorted: SortedCaptures
  readonly #devices: CaptureDevices
  readonly #io: Io
  readonly #lines: JsonLines | undefined
  readonly #detection: ReplayDetection | undefined
  readonly #all: boolean
  /** Nobody is told of single packets. */
  readonly #isOnlyCounted: boolean
  /** Packets whose way shall be shown. */
  readonly #traced: ReadonlySet<number>

  constructor(parts: ReplayParts, { json, trace, all }: ReplayLook, io: Io) {
    this.#all = all ?? false
    this.#traced = new Set(trace ?? [])
    this.#replay = parts.replay
    this.#compared = parts.compared
    this.#sorted = parts.sorted
    this.#detection = parts.detection
    this.#devices = parts.devices
    this.#io = io
    this.#lines = json ? new JsonLines(parts.replay.engine) : undefined
    this.#isOnlyCounted =
      !json && !parts.detection && !parts.compared && !parts.sorted.isWriting && this.#traced.size === 0
  }

  /** Packets of each IP version. */
  get versions(): Readonly<Record<4 | 6, number>> {
    return { 4: this.#four, 6: this.#six }
  }

  /** Accepted packets by what conntrack says of them. */
  get accepted(): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    this.#replay.accepted().forEach((packets, state) => {
      if (packets > 0) found.set(ctStateName(state) ?? "before conntrack", packets)
    })
    return found
  }

  take(record: CaptureRecord, capture: Capture): undefined {
    const replay = this.#replay
    const device = this.#devices.nameOf(record.interfaceIndex, capture)
    const isTraced = this.#traced.size > 0 && this.#traced.has(replay.count + 1)
    const recorder = isTraced ? new TraceRecorder(replay.engine) : null
    const judgement = replay.feed(record, device, recorder)
    const { direction, family } = replay.packet
    if (direction === 0) this.withoutDirection++
    if (family === 4) this.#four++
    else if (family === 6) this.#six++
    const { verdict } = judgement
    if (verdict === VERDICT_NONE) count(this.leftAside, judgement.why)
    const seconds = record.seconds + record.nanoseconds / 1e9
    if (Number.isNaN(this.first)) this.first = seconds
    this.last = seconds
    if (this.#isOnlyCounted) return
    this.#detection?.take(replay.packet, judgement, seconds)
    this.#tell(record, capture, judgement, recorder)
    const interfaceName = capture.interfaces[record.interfaceIndex]?.name ?? ""
    this.#sorted.write(record, verdict, interfaceName)
  }

  /** What is said of a packet besides its verdict. */
  #tell(record: CaptureRecord, capture: Capture, judgement: Judgement, recorder: TraceRecorder | null): void {
    const replay = this.#replay
    const compared = this.#compared
    const other = compared && recorder ? new TraceRecorder(compared.replay.engine) : null
    const answer = compared?.take(record, capture, judgement, other)
    const stages = recorder && withCtState(recorder.stages, judgement.ctState)
    const otherStages = other && answer ? withCtState(other.stages, answer.judgement.ctState) : null
    if (this.#lines) {
      const line = this.#lines.line(replay.count, record.seconds, record.nanoseconds, judgement)
      const trace = stages ? `,"trace":${JSON.stringify(stages)}` : ""
      const more = compared && answer ? `,${compared.json(answer, otherStages)}` : ""
      this.#io.write(trace + more === "" ? `${line}\n` : `${line.slice(0, -1)}${trace}${more}}\n`)
    } else {
      if (stages) this.ways.push(this.#wayOf(replay, stages))
      if (compared && otherStages) this.ways.push(this.#wayOf(compared.replay, otherStages))
    }
  }

  #wayOf(replay: Replay, stages: readonly TracedStage[]): string {
    const { style } = this.#io
    const { n, verdict, rule, ctstate, why = "" } = replay.line()
    const look = {
      id: n,
      family: replay.packet.family,
      all: this.#all,
      width: this.#io.lineWidth,
      style,
    }
    const heading = `${style.bold(`Packet ${n}`)}  ${printPacket(replay.packet)}`
    return `${hang(heading, look.width, "    ")}\n\n${traceText(stages, { verdict, rule, ctstate, why }, look)}`
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
