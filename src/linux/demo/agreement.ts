import { parseAddress } from "../../core/base/address.js"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import { isPrefix, type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { createEngine, type Engine, type Path } from "../../core/engine/engine.js"
import { RTN_UNICAST } from "../../core/engine/routes.js"
import { ctStateName, VERDICT_ABSORBED, type VerdictName, verdictNames } from "../../core/engine/verdict.js"
import { decode } from "../../core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../core/packet/link-type.js"
import { Packet } from "../../core/packet/packet.js"
import type { Hook } from "../../core/ruleset/hook.js"
import type { Origin } from "../../core/ruleset/origin.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { identify } from "../host/namespace/identity.js"
import { address } from "../host/namespace/laboratory.js"
import type { Arrival, Ruling, State } from "../host/namespace/referee.js"

export interface EngineAnswer {
  readonly verdict: VerdictName
  readonly state: State | null
  /** The rule that decided; null: no rule did. */
  readonly origin: Origin | null
  /** `table chain index`, for people. */
  readonly rule: string | null
  readonly why: string
}

/**
 * `through`: alive behind all hooks that the rules know; `dropped`; `unrouted`: alive at the end of prerouting, and no later hook saw it, because the kernel found no
 * way for it (a martian source, no such neighbour): the rules did let it pass.
 */
export type KernelAnswer = "through" | "dropped" | "unrouted"

/** One packet before both judges. */
export interface Comparison {
  readonly arrival: Arrival
  /** Null for what is not IP and for what the firewall said itself. */
  readonly kernel: KernelAnswer | null
  readonly engine: EngineAnswer
  /** Fragments: what became of the datagram. */
  readonly through: boolean
  /** Null where there is nothing to compare. */
  readonly same: boolean | null
}

export interface ComparisonOptions {
  /** Rules whose conntrack the referee did not turn on. */
  readonly conntrack?: "auto" | "on"
  /** Compare conntrack's states too. Default true. */
  readonly states?: boolean
}

/**
 * Feeds what came to the firewall of a laboratory, at the times at which it came, to the engine with the same rules, and puts the two answers side by side.
 */
export function compare(
  ruleset: Ruleset,
  arrivals: readonly Arrival[],
  options: ComparisonOptions = {},
): { readonly comparisons: readonly Comparison[]; readonly diagnostics: readonly Diagnostic[] } {
  const { conntrack = "on", states = true } = options
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: laboratoryInterfaces,
    local: laboratoryAddresses,
    conntrack,
    random: numbers(),
  })
  if (!engine) return { comparisons: [], diagnostics }
  const hooks = hooksOf(ruleset)
  const packet = new Packet()
  const comparisons: Comparison[] = []
  const waiting = new Map<number, number[]>()
  for (const arrival of arrivals) {
    const { bytes, time } = arrival.frame
    decode(
      packet,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      bytes.byteLength,
      arrival.frame.wireLength,
      LINKTYPE_ETHERNET,
    )
    packet.time = time
    const judgement = engine.judge(packet, way(engine, packet, arrival))
    const answer = answerOf(engine, judgement)
    const { ruling } = arrival
    const kernel = ruling && kernelAnswer(ruling, hooks)
    const through = judgement.verdict === 0
    const stateIsSame = !states || ruling === null || ruling.state === null || answer.state === ruling.state
    const comparison: Comparison = {
      arrival,
      kernel,
      engine: answer,
      through,
      same: kernel && agree(kernel, through, hooks) && (stateIsSame || packet.isFragment),
    }
    const index = comparisons.push(comparison) - 1
    if (!packet.isFragment || !ruling) continue
    // All fragments of a datagram share its fate, which the last one to come decides.
    const { datagram } = identify(bytes, LINKTYPE_ETHERNET)!
    if (judgement.verdict === VERDICT_ABSORBED) {
      const others = waiting.get(datagram)
      if (others) others.push(index)
      else waiting.set(datagram, [index])
      continue
    }
    for (const other of waiting.get(datagram) ?? []) {
      const earlier = comparisons[other]!
      comparisons[other] = {
        ...earlier,
        through,
        same: earlier.kernel && agree(earlier.kernel, through, hooks),
      }
    }
    waiting.delete(datagram)
  }
  return { comparisons, diagnostics }
}

function answerOf(engine: Engine, judgement: ReturnType<Engine["judge"]>): EngineAnswer {
  const chain = engine.chains[judgement.chain]
  const rule = chain?.rules[judgement.rule]
  return {
    verdict: verdictNames[judgement.verdict]!,
    state: ctStateName(judgement.ctState),
    origin: rule?.rule.origin ?? null,
    rule: chain ? `${chain.table.name} ${chain.chain.name} ${judgement.rule}` : null,
    why: judgement.why,
  }
}

function agree(kernel: KernelAnswer, through: boolean, hooks: ReadonlySet<Hook>): boolean {
  if (kernel === "unrouted") return through || hooks.size > 0
  return (kernel === "through") === through
}

/** The hooks behind prerouting where the rules under test may drop. */
function hooksOf(ruleset: Ruleset): ReadonlySet<Hook> {
  const hooks = ruleset.tables.flatMap(({ chains }) =>
    chains.flatMap(({ base }) => (base ? [base.hook] : [])),
  )
  return new Set(hooks.filter((hook) => hook !== "ingress" && hook !== "prerouting" && hook !== "output"))
}

function kernelAnswer({ passed }: Ruling, hooks: ReadonlySet<Hook>): KernelAnswer {
  if (!passed.has("prerouting")) return "dropped"
  if (passed.has("input")) return "through"
  if (passed.has("forward")) {
    if (hooks.has("postrouting") && !passed.has("postrouting")) return "dropped"
    return hooks.has("egress") && !passed.has("wire") ? "dropped" : "through"
  }
  return "unrouted"
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

/** Chance that is the same at each run. */
function numbers(): (below: number) => number {
  let state = 0x2545f491
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x100000000) * below)
  }
}

export const laboratoryAddresses = [address.wan, address.lan].flatMap(({ ipv4, ipv6 }) =>
  [ipv4, ipv6].map((text) => parseAddress(text)!),
)

export const laboratoryInterfaces = [
  { name: "wan0", networks: ["default" as const, prefix("192.0.2.0/30"), prefix("2001:db8:1::/126")] },
  { name: "lan0", networks: [prefix("198.51.100.0/24"), prefix("2001:db8:2::/64")] },
]

function prefix(text: string): Prefix {
  const read = parsePrefix(text)
  if (!isPrefix(read)) throw new Error(text)
  return read
}
