import type { Diagnostic } from "../base/diagnostic.js"
import type { CaptureRecord } from "../packet/capture-record.js"
import { nanosecondsSince } from "../packet/capture-record.js"
import { decode } from "../packet/decode.js"
import { Packet } from "../packet/packet.js"
import type { Ruleset } from "../ruleset/ruleset.js"
import { createEngine, type Engine, type EngineOptions, type Path } from "./engine.js"
import { Fingerprints } from "./fingerprint.js"
import { printTime, type RuleReference, ruleReference } from "./reference.js"
import { keepsLedger, type ReplaySummary, ReplayTally } from "./replay-summary.js"
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "./routes.js"
import type { Trace } from "./trace.js"
import {
  type CtStateName,
  ctStateName,
  type Judgement,
  VERDICT_NONE,
  type VerdictName,
  verdictNames,
} from "./verdict.js"

export interface ReplayOptions extends EngineOptions {
  /** Where packets arrive as far as nothing else says so: the policy's first interface. */
  readonly firstInterface?: string
}

export interface ReplayResult {
  readonly replay: Replay | null
  readonly diagnostics: readonly Diagnostic[]
}

/** One line of `replay --json`. */
export interface ReplayLine {
  readonly n: number
  readonly time: string
  readonly verdict: VerdictName
  readonly rule: RuleReference | null
  readonly ctstate: CtStateName | null
  /** Where no rule says why: what was wrong with the packet, or why conntrack calls it invalid. */
  readonly why?: string
}

/** Replays captures through a ruleset. Never throws; a ruleset that the kernel would not load has diagnostics instead. */
export function createReplay(ruleset: Ruleset, options: ReplayOptions): ReplayResult {
  const tally = new ReplayTally()
  const firstInterface = options.firstInterface ?? options.interfaces?.[0]?.name ?? "wan"
  const interfaces = options.interfaces?.some(({ name }) => name === firstInterface)
    ? options.interfaces
    : [{ name: firstInterface, networks: [] }, ...(options.interfaces ?? [])]
  const { engine, diagnostics } = createEngine(ruleset, {
    ...options,
    interfaces,
    // Meters get an element for each source of a flood, and nobody reads of those.
    wantsSetAdd: (set, rule) =>
      keepsLedger(set, rule) ||
      (options.onSetAdd !== undefined && options.wantsSetAdd?.(set, rule) !== false),
    onSetAdd: (table, set, words, expires, run, rule) => {
      tally.added(table, set, words, expires, run, rule)
      options.onSetAdd?.(table, set, words, expires, run, rule)
    },
  })
  if (engine === null) return { replay: null, diagnostics }
  return { replay: new Replay(engine, tally, engine.interfaces.index(firstInterface)), diagnostics }
}

const DUPLICATE = "duplicate"

/** Packets of captures in, judgements out, in constant memory. */
export class Replay {
  readonly engine: Engine
  /** The packet that was judged last, as captured. */
  readonly packet = new Packet()
  /** How many packets have come. */
  count = 0
  private readonly tally: ReplayTally
  private readonly firstInterface: number
  private readonly arrived = new Fingerprints()
  private readonly left = new Fingerprints()
  private originSeconds = Number.NaN
  private originNanoseconds = 0
  private seconds = 0
  private nanoseconds = 0
  private judgement: Judgement | undefined
  private readonly outOfPath: Judgement

  constructor(engine: Engine, tally: ReplayTally, firstInterface: number) {
    this.engine = engine
    this.tally = tally
    this.firstInterface = firstInterface
    this.outOfPath = {
      verdict: VERDICT_NONE,
      chain: -1,
      rule: -1,
      ctState: 0,
      ctDirection: 0,
      why: DUPLICATE,
      packet: this.packet,
    }
    tally.begin(engine)
  }

