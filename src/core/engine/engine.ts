import type { Address } from "../base/address.js"
import type { Diagnostic } from "../base/diagnostic.js"
import { hasErrors } from "../base/diagnostic.js"
import { optionFault } from "../packet/ipv4-options.js"
import { Packet } from "../packet/packet.js"
import { Rewriter } from "../packet/rewrite.js"
import { hasStackedTags } from "../packet/vlan.js"
import type { Ruleset } from "../ruleset/ruleset.js"
import { Answers } from "./answers.js"
import { AssumedRoutes } from "./assumed-routes.js"
import {
  type CompiledRuleset,
  type CompiledSet,
  compileRuleset,
  type OnSetAdd,
  type WantsSetAdd,
} from "./compile.js"
import { Conntrack, STATE_ESTABLISHED, STATE_INVALID } from "./conntrack/conntrack.js"
import { invalidReasons } from "./conntrack/invalid.js"
import { Defragmenter } from "./defrag/defrag.js"
import { EngineRun, type Path, type RunOptions } from "./engine-run.js"
import { byNoRule, HookRunner } from "./hook-chains.js"
import { Interfaces } from "./interfaces.js"
import { martian } from "./martian.js"
import { Nat } from "./nat/nat.js"
import { receiveFault } from "./receive.js"
import { type InterfaceRoutes, RoutingTable, RTN_UNICAST } from "./routes.js"
import type { CompiledChain } from "./selection.js"
import { defaultSettings, type Settings } from "./settings.js"
import { SynProxy } from "./synproxy.js"
import type { Trace } from "./trace.js"
import {
  type Judgement,
  VERDICT_ABSORBED,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
  VERDICT_REJECT,
} from "./verdict.js"
import { isAsForeseen, type Outlook, type Outlooks, type Way, Ways } from "./ways.js"

export type { Path } from "./engine-run.js"

export interface EngineOptions extends RunOptions {
  /** Interfaces and the networks behind them; a name without networks is only known. */
  readonly interfaces?: readonly InterfaceRoutes[]
  /** The firewall's own addresses. */
  readonly local?: readonly Address[]
  /** What differs from `defaultSettings`. */
  readonly settings?: Partial<Settings>
  /** Rules of iptables are loaded by `iptables-nft-restore`, not by `iptables-legacy-restore`: see `EngineBuild.iptablesNft`. */
  readonly iptablesNft?: boolean
  /** `auto`: on for the IP versions whose rules ask for it, as in the kernel. `on`: for both. */
  readonly conntrack?: "auto" | "on"
  /** What SYNPROXY takes an ACK for whose cookie the capture cannot tell (synproxy.ts). Default: assumed. */
  readonly cookies?: "assumed" | "refused"
  readonly onSetAdd?: OnSetAdd
  /** Which rules' additions `onSetAdd` is told of. Absent: all. */
  readonly wantsSetAdd?: WantsSetAdd
}

/** The engine, or (null) why there is none. */
export interface EngineResult {
  readonly engine: Engine | null
  readonly diagnostics: readonly Diagnostic[]
}

/** A user-space netfilter for this ruleset. Never throws; a ruleset that the kernel would not load has diagnostics instead. */
export function createEngine(ruleset: Ruleset, options: EngineOptions): EngineResult {
  const settings = { ...defaultSettings, ...options.settings }
  const interfaces = new Interfaces((options.interfaces ?? []).map(({ name }) => name))
  const conntrack = new Conntrack(settings, options.random(0x7fffffff))
  const compiled = compileRuleset(ruleset, {
    interfaces,
    conntrack,
    ...(options.onSetAdd ? { onSetAdd: options.onSetAdd } : {}),
    ...(options.wantsSetAdd ? { wantsSetAdd: options.wantsSetAdd } : {}),
    ...(options.iptablesNft ? { iptablesNft: true } : {}),
  })
  if (hasErrors(compiled.diagnostics)) return { engine: null, diagnostics: compiled.diagnostics }
  const routes = new RoutingTable(options.interfaces ?? [], options.local ?? [], (name) =>
    interfaces.index(name),
  )
  return {
    engine: new Engine(compiled, interfaces, conntrack, routes, settings, options),
    diagnostics: compiled.diagnostics,
  }
}

