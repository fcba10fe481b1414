import { printAddress } from "../../core/base/address.js"
import { contains } from "../../core/base/prefix.js"
import { Detection } from "../../core/detect/detection.js"
import type { Engine } from "../../core/engine/engine.js"
import { printTime } from "../../core/engine/reference.js"
import type { BlockedSource } from "../../core/engine/replay-summary.js"
import type { Judgement } from "../../core/engine/verdict.js"
import { EnginePackets, isOrdinary } from "../../core/event/engine-packets.js"
import type { Finding } from "../../core/event/finding.js"
import type { Packet } from "../../core/packet/packet.js"
import type { EnginePath } from "./path.js"
import type { Subject } from "./subject.js"

/** Findings that are kept to be shown; more are counted. */
const MOST_FINDINGS = 10_000
/** Seconds; a source that proved nothing may be somebody else's address, and is kept out for this long at most. */
const UNPROVEN = 600

/** What the policy's detectors find in a replay. */
export class ReplayDetection {
  /** The first ten thousand, in order of time. */
  readonly findings: Finding[] = []
  count = 0
  readonly #packets: EnginePackets
  readonly #detection: Detection
  readonly #neverBlock: Subject["neverBlock"]

  constructor(subject: Subject, engine: Engine, way: EnginePath, onFinding?: (finding: Finding) => void) {
    this.#neverBlock = subject.neverBlock
    this.#packets = new EnginePackets(engine, { outside: outsideOf(subject, way) })
    this.#detection = new Detection(subject.detect, { sees: "all" }, (finding) => {
      this.count++
      if (onFinding) onFinding(finding)
      else if (this.findings.length < MOST_FINDINGS) this.findings.push(finding)
    })
  }

  /** The packet that has just been judged; `seconds` since 1970. */
  take(packet: Packet, judgement: Judgement, seconds: number): void {
    if (isOrdinary(packet, judgement) && (judgement.ctDirection !== 0 || !this.#detection.awaits(packet)))
      return
    const event = this.#packets.take(packet, judgement, seconds)
    if (event !== null) this.#detection.packet(event)
  }

  /** Whom the findings would have kept out, each source once, in order of time. */
  blocked(): BlockedSource[] {
    const bySource = new Map<string, BlockedSource>()
    for (const { action, manySources, sources, at, blockFor, proven, detector, threshold } of this.findings) {
      if (action !== "block" || manySources) continue
      for (const address of sources) {
        if (this.#neverBlock.some((prefix) => contains(prefix, address))) continue
        const source = printAddress(address)
        if (bySource.has(source)) continue
        const until = at + (proven ? blockFor : Math.min(blockFor, UNPROVEN))
        bySource.set(source, {
          set: `${proven ? "blocked" : "blocked-new"}${address.family}`,
          source,
          time: instant(at),
          until: Number.isFinite(until) ? instant(until) : null,
          rule: threshold.origin?.text ?? detector,
          protection: detector,
        })
      }
    }
    return [...bySource.values()]
  }
}

function instant(seconds: number): string {
  const whole = Math.floor(seconds)
  return printTime(whole, Math.round((seconds - whole) * 1e9))
}

/** Where the words say that all other addresses are, that is outside; where they say nothing, the subject knows. */
export function outsideOf({ outside }: Subject, { interfaces }: EnginePath): readonly string[] {
  const named = interfaces.filter(({ networks }) => networks.includes("default")).map(({ name }) => name)
  return named.length > 0 ? named : outside
}