  /**
   * Judges the next packet. `interfaceName`: where it was captured, as the capture says (pcapng), or "". The answer is good until the
   * next call.
   */
  feed(record: CaptureRecord, interfaceName = "", trace: Trace | null = null): Judgement {
    const { packet } = this
    this.count++
    this.seconds = record.seconds
    this.nanoseconds = record.nanoseconds
    if (Number.isNaN(this.originSeconds)) {
      this.originSeconds = record.seconds
      this.originNanoseconds = record.nanoseconds
      this.engine.epoch = record.seconds + record.nanoseconds / 1e9
      this.tally.start(record.seconds, record.nanoseconds)
    }
    decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
    packet.time = nanosecondsSince(record, this.originSeconds, this.originNanoseconds)
    if (record.direction !== 0) packet.direction = record.direction
    const path = this.pathOf(packet)
    let judgement: Judgement
    if (path === null) judgement = this.outOfPath
    else {
      this.place(packet, path, interfaceName)
      judgement = this.engine.judge(packet, path, trace)
    }
    this.judgement = judgement
    this.tally.count(judgement, packet)
    return judgement
  }

  /** The last packet's line of `replay --json`. */
  line(): ReplayLine {
    const judgement = this.judgement ?? this.outOfPath
    return {
      n: this.count,
      time: printTime(this.seconds, this.nanoseconds),
      verdict: verdictNames[judgement.verdict]!,
      rule: ruleReference(this.engine, judgement.chain, judgement.rule),
      ctstate: ctStateName(judgement.ctState),
      ...(judgement.why !== "" ? { why: judgement.why } : {}),
    }
  }

  /** Accepted packets by the bit of `ct state`. */
  accepted(): Float64Array {
    return this.tally.accepted()
  }

  summary(): ReplaySummary {
    return this.tally.summary(this.engine)
  }

  /** Which hooks the packet meets; null: it is the second sight of one that was judged. */
  private pathOf(packet: Packet): Path | null {
    const { routes } = this.engine
    const { direction } = packet
    if (packet.family === 0) return direction === 2 ? "output" : "input"
    if (direction === 2) {
      if (this.arrived.take(packet)) return null
      const isOwn = !routes.knowsLocal || routes.isLocal(packet, "source")
      if (isOwn) this.left.add(packet)
      return isOwn ? "output" : "forward"
    }
    if (direction === 1) {
      if (this.left.take(packet)) return null
      this.arrived.add(packet)
      return !routes.knowsLocal || this.isForHost(packet) ? "input" : "forward"
    }
    if (routes.knowsLocal) {
      // From an own address to an own address: on a wire such a packet can only have arrived, its source being a lie.
      // So can one from loopback to elsewhere: no host sends that.
      if (
        routes.isLocal(packet, "source") &&
        !routes.isLocal(packet, "destination") &&
        !isFromLoopback(packet)
      )
        return "output"
      return this.isForHost(packet) ? "input" : "forward"
    }
    if (routes.isFlat || !routes.knowsNetworks || this.isForHost(packet)) return "input"
    return routes.interfaceTo(packet, "source") === routes.interfaceTo(packet, "destination")
      ? "input"
      : "forward"
  }

  private isForHost(packet: Packet): boolean {
    const type = this.engine.routes.addressType(packet, "destination")
    return type === RTN_LOCAL || type === RTN_BROADCAST || type === RTN_MULTICAST
  }

  private place(packet: Packet, path: Path, interfaceName: string): void {
    const { routes, interfaces } = this.engine
    const captured = interfaceName === "" ? 0 : interfaces.known(interfaceName)
    packet.inputInterface = 0
    packet.outputInterface = 0
    if (path !== "output")
      packet.inputInterface =
        (packet.direction === 1 ? captured : 0) ||
        (packet.family === 0 ? 0 : routes.interfaceTo(packet, "source")) ||
        captured ||
        this.firstInterface
    if (path !== "input")
      packet.outputInterface =
        (packet.direction === 2 ? captured : 0) ||
        (packet.family === 0 ? 0 : routes.interfaceTo(packet, "destination")) ||
        this.firstInterface
  }
}

function isFromLoopback({ family, source0, source1, source2, source3 }: Packet): boolean {
  return family === 4 ? source0 >>> 24 === 127 : (source0 | source1 | source2) === 0 && source3 === 1
}