/**
 * Judges packets, one after the other, on their own time. What it remembers between packets (connections, fragments, sets, limits) is
 * bounded by the settings and the sets' sizes.
 */
export class Engine {
  readonly chains: readonly CompiledChain[]
  readonly sets: readonly CompiledSet[]
  readonly interfaces: Interfaces
  readonly conntrack: Conntrack
  readonly routes: RoutingTable

  private readonly nat: Nat
  private readonly rewriter = new Rewriter()
  private readonly proxy: SynProxy
  private readonly tracksFour: boolean
  private readonly tracksSix: boolean
  private readonly defragmenter: Defragmenter
  private readonly answers = new Answers()
  private readonly hooks: HookRunner
  private readonly run: EngineRun
  private readonly ways: Ways
  /** What rules see of the routes where nobody said which addresses are this host's. */
  private readonly assumed: AssumedRoutes | null
  private readonly ruleState: Float64Array
  /** Since `run` was begun, rules have only asked. */
  private isFresh = false
  private readonly judgement: Judgement = {
    verdict: VERDICT_ACCEPT,
    chain: -1,
    rule: -1,
    ctState: 0,
    ctDirection: 0,
    why: "",
    packet: new Packet(),
  }

  constructor(
    compiled: CompiledRuleset,
    interfaces: Interfaces,
    conntrack: Conntrack,
    routes: RoutingTable,
    settings: Settings,
    options: EngineOptions,
  ) {
    this.chains = compiled.chains
    this.sets = compiled.sets
    conntrack.extras.accounts = compiled.accounts
    this.nat = new Nat(conntrack, this.rewriter, routes, options.random)
    this.interfaces = interfaces
    this.conntrack = conntrack
    this.routes = routes
    this.tracksFour = compiled.tracks.four || options.conntrack === "on"
    this.tracksSix = compiled.tracks.six || options.conntrack === "on"
    this.defragmenter = new Defragmenter(settings, conntrack.table.seed)
    this.ruleState = new Float64Array(compiled.slots)
    this.proxy = new SynProxy(conntrack, options.cookies ?? "assumed")
    this.assumed = routes.knowsLocal ? null : new AssumedRoutes(routes)
    this.run = new EngineRun(
      this.assumed ?? routes,
      options,
      this.ruleState,
      this.rewriter,
      this.nat,
      this.proxy,
    )
    this.hooks = new HookRunner(compiled, this.nat, this.run, this.judgement)
    this.ways = new Ways(this.hooks, this.run, (packet, path) => this.begin(packet, path))
  }

  /** Nanoseconds: the latest packet's time. Time does not go back, even where a capture's does. */
  get now(): number {
    return this.run.now
  }

  /** What the clock on the wall showed where packets' times count from: seconds from 1970, in UTC. For who knows it only when the first packet comes. */
  set epoch(seconds: number) {
    this.run.epoch = seconds
  }

  /** A set by its table's and its own name. */
  set(table: string, name: string): CompiledSet | undefined {
    return this.sets.find((each) => each.table.name === table && each.declaration.name === name)
  }

  /** Packets that came to a rule which only counts (it says nothing of their verdict); undefined for other rules. */
  counted(chain: number, rule: number): number | undefined {
    const compiled = this.chains[chain]?.rules[rule]
    const isCounter = compiled?.rule.steps.length === 1 && compiled.rule.steps[0]!.step === "counter"
    return isCounter ? this.ruleState[compiled.memory] : undefined
  }

  /**
   * What becomes of a packet. `path`: to another host (`forward`), to a local address (`input`), or from one (`output`); `packet.inputInterface`
   * and `packet.outputInterface` say where it arrives and leaves. The answer is good until the next call.
   */
  judge(packet: Packet, path: Path, trace: Trace | null = null): Judgement {
    const { judgement, run } = this
    if (packet.time > run.now) run.now = packet.time
    if (trace === null && this.judgeLive(packet, path)) return judgement
    this.begin(packet, path)
    return this.finish(path === "output" ? this.leave(packet, trace) : this.arrive(packet, path, trace))
  }

