import { parseAddress } from "../../core/base/address.js"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import { isPrefix, type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { createEngine, type Engine, type Path } from "../../core/engine/engine.js"
import { RTN_UNICAST } from "../../core/engine/routes.js"
import { ctStateName, VERDICT_ABSORBED, type VerdictName, verdictNames } from "../../core/engine/verdict.js"
import { decode } from "../../core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../core/packet/link-type.js"
import { Packet } from "../../core/packet/packet.js"
import type { LogNode } from "../../core/ruleset/action/log.js"
import type { Hook } from "../../core/ruleset/hook.js"
import type { Origin } from "../../core/ruleset/origin.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { fingerprint, identify } from "../host/namespace/identity.js"
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
  /** The rule stands in a chain that only rules with a rate jump to: each source's own, or one that all share. */
  readonly limited: "source" | "shared" | null
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
  /**
   * The two let one packet of a limited source through, and not the same one: its neighbour within some milliseconds. A token comes back at an instant,
   * and the kernel asks its clock some microseconds after it stamped the packet. Where the two begin connections, one of them is open to the kernel and the other to the engine, and what follows in
   * them differs, too. Told apart from agreement, and counted.
   */
  readonly exchanged: boolean
}

export interface ComparisonOptions {
  /** Rules whose conntrack the referee did not turn on. */
  readonly conntrack?: "auto" | "on"
  /** Compare conntrack's states too. Default true. */
  readonly states?: boolean
  /** A rule of the engine's logs. */
  readonly onLog?: (node: LogNode) => void
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
    ...(options.onLog && { onLog: options.onLog }),
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
      same: kernel && agree(kernel, through, hooks, judgement.why) && (stateIsSame || packet.isFragment),
      exchanged: false,
    }
    const index = comparisons.push(comparison) - 1
    if (!packet.isFragment || arrival.own) continue
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
        same: earlier.kernel && agree(earlier.kernel, through, hooks, judgement.why),
      }
    }
    waiting.delete(datagram)
  }
  pairExchanged(comparisons)
  return { comparisons, diagnostics }
}

/** Generous: another process, or another machine on the same processor, may stand between the stamp and the clock. */
const EXCHANGE_NANOSECONDS = 4e6

/**
 * Finds pairs of differences that cancel out; see `Comparison.exchanged`. The engine's drop must have been a rate's, and the two packets of one source, unless all
 * sources share that rate.
 */
function pairExchanged(comparisons: Comparison[]): void {
  let open: number[] = []
  const alone = new Set<number>()
  const begunByOne = new Set<string>()
  for (const [index, comparison] of comparisons.entries()) {
    const { arrival, same, through, kernel, engine } = comparison
    if (same === false && begunByOne.has(connectionKey(arrival.frame.bytes))) {
      comparisons[index] = { ...comparison, same: true, exchanged: true }
      continue
    }
    if (same !== false || (kernel === "through") === through || !(through || engine.limited)) continue
    open = open.filter(
      (other) => arrival.frame.time - comparisons[other]!.arrival.frame.time <= EXCHANGE_NANOSECONDS,
    )
    const partner = open.find((other) => isExchange(comparisons[other]!, comparison))
    if (partner === undefined) {
      open.push(index)
      alone.add(index)
      continue
    }
    alone.delete(partner)
    open = open.filter((other) => other !== partner)
    for (const each of [index, partner]) {
      comparisons[each] = { ...comparisons[each]!, same: true, exchanged: true }
      begunByOne.add(connectionKey(comparisons[each]!.arrival.frame.bytes))
    }
  }
}

/** The same for both directions of a connection: its ends, whichever comes first, and the protocol; without options or extension headers, as the laboratory's senders begin connections. */
function connectionKey(bytes: Uint8Array): string {
  const [start, length, protocol, ports] = bytes[12] === 8 ? [26, 4, 23, 34] : [22, 16, 20, 54]
  const end = (address: number, port: number) =>
    [...bytes.subarray(address, address + length), ...bytes.subarray(port, port + 2)].join(".")
  const ends = [end(start, ports), end(start + length, ports + 2)].sort()
  return [bytes[protocol], ...ends].join(" ")
}

function isExchange(one: Comparison, other: Comparison): boolean {
  if (one.through === other.through) return false
  const stopped = one.through ? other : one
  return (
    stopped.engine.limited === "shared" ||
    limitKey(one.arrival.frame.bytes) === limitKey(other.arrival.frame.bytes)
  )
}

/** What shares a limit by default: source and protocol; IPv6 sources by their /64. */
function limitKey(bytes: Uint8Array): number {
  const [start, length, protocol] = bytes[12] === 8 ? [26, 4, 23] : [22, 8, 20]
  return fingerprint(Uint8Array.of(...bytes.subarray(start, start + length), bytes[protocol]!))
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
    limited: (chain && limitedChains(engine).get(chain.chain.name)) ?? null,
  }
}

const limitedByEngine = new WeakMap<Engine, ReadonlyMap<string, "source" | "shared">>()

/** Chains where a packet comes only because a rate is spent. */
function limitedChains(engine: Engine): ReadonlyMap<string, "source" | "shared"> {
  const known = limitedByEngine.get(engine)
  if (known) return known
  const limited = new Map<string, "source" | "shared">()
  const others = new Set<string>()
  for (const { chain } of engine.chains)
    for (const { steps } of chain.rules) {
      const target = steps.flatMap((step) =>
        step.step === "verdict" && step.chain !== undefined ? [step.chain] : [],
      )[0]
      if (target === undefined) continue
      if (steps.some(({ step }) => step === "limit")) limited.set(target, "shared")
      else if (JSON.stringify(steps).includes('"step":"limit"'))
        limited.set(target, limited.get(target) ?? "source")
      else others.add(target)
    }
  for (const name of others) limited.delete(name)
  limitedByEngine.set(engine, limited)
  return limited
}

/** Why the engine itself drops what the kernel's routing refuses. */
const lostByRouting: ReadonlySet<string> = new Set([
  "martian",
  "not-forwarded",
  "time-exceeded",
  "source-route",
  "ipv4-option",
])

function agree(kernel: KernelAnswer, through: boolean, hooks: ReadonlySet<Hook>, why: string): boolean {
  // Lost between the hooks, which the engine knows of some packets, too.
  if (kernel === "unrouted") return through || hooks.size > 0 || lostByRouting.has(why)
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
