import { isProblem } from "../../core/base/diagnostic.js"
import { overlaps, type Prefix, parsePrefix, printPrefix } from "../../core/base/prefix.js"
import { type Block, sourceText } from "../../core/block/block.js"
import type { Engine } from "../../core/engine/engine.js"
import { printTime } from "../../core/engine/reference.js"
import type { BlockedSource } from "../../core/engine/replay-summary.js"
import type { Judgement } from "../../core/engine/verdict.js"
import type { Finding } from "../../core/event/finding.js"
import { CaptureGuard } from "../../core/guard/capture-guard.js"
import type { Packet } from "../../core/packet/packet.js"
import type { EnginePath } from "./path.js"
import type { Subject } from "./subject.js"

/** Findings, and blocks, that are kept to be shown; more are counted. */
const MOST = 10_000

/** What the policy's detectors find in a replay, and whom the guard would keep out for it. Nobody is: verdicts are the rules' alone. */
export class ReplayDetection {
  /** The first ten thousand, in order of time. */
  readonly findings: Finding[] = []
  count = 0
  readonly #guard: CaptureGuard
  readonly #blocked = new Map<string, BlockedSource>()

  constructor(subject: Subject, engine: Engine, way: EnginePath) {
    const rules = new Map(subject.detect.map(({ name, origin }) => [name, origin.text]))
    this.#guard = new CaptureGuard(engine, {
      detect: subject.detect,
      outside: outsideOf(subject, way),
      neverBlocked: neverBlockedBy(subject),
      provedOnly: subject.forgedSources === "prove",
      keepsOut: false,
      settings: subject.blocks,
      onFinding: (finding) => {
        this.count++
        if (this.findings.length < MOST) this.findings.push(finding)
      },
      onBlock: (block, at) => this.#note(block, at, rules.get(block.kind) ?? block.kind),
      onEnd: () => {},
    })
  }

  /** The packet that has just been judged; `seconds` since 1970. */
  take(packet: Packet, judgement: Judgement, seconds: number): void {
    this.#guard.take(packet, judgement, seconds)
  }

  /** No packet comes any more. */
  finish(): void {
    this.#guard.finish()
  }

  /** Whom the findings would have kept out, each source once, in order of time. */
  blocked(): BlockedSource[] {
    return [...this.#blocked.values()]
  }

  #note({ source, scope, until, kind }: Block, at: number, rule: string): void {
    const name = sourceText(source)
    if (this.#blocked.has(name) || this.#blocked.size >= MOST) return
    this.#blocked.set(name, {
      set: `${scope === "everything" ? "blocked" : "blocked-new"}${source.address.family}`,
      source: name,
      time: instant(at),
      until: Number.isFinite(until) ? instant(until) : null,
      rule,
      protection: kind,
    })
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

const loopback = ["127.0.0.0/8", "::1", "0.0.0.0/8"].flatMap((text) => {
  const prefix = parsePrefix(text)
  return isProblem(prefix) ? [] : [prefix]
})

/** On a capture nobody knows gateways and resolvers; `never-block` and `--local` name them. */
export function neverBlockedBy({ neverBlock, host }: Subject): (source: Prefix) => string | undefined {
  return (source) => {
    const near = (prefix: Prefix) => overlaps(prefix, source)
    const named = neverBlock.find(near)
    if (named) return `never-block names ${printPrefix(named)}`
    if (loopback.some(near)) return "loopback is never blocked"
    const own = host.addresses.find(near)
    return own && `${printPrefix(own)} is an address of this host`
  }
}