  /** A packet sets out, and the one before is forgotten. */
  private begin(packet: Packet, path: Path): void {
    const { judgement, run } = this
    this.isFresh = false
    if (this.assumed !== null) this.assumed.path = path
    run.begin(packet)
    run.inputInterface = path === "output" ? 0 : packet.inputInterface
    run.outputInterface = path === "output" ? packet.outputInterface : 0
    this.conntrack.begin()
    this.nat.begin()
    this.rewriter.begin()
    judgement.chain = -1
    judgement.rule = -1
    judgement.ctState = 0
    judgement.ctDirection = 0
    judgement.why = ""
    judgement.packet = packet
  }

  /** What is done of all packets behind their last hook. */
  private finish(hooksSay: number): Judgement {
    const { judgement, run, conntrack } = this
    let verdict = hooksSay
    if (verdict === VERDICT_ACCEPT && this.proxy.takesAnswer(judgement.packet, run))
      verdict = this.lose("synproxy")
    if (verdict === VERDICT_ACCEPT && !conntrack.confirm(run.now)) verdict = this.lose("conntrack-clash")
    judgement.verdict = verdict
    if (verdict === VERDICT_ABSORBED || verdict === VERDICT_NONE) byNoRule(judgement)
    if (verdict === VERDICT_REJECT) {
      if (run.rejectWith === "tcp-reset") conntrack.close(judgement.packet, run.now)
      this.answers.note(judgement.packet, run, conntrack, true)
    }
    if (verdict !== VERDICT_ACCEPT) conntrack.release()
    judgement.packet = this.rewriter.release(judgement.packet)
    if (run.tracked) {
      judgement.ctState = run.ctState
      judgement.ctDirection = run.ctDirection
      if (run.ctState === STATE_INVALID && judgement.why === "")
        judgement.why = invalidReasons[conntrack.reason]!.name
    }
    return judgement
  }

  /**
   * The short way, for packets in the middle of live connections: the same as the long one, where nothing on it is out of the ordinary, and found out before anything has changed. Rules before
   * conntrack have nothing to ask of such packets (ways.ts), the receive path finds no fault, the connection takes the packet (`Conntrack.follow`); then a hook that has nothing to ask is skipped.
   * False: nothing has changed, and the packet takes the long way.
   */
  private judgeLive(packet: Packet, path: Path): boolean {
    const { plain } = packet
    if (
      plain === 0 ||
      !(plain === 4 ? this.tracksFour : this.tracksSix) ||
      (path === "forward" && packet.ttl <= 1) ||
      (path === "output" && this.answers.areDue)
    )
      return false
    const { run, conntrack, judgement } = this
    const way = this.ways.of(packet, path)
    if (way.isLong || (plain === 6 && receiveFault(packet) !== "")) return false
    if (way.asks && !this.isAsForeseen(way, packet, path)) return false
    const node = conntrack.follow(packet, run, path !== "output")
    if (node < 0) return false
    let outlooks = (node & 1) === 0 ? way.original : way.reply
    if (outlooks === null || !outlooks.isSettled) {
      if (this.isFresh) this.beginNext(packet, path)
      else this.begin(packet, path)
      conntrack.tell(run, node)
      outlooks ??= this.ways.outlooks(way, packet, path)
      const { first, then } = outlooks
      if (
        first === null ||
        then === null ||
        !isAsForeseen(first, packet, run) ||
        !isAsForeseen(then, packet, run)
      ) {
        judgement.chain = way.chain
        judgement.rule = way.rule
        judgement.why = ""
        judgement.packet = packet
        this.isFresh = false
        this.finish(this.walkBehind(packet, path, outlooks))
        return true
      }
      this.isFresh = true
    }
    judgement.verdict = VERDICT_ACCEPT
    judgement.chain = outlooks.chain
    judgement.rule = outlooks.rule
    judgement.ctState = STATE_ESTABLISHED
    judgement.ctDirection = node & 1
    judgement.why = ""
    if (judgement.packet !== packet) judgement.packet = packet
    return true
  }

