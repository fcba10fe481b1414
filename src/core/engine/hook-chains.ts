import type { Packet } from "../packet/packet.js"
import { type Hook, hooks, priority } from "../ruleset/hook.js"
import { ACCEPT, REJECT, type Run } from "../ruleset/runtime.js"
import type { BaseEntry, CompiledRuleset } from "./compile.js"
import type { Nat } from "./nat/nat.js"
import type { Trace } from "./trace.js"
import { type Judgement, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from "./verdict.js"
import { type Questions, Walker } from "./walk.js"

/** A stretch of a hook: all of it, or what stands before or behind the kernel's own work. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** The base chains of a hook for one IP version, in the order that they run. */
export interface HookChains {
  /** Indices of chains. Below 0: here connections are translated, and -1 less the hook's index says at which hook. */
  readonly chains: Int32Array
  readonly all: Stretch
  /** Defragmentation and conntrack stand among the chains of prerouting and output. */
  readonly beforeDefragmentation: Stretch
  /** From there to conntrack. */
  readonly behindDefragmentation: Stretch
  readonly beforeConntrack: Stretch
  readonly behindConntrack: Stretch
}

/**
 * Runs the base chains of hooks one after the other, until one does not accept. Who decided is written into the judgement.
 */
export class HookRunner {
  private readonly four: Readonly<Record<Hook, HookChains>>
  private readonly six: Readonly<Record<Hook, HookChains>>
  /** Chains of the ingress and egress hooks, by device. */
  private readonly ingress: readonly Int32Array[]
  private readonly egress: readonly Int32Array[]
  private readonly walker: Walker
  private readonly nat: Nat
  private readonly run: Run
  private readonly judgement: Judgement
  private readonly translations: CompiledRuleset["translations"]
  /** The last rule that accepted where `foresees` and its kin looked; -1: none did. */
  knownChain = -1
  knownRule = -1

  constructor(compiled: CompiledRuleset, nat: Nat, run: Run, judgement: Judgement) {
    this.walker = new Walker(compiled.chains, compiled.sets)
    this.nat = nat
    this.run = run
    this.judgement = judgement
    this.translations = compiled.translations
    this.four = chainsOf(compiled.bases, 4)
    this.six = chainsOf(compiled.bases, 6)
    this.ingress = byDevice(compiled.bases.ingress)
    this.egress = byDevice(compiled.bases.egress)
  }

  get hasIngress(): boolean {
    return this.ingress.length > 0
  }

  get hasEgress(): boolean {
    return this.egress.length > 0
  }

  chainsOf(hook: Hook, packet: Packet): HookChains {
    return chainsAt(packet.family === 4 ? this.four : this.six, hook)
  }

  /** All chains of a hook. */
  hook(hook: Hook, packet: Packet, trace: Trace | null): number {
    const chains = this.chainsOf(hook, packet)
    return this.stretch(chains, chains.all, packet, trace)
  }

  stretch({ chains }: HookChains, { from, to }: Stretch, packet: Packet, trace: Trace | null): number {
    for (let index = from; index < to; index++) {
      const chain = chains[index]!
      const verdict =
        chain < 0 ? this.translate(hooks[-1 - chain]!, packet, trace) : this.base(chain, packet, trace)
      if (verdict !== VERDICT_ACCEPT) return verdict
    }
    return VERDICT_ACCEPT
  }

  device(hook: "ingress" | "egress", device: number, packet: Packet, trace: Trace | null): number {
    const chains = (hook === "ingress" ? this.ingress : this.egress)[device]
    if (chains === undefined) return VERDICT_ACCEPT
    for (let index = 0; index < chains.length; index++) {
      const verdict = this.base(chains[index]!, packet, trace)
      if (verdict !== VERDICT_ACCEPT) return verdict
    }
    return VERDICT_ACCEPT
  }

  /** Goes up when what was foreseen of chains no longer is. */
  get generation(): number {
    return this.walker.generation
  }

  forgetKnown(): void {
    this.knownChain = -1
    this.knownRule = -1
  }

  /**
   * Do these chains accept all packets of this one's class (`run` stands for it, and conntrack may have seen it) that answer their questions as it does, and do nothing but ask? The questions
   * go to `into`. Connections that are not translated pass the place of NAT unasked.
   */
  foresees({ chains }: HookChains, { from, to }: Stretch, packet: Packet, into: Questions): boolean {
    for (let index = from; index < to; index++)
      if (chains[index]! >= 0 && !this.foreseesBase(chains[index]!, packet, into)) return false
    return true
  }

  foreseesHook(hook: Hook, packet: Packet, into: Questions): boolean {
    const chains = this.chainsOf(hook, packet)
    return this.foresees(chains, chains.all, packet, into)
  }

  foreseesIngress(device: number, packet: Packet, into: Questions): boolean {
    const chains = this.ingress[device]
    return chains === undefined || chains.every((chain) => this.foreseesBase(chain, packet, into))
  }

  private foreseesBase(chain: number, packet: Packet, into: Questions): boolean {
    const { walker } = this
    if (walker.foresee(chain, packet, this.run, into) !== ACCEPT) return false
    if (walker.rule >= 0) {
      this.knownChain = walker.chain
      this.knownRule = walker.rule
    }
    return true
  }

  /** The place of NAT at a hook: a connection's first packet asks the nat chains, one after the other until one settles it (nf_nat_inet_fn). */
  private translate(hook: Hook, packet: Packet, trace: Trace | null): number {
    const { nat, run, judgement } = this
    if (run.connection === null) return VERDICT_ACCEPT
    if (nat.open(hook, packet, run)) {
      const entries = this.translations[hook]
      for (let index = 0; index < entries.length && !nat.isSettled(); index++) {
        const entry = entries[index]!
        if (packet.family === 4 ? !entry.four : !entry.six) continue
        const verdict = this.base(entry.chain, packet, trace)
        if (verdict !== VERDICT_ACCEPT) return verdict
      }
      if (!nat.isSettled()) nat.settle(run.now)
    }
    if (nat.write(packet, run) === ACCEPT) return VERDICT_ACCEPT
    byNoRule(judgement)
    judgement.why = "nat-error"
    return VERDICT_DROP
  }

  private base(chain: number, packet: Packet, trace: Trace | null): number {
    const { walker, judgement } = this
    const outcome = walker.walk(chain, packet, this.run, trace)
    if (outcome === ACCEPT) {
      // An accept is told where a rule gave it; the last one counts.
      if (walker.rule >= 0) {
        judgement.chain = walker.chain
        judgement.rule = walker.rule
      }
      return VERDICT_ACCEPT
    }
    judgement.chain = walker.chain
    judgement.rule = walker.rule
    judgement.why = this.run.why
    return outcome === REJECT ? VERDICT_REJECT : VERDICT_DROP
  }
}

/** By names that stand here: V8 looks up a name that it is given in a table of its own, which costs a hundred instructions. */
function chainsAt(chains: Readonly<Record<Hook, HookChains>>, hook: Hook): HookChains {
  if (hook === "prerouting") return chains.prerouting
  if (hook === "input") return chains.input
  if (hook === "forward") return chains.forward
  if (hook === "postrouting") return chains.postrouting
  return chains[hook]
}

/** An accept at an earlier hook is not what decided. */
export function byNoRule(judgement: Judgement): void {
  judgement.chain = -1
  judgement.rule = -1
}

function chainsOf(bases: CompiledRuleset["bases"], family: 4 | 6): Record<Hook, HookChains> {
  const made = hooks.map((hook): [Hook, HookChains] => {
    const entries = bases[hook].filter(({ four, six }) => (family === 4 ? four : six))
    const defragmentation = countBefore(entries, priority.defragmentation, family)
    const conntrack = countBefore(entries, priority.conntrack, family)
    return [
      hook,
      {
        chains: Int32Array.from(entries, ({ chain }) => chain),
        all: { from: 0, to: entries.length },
        beforeDefragmentation: { from: 0, to: defragmentation },
        behindDefragmentation: { from: defragmentation, to: conntrack },
        beforeConntrack: { from: 0, to: conntrack },
        behindConntrack: { from: conntrack, to: entries.length },
      },
    ]
  })
  return Object.fromEntries(made) as Record<Hook, HookChains>
}

/** How many chains run before the kernel's own work at this place. Of what stands at the same place, what was registered last comes first. */
function countBefore(entries: readonly BaseEntry[], place: number, family: 4 | 6): number {
  const behind = entries.findIndex(
    ({ priority, early }) =>
      !(priority < place || (priority === place && (family === 4 ? early?.four : early?.six) === true)),
  )
  return behind < 0 ? entries.length : behind
}

function byDevice(entries: readonly BaseEntry[]): Int32Array[] {
  const most = Math.max(-1, ...entries.flatMap(({ devices }) => devices))
  return Array.from({ length: most + 1 }, (_, device) =>
    Int32Array.from(
      entries.filter(({ devices }) => devices.includes(device)),
      ({ chain }) => chain,
    ),
  )
}
