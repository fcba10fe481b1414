import { createEngine, type Engine, type Path } from "../../../src/core/engine/engine.js"
import { RTN_UNICAST } from "../../../src/core/engine/routes.js"
import type { Trace } from "../../../src/core/engine/trace.js"
import {
  ctStateName,
  VERDICT_ABSORBED,
  VERDICT_ACCEPT,
  VERDICT_NONE,
  verdictNames,
} from "../../../src/core/engine/verdict.js"
import { decode } from "../../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../../src/core/packet/link-type.js"
import { Packet } from "../../../src/core/packet/packet.js"
import { printPacket } from "../../../src/core/packet/print.js"
import type { Hook } from "../../../src/core/ruleset/hook.js"
import type { StepNode } from "../../../src/core/ruleset/node.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import { CONTINUE } from "../../../src/core/ruleset/runtime.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../../src/linux/demo/agreement.js"
import { identify } from "../../../src/linux/host/namespace/identity.js"
import type { Arrival, Ruling, State } from "../../../src/linux/host/namespace/referee.js"

/** Where a packet came to its end; `through`: nowhere. `routing`: the kernel itself had no way for it, behind prerouting. */
export type Fate =
  | "ingress"
  | "prerouting"
  | "input"
  | "forward"
  | "output"
  | "postrouting"
  | "egress"
  | "routing"
  | "through"

/** One packet before both judges. */
export interface Judged {
  readonly arrival: Arrival
  readonly kernel: Fate
  readonly engine: Fate
  readonly states: { readonly kernel: State | null; readonly engine: State | null }
  /** `table chain index` of the rule that decided in the engine, and why where no rule did. */
  readonly why: string
  readonly same: boolean
}

export interface Judgements {
  readonly judged: readonly Judged[]
  /** How often each rule's counter was reached in the engine, by `table chain index`. */
  readonly counts: ReadonlyMap<string, number>
  /** Packets that the kernel's own routing stopped, or that are not told apart from others: no rule is judged by them. */
  readonly left: number
}

/** Feeds the engine what came to the firewall, at the times at which it came, and compares where each packet came to its end. Throws where there is no engine for the rules. */
export function judge(
  ruleset: Ruleset,
  arrivals: readonly Arrival[],
  conntrack: "on" | "auto",
  iptablesNft = false,
): Judgements {
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: laboratoryInterfaces,
    local: laboratoryAddresses,
    conntrack,
    iptablesNft,
    random: () => 0,
  })
  if (!engine) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  const watch = new Watch(engine)
  const hasEgress = engine.chains.some(({ chain }) => chain.base?.hook === "egress")
  const packet = new Packet()
  const judged: Judged[] = []
  const waiting = new Map<number, number[]>()
  let left = 0
  for (const arrival of arrivals) {
    const { bytes, time, wireLength } = arrival.frame
    decode(
      packet,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      bytes.byteLength,
      wireLength,
      LINKTYPE_ETHERNET,
    )
    packet.time = time
    watch.hook = "prerouting"
    const answer = engine.judge(packet, way(engine, packet, arrival), watch)
    const { ruling } = arrival
    if (!ruling || packet.family === 0 || ruling.ambiguous) {
      left++
      continue
    }
    const own: Fate =
      answer.verdict === VERDICT_ACCEPT
        ? "through"
        : answer.verdict === VERDICT_NONE
          ? "ingress"
          : answer.verdict === VERDICT_ABSORBED
            ? arrival.own
              ? "output"
              : "prerouting"
            : (watch.hook as Fate)
    const kernel = kernelFate(ruling, arrival.own, hasEgress)
    const engineState = ctStateName(answer.ctState)
    const rule = engine.chains[answer.chain]
    const entry = (fate: Fate): Judged => {
      const statesDiffer = ruling.state !== null && !packet.isFragment && engineState !== ruling.state
      return {
        arrival,
        kernel,
        engine: fate,
        states: { kernel: ruling.state, engine: engineState },
        why: `${verdictNames[answer.verdict]}${rule ? ` by ${rule.table.name} ${rule.chain.name} ${answer.rule}` : ""}${answer.why ? ` (${answer.why})` : ""}`,
        same: sameFate(kernel, fate, answer.verdict === VERDICT_ABSORBED) && !statesDiffer,
      }
    }
    const index = judged.push(entry(own)) - 1
    if (!packet.isFragment || arrival.own) continue
    // All fragments of a datagram share its fate, which the last one to come decides.
    const { datagram } = identify(bytes, LINKTYPE_ETHERNET)!
    if (answer.verdict === VERDICT_ABSORBED) {
      waiting.set(datagram, [...(waiting.get(datagram) ?? []), index])
      continue
    }
    // Nor does one that was dropped before it could be put to the others.
    if (own === "ingress") continue
    for (const other of waiting.get(datagram) ?? []) {
      const earlier = judged[other]!
      judged[other] = { ...earlier, engine: own, same: sameFate(earlier.kernel, own) }
    }
    waiting.delete(datagram)
  }
  return { judged, counts: watch.counts, left }
}