  /** `begin` where rules only asked since the last one, and left everything else as it was. */
  private beginNext(packet: Packet, path: Path): void {
    const { run } = this
    if (this.assumed !== null) this.assumed.path = path
    run.family = packet.family
    run.inputInterface = path === "output" ? 0 : packet.inputInterface
    run.outputInterface = path === "output" ? packet.outputInterface : 0
  }

  /** Before conntrack. */
  private isAsForeseen({ ingress, before }: Way, packet: Packet, path: Path): boolean {
    const { run } = this
    this.begin(packet, path)
    run.ingress = true
    const isIt = isAsForeseen(ingress!, packet, run)
    run.ingress = false
    return isIt && isAsForeseen(before!, packet, run)
  }

  /** Hooks behind conntrack that do more than to ask, or were answered otherwise than foreseen, are walked. */
  private walkBehind(packet: Packet, path: Path, { first, then }: Outlooks): number {
    const { judgement, hooks, run } = this
    const { generation } = hooks
    if (first !== null && isAsForeseen(first, packet, run)) this.accepts(first)
    else {
      const chains = hooks.chainsOf(path === "output" ? "output" : "prerouting", packet)
      const verdict = hooks.stretch(chains, chains.behindConntrack, packet, null)
      if (verdict !== VERDICT_ACCEPT) return verdict
    }
    // What was foreseen of the packet's class is not of a packet that was written on, nor of sets that were filled.
    const isSame = hooks.generation === generation && !this.rewriter.isOwn(judgement.packet)
    if (then !== null && isSame && isAsForeseen(then, packet, run)) {
      this.accepts(then)
      return VERDICT_ACCEPT
    }
    return path === "output" ? this.leaveRouted(packet, null) : this.arriveRouted(packet, path, null)
  }

  private accepts({ chain, rule }: Outlook): void {
    if (rule < 0) return
    this.judgement.chain = chain
    this.judgement.rule = rule
  }

  /** The kernel itself drops the packet, whatever the rules said. */
  private lose(why: string): number {
    byNoRule(this.judgement)
    this.judgement.why = why
    return VERDICT_DROP
  }

  /** The same, and an error tells the sender. */
  private refuse(packet: Packet, why: string): number {
    this.answers.note(packet, this.run, this.conntrack, false)
    return this.lose(why)
  }

  private arrive(packet: Packet, path: "input" | "forward", trace: Trace | null): number {
    const { run, judgement } = this
    if (this.hooks.hasIngress && packet.family !== 0 && !hasStackedTags(packet)) {
      run.ingress = true
      const verdict = this.hooks.device("ingress", packet.inputInterface, packet, trace)
      run.ingress = false
      if (verdict !== VERDICT_ACCEPT) return verdict
    }
    const unreceived = receiveFault(packet)
    if (unreceived !== "") {
      judgement.why = unreceived
      if (trace !== null) trace.kernel(unreceived)
      return VERDICT_NONE
    }
    const verdict = this.beforeRouting("prerouting", packet, true, trace)
    return verdict === VERDICT_ACCEPT ? this.arriveRouted(packet, path, trace) : verdict
  }

  /** Behind prerouting. */
  private arriveRouted(packet: Packet, path: "input" | "forward", trace: Trace | null): number {
    const { run, judgement } = this
    const routed = judgement.packet
    let isLocal = path === "input"
    let leavesOn = packet.outputInterface
    if (this.nat.moved) {
      isLocal = this.isForHost(routed)
      leavesOn = this.routes.interfaceTo(routed, "destination") || leavesOn
    }
    // Nobody is answered who has no believable address: an answered connection needs no look.
    if (run.ctState !== STATE_ESTABLISHED) {
      const refused = martian(routed, this.routes, isLocal)
      if (refused !== "") return this.lose(refused)
    }
    const fault = optionFault(routed)
    if (fault !== "") return this.refuse(routed, fault)
    if (isLocal) return this.arriveHere(routed, trace)
    run.outputInterface = leavesOn
    // A router counts down before its rules see the packet (ip_forward, ip6_forward). The packet is the caller's, and has its own again behind the hooks.
    const { ttl } = routed
    if (ttl <= 1) return this.refuse(routed, "time-exceeded")
    if (this.rewriter.isOwn(routed)) this.rewriter.setTimeToLive(routed, ttl - 1)
    else routed.ttl = ttl - 1
    const forwarded = this.hooks.hook("forward", routed, trace)
    const verdictBehind = forwarded === VERDICT_ACCEPT ? this.depart(routed, trace) : forwarded
    routed.ttl = ttl
    return verdictBehind
  }

