import type { Address } from "../base/address.js"
import type { Prefix } from "../base/prefix.js"
import { type Block, sourceOf } from "../block/block.js"
import { type Decision, decide } from "../block/decide.js"
import { type Change, Ledger, type LedgerSettings } from "../block/ledger.js"
import { Detection } from "../detect/detection.js"
import type { Engine } from "../engine/engine.js"
import type { Judgement } from "../engine/verdict.js"
import { EnginePackets, isOrdinary } from "../event/engine-packets.js"
import type { Finding } from "../event/finding.js"
import { Flow, setEnds } from "../event/flow.js"
import { type Packet, TCP } from "../packet/packet.js"
import type { DetectorSetting } from "../policy/policy.js"
import { EngineBlocks } from "./engine-blocks.js"

export interface CaptureGuardOptions {
  readonly detect: readonly DetectorSetting[]
  /** Interfaces that lead to the world. */
  readonly outside: readonly string[]
  /** A sentence why somebody is never blocked. */
  readonly neverBlocked: (source: Prefix) => string | undefined
  /** `forged-sources: prove`. */
  readonly provedOnly: boolean
  readonly onFinding: (finding: Finding, decisions: readonly Decision[]) => void
  /** False: nobody is, and it is only told who would be. */
  readonly keepsOut?: false
  /** What the policy says of repeaters and neighbours; absent: as if it said nothing. */
  readonly settings?: LedgerSettings
  /** Somebody is kept out from now on, or no longer. Seconds since 1970. */
  readonly onBlock: (block: Block, at: number) => void
  readonly onEnd: (block: Block, at: number) => void
}

/**
 * The guard without a kernel: an engine judges the packets, the same detectors look at them, and who is found is kept out by the engine's own sets, all of it
 * on the packets' time. What it decides is what the guard of a live host decides.
 */
export class CaptureGuard {
  readonly ledger: Ledger
  private readonly engine: Engine
  private readonly options: CaptureGuardOptions
  private readonly detection: Detection
  private readonly packets: EnginePackets
  private readonly flow = new Flow()
  private blocks: EngineBlocks | undefined
  private asked = 0

  constructor(engine: Engine, options: CaptureGuardOptions) {
    this.engine = engine
    this.options = options
    this.ledger = new Ledger(options.settings)
    this.packets = new EnginePackets(engine, options)
    this.detection = new Detection(options.detect, { sees: "all" }, (finding) => this.found(finding))
  }

  /** After the engine has judged it. `seconds` since 1970. */
  take(packet: Packet, judgement: Judgement, seconds: number): void {
    if (this.options.keepsOut !== false)
      this.blocks ??= new EngineBlocks(this.engine, seconds - packet.time / 1e9)
    if (this.ledger.size > 0 && seconds - this.asked >= 1) {
      this.asked = seconds
      this.write(this.ledger.expire(seconds), seconds)
    }
    if (
      isOrdinary(packet, judgement) &&
      ((judgement.ctDirection !== 0 && packet.protocol === TCP) || !this.detection.awaits(packet))
    )
      return
    const event = this.packets.take(packet, judgement, seconds)
    if (event !== null) this.detection.packet(event)
  }

  /** No packet comes any more. */
  finish(): void {
    this.detection.finish()
  }

  /** A rule has listed a source by itself: it stands in the engine's set already. */
  listed(
    address: Address,
    kind: string,
    why: string,
    at: number,
    seconds: number,
    scope: Block["scope"],
  ): void {
    const source = sourceOf(address)
    const changes = this.ledger.block({ source, scope, by: "rule", kind, why, seconds }, at)
    for (const change of changes) if (change.change === "set") this.options.onBlock(change.block, at)
  }

  private found(finding: Finding): void {
    const { at, detector, sentence } = finding
    const decisions = decide(
      finding,
      {
        neverBlocked: this.options.neverBlocked,
        hasConnection: (address) => this.detection.hasConnection(address),
        calledAt: (address) => {
          setEnds(this.flow, address, address)
          this.flow.time = at
          return this.detection.standingOf(this.flow).called ? at : undefined
        },
        timesBefore: (source, now) => this.ledger.timesBefore(source, now),
        repeaters: this.ledger.settings.repeaters,
        provedOnly: this.options.provedOnly,
      },
      at,
    )
    this.options.onFinding(finding, decisions)
    for (const decision of decisions) {
      if (decision.verdict !== "block") continue
      const { source, scope, seconds } = decision
      const wish = { source, scope, by: "detector", kind: detector, why: sentence, seconds } as const
      this.write(this.ledger.block(wish, at), at)
    }
  }

  private write(changes: readonly Change[], at: number): void {
    for (const change of changes) {
      if (change.change === "set") {
        this.blocks?.put(change.block)
        this.options.onBlock(change.block, at)
      } else if (change.change === "end") {
        this.blocks?.remove(change.block)
        this.options.onEnd(change.block, at)
      }
    }
  }
}