function sameFate(kernel: Fate, engine: Fate, isAbsorbed = false): boolean {
  // What the kernel had no way for may have been let pass by all rules, or not have come to those that would have stopped it.
  // Or have been put together for the host itself, and never became whole.
  if (kernel === "routing" && engine === "prerouting" && isAbsorbed) return true
  if (kernel === "routing") return engine !== "ingress" && engine !== "prerouting" && engine !== "output"
  return kernel === engine
}

function kernelFate({ entered, passed }: Ruling, own: boolean, hasEgress: boolean): Fate {
  const leave = (): Fate => {
    if (!entered.has("postrouting")) return "routing"
    if (!passed.has("postrouting")) return "postrouting"
    return passed.has("wire") ? "through" : hasEgress ? "egress" : "routing"
  }
  if (own) return passed.has("output") ? leave() : "output"
  if (!entered.has("prerouting")) return "ingress"
  if (!passed.has("prerouting")) return "prerouting"
  if (entered.has("input")) return passed.has("input") ? "through" : "input"
  if (!entered.has("forward")) return "routing"
  return passed.has("forward") ? leave() : "forward"
}

function way(engine: Engine, packet: Packet, { frame }: Arrival): Path {
  const index = engine.interfaces.index(frame.device)
  if (frame.direction === "out") {
    packet.inputInterface = 0
    packet.outputInterface = index
    return "output"
  }
  packet.inputInterface = index
  packet.outputInterface = 0
  if (packet.family === 0 || engine.routes.addressType(packet, "destination") !== RTN_UNICAST) return "input"
  packet.outputInterface = engine.routes.interfaceTo(packet, "destination")
  return "forward"
}

/**
 * Which of a rule's steps is reached when the rule counts a packet: its counter, or in rules of iptables the target. A rule without target counts where its last match goes
 * on: -1 less that match's place.
 */
function countedAt(steps: readonly StepNode[]): number {
  const counter = steps.findIndex(({ step }) => step === "counter")
  if (counter >= 0) return counter
  const target = steps.findIndex(({ step }) => step !== "xt-header" && step !== "xt-match")
  return target >= 0 ? target : -steps.length
}

/** Notes which rules' counters are reached, and in which hook the engine is. */
class Watch implements Trace {
  readonly counts = new Map<string, number>()
  hook: Hook = "prerouting"
  private readonly engine: Engine
  /** The place of the counter among each rule's steps, by chain and rule; see `countedAt`. */
  private readonly counters: readonly (readonly number[])[]

  constructor(engine: Engine) {
    this.engine = engine
    this.counters = engine.chains.map(({ chain }) => chain.rules.map(({ steps }) => countedAt(steps)))
  }

  enter(chain: number): void {
    this.hook = this.engine.chains[chain]!.chain.base!.hook
  }

  step(chain: number, rule: number, step: number, outcome: number): void {
    const place = this.counters[chain]![rule]!
    // A rule of iptables counts what comes through its matches, whatever its target says.
    if (place < 0 ? step !== -1 - place || outcome !== CONTINUE : step !== place) return
    const { table, chain: declared } = this.engine.chains[chain]!
    const key = `${table.family} ${table.name} ${declared.name} ${rule}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  verdict(): void {}
  end(): void {}
  policy(): void {}
  kernel(): void {}
}

/** A packet as people write it. */
export function describePacket({ frame, own }: Arrival): string {
  const packet = new Packet()
  const { bytes } = frame
  decode(
    packet,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    0,
    bytes.byteLength,
    frame.wireLength,
    LINKTYPE_ETHERNET,
  )
  return `${own ? "own" : frame.device} ${printPacket(packet)}`
}