  /** IPv4 puts fragments together for this host before the input hook, whether conntrack did or not (ip_local_deliver); IPv6 behind it. */
  private arriveHere(packet: Packet, trace: Trace | null): number {
    if (packet.family !== 4 || !packet.isFragment) return this.hooks.hook("input", packet, trace)
    const { judgement } = this
    const whole = this.defragmenter.take(packet, this.run.now)
    if (whole === null) {
      judgement.why = this.defragmenter.why
      if (trace !== null) trace.kernel(judgement.why || "fragment")
      return VERDICT_ABSORBED
    }
    this.rewriter.release(packet)
    judgement.packet = whole
    return this.hooks.hook("input", whole, trace)
  }

  /** Where a packet goes whose destination was translated: to this host, or on. */
  private isForHost(packet: Packet): boolean {
    return this.nat.here || this.routes.addressType(packet, "destination") !== RTN_UNICAST
  }

  private leave(packet: Packet, trace: Trace | null): number {
    if (packet.family === 0) {
      this.judgement.why = receiveFault(packet)
      return VERDICT_NONE
    }
    const verdict = this.beforeRouting("output", packet, false, trace)
    return verdict === VERDICT_ACCEPT ? this.leaveRouted(packet, trace) : verdict
  }

  /** Behind the output hook. */
  private leaveRouted(packet: Packet, trace: Trace | null): number {
    const { run, judgement } = this
    if (this.nat.moved)
      run.outputInterface = this.routes.interfaceTo(judgement.packet, "destination") || packet.outputInterface
    return this.depart(judgement.packet, trace)
  }

  private depart(packet: Packet, trace: Trace | null): number {
    // Behind forwarding a rule may still ask where the packet came in; a device that it leaves by does not tell (Linux 6.18, looked at).
    const verdict = this.hooks.hook("postrouting", packet, trace)
    if (verdict !== VERDICT_ACCEPT || !this.hooks.hasEgress) return verdict
    this.run.inputInterface = 0
    // Whoever drops it now drops a packet whose connection counts.
    if (!this.conntrack.confirm(this.run.now)) return this.lose("conntrack-clash")
    return this.hooks.device("egress", this.run.outputInterface, packet, trace)
  }

  /** Prerouting or output, with the kernel's own work among the chains. */
  private beforeRouting(
    hook: "prerouting" | "output",
    packet: Packet,
    arriving: boolean,
    trace: Trace | null,
  ): number {
    const { judgement, run, conntrack, hooks } = this
    const chains = hooks.chainsOf(hook, packet)
    if (!(packet.family === 4 ? this.tracksFour : this.tracksSix))
      return hooks.stretch(chains, chains.all, packet, trace)
    let current = packet
    let before = chains.beforeConntrack
    if (packet.isFragment) {
      const verdict = hooks.stretch(chains, chains.beforeDefragmentation, current, trace)
      if (verdict !== VERDICT_ACCEPT) return verdict
      const whole = this.defragmenter.take(packet, run.now)
      if (whole === null) {
        judgement.why = this.defragmenter.why
        if (trace !== null) trace.kernel(judgement.why || "fragment")
        return VERDICT_ABSORBED
      }
      this.rewriter.release(packet)
      current = whole
      judgement.packet = whole
      before = chains.behindDefragmentation
    }
    const verdict = hooks.stretch(chains, before, current, trace)
    if (verdict !== VERDICT_ACCEPT) return verdict
    if (
      (arriving || !this.answers.take(current, run, conntrack)) &&
      !conntrack.track(current, run, arriving)
    ) {
      byNoRule(judgement)
      judgement.why = "conntrack-full"
      return VERDICT_DROP
    }
    if (trace !== null) trace.kernel("conntrack")
    return hooks.stretch(chains, chains.behindConntrack, current, trace)
  }
}
