import type { Packet } from "../packet/packet.js"
import type { Rewriter } from "../packet/rewrite.js"
import type { LogNode } from "../ruleset/action/log.js"
import type { Outcome, Routes, Run } from "../ruleset/runtime.js"
import type { Nat } from "./nat/nat.js"
import type { SynProxy } from "./synproxy.js"

/** Which hooks a packet meets. */
export type Path = "input" | "forward" | "output"

/** What the engine's caller gives for the rules' use. */
export interface RunOptions {
  /** An integer from 0 (inclusive) to `below` (exclusive). */
  readonly random: (below: number) => number
  /** Seconds from 1970 to where packets' times count from. Default 0. */
  readonly epoch?: number
  readonly onLog?: (node: LogNode, packet: Packet, run: Run) => void
}

/** What rules see besides the packet. */
export class EngineRun implements Run {
  now = 0
  epoch: number
  readonly registers = new Uint32Array(64)
  target = 0
  family = 0
  ingress = false
  tracked = false
  ctState = 0
  connection: Run["connection"] = null
  ctDirection = 0
  mark = 0
  untrack = false
  inputInterface = 0
  outputInterface = 0
  state: Float64Array
  stateBase = 0
  element = -1
  rejectWith: Run["rejectWith"] = null
  readonly routes: Routes
  readonly random: (below: number) => number
  readonly rewriter: Rewriter
  readonly nat: Nat
  zone = 0
  zoneDirections = 3
  helper = ""
  why = ""
  private readonly proxy: SynProxy
  private readonly onLog: RunOptions["onLog"]

  constructor(
    routes: Routes,
    options: RunOptions,
    state: Float64Array,
    rewriter: Rewriter,
    nat: Nat,
    proxy: SynProxy,
  ) {
    this.routes = routes
    this.proxy = proxy
    this.rewriter = rewriter
    this.nat = nat
    this.random = options.random
    this.epoch = options.epoch ?? 0
    this.onLog = options.onLog
    this.state = state
  }

  begin(packet: Packet): void {
    this.family = packet.family
    this.tracked = false
    this.ctState = 0
    this.connection = null
    this.ctDirection = 0
    this.mark = 0
    this.untrack = false
    this.rejectWith = null
    this.zone = 0
    this.zoneDirections = 3
    this.helper = ""
    this.why = ""
  }

  synproxy(packet: Packet): Outcome {
    return this.proxy.take(packet, this)
  }

  log(node: LogNode, packet: Packet): void {
    this.onLog?.(node, packet, this)
  }
}
