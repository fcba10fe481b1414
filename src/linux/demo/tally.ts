import { decode } from "../../core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../core/packet/link-type.js"
import { Packet, TCP, UDP } from "../../core/packet/packet.js"
import { fingerprint } from "../host/namespace/identity.js"
import type { Comparison } from "./agreement.js"
import { type Exchange, services, sockets } from "./peer.js"
import type { Act, Expectation } from "./traffic/act.js"

/** What became of one kind of traffic in one family. */
export interface Row {
  readonly kind: string
  readonly purpose: "honest" | "attack"
  readonly family: 4 | 6
  readonly sent: number
  readonly through: number
  readonly dropped: number
  /** Which protections dropped, with how many packets each, by the engine's word. */
  readonly by: Readonly<Record<string, number>>
  /** How many packets kernel and engine were both asked about, and on how many they differ. Zero where there is no kernel. */
  readonly compared: number
  readonly differ: number
  /** What is wrong, in words; empty: all is well. */
  readonly trouble: string
}

export interface Tally {
  readonly rows: readonly Row[]
  /** What neither an act nor a socket sent: the hosts' own words. Compared like all others. */
  readonly other: { readonly packets: number; readonly differ: number }
  readonly differences: readonly Comparison[]
  /** Packets that changed places with a neighbour; see `Comparison.exchanged`. */
  readonly exchanged: number
}

interface Label {
  readonly kind: string
  readonly purpose: "honest" | "attack"
  readonly family: 4 | 6
  readonly expectation: Expectation
}

/** Bytes of each frame of the acts → which act it belongs to. */
class Labels {
  readonly #labels = new Map<number, Label | "prelude">()
  /** Acts in their order, with how many frames each sends to the firewall. */
  readonly acts: readonly Act[]

  constructor(acts: readonly Act[]) {
    this.acts = acts
    for (const act of acts)
      for (const { side, bytes, prelude } of act.frames)
        if (side !== "firewall") this.#labels.set(fingerprint(bytes), prelude ? "prelude" : act)
  }

  of(bytes: Uint8Array): Label | "prelude" | undefined {
    return this.#labels.get(fingerprint(bytes)) ?? socketLabel(bytes)
  }
}

class Count {
  sent = 0
  through = 0
  compared = 0
  differ = 0
  /** Dropped by the kernel in place of a neighbour, by the limit that the others met. */
  exchanged = 0
  first = Number.POSITIVE_INFINITY
  last = 0
  readonly by: Record<string, number> = {}
  readonly label: Label

  constructor(label: Label) {
    this.label = label
  }
}

/** Counts what became of each kind of traffic, and judges it: honest traffic harmed, an attack that got through, a difference. */
export function tally(
  acts: readonly Act[],
  comparisons: readonly Comparison[],
  {
    exchanges = [],
    told = new Set(),
  }: { readonly exchanges?: readonly Exchange[]; readonly told?: ReadonlySet<string> } = {},
): Tally {
  const labels = new Labels(acts)
  const counts = new Map<string, Count>()
  const countOf = (label: Label): Count => {
    const key = `${label.kind}/${label.family}`
    let count = counts.get(key)
    if (!count) {
      count = new Count(label)
      counts.set(key, count)
    }
    return count
  }
  for (const act of acts) if (act.frames.some(({ side }) => side !== "firewall")) countOf(act)
  const other = { packets: 0, differ: 0 }
  const differences: Comparison[] = []
  for (const comparison of comparisons) {
    const { arrival, kernel, same, engine } = comparison
    if (arrival.own) continue
    if (same === false) differences.push(comparison)
    const label = labels.of(arrival.frame.bytes)
    if (label === undefined || label === "prelude") {
      other.packets++
      if (same === false) other.differ++
      continue
    }
    const count = countOf(label)
    count.sent++
    count.first = Math.min(count.first, arrival.frame.time)
    count.last = Math.max(count.last, arrival.frame.time)
    // What is not IP (ARP) meets no hook, and nobody stops it.
    const isNotIp = engine.why === "arp" || engine.why === "not-ip"
    const isThrough = kernel === null ? comparison.through || isNotIp : kernel !== "dropped"
    if (isThrough) count.through++
    else if (comparison.exchanged && comparison.through) count.exchanged++
    else {
      const by = protectionOf(comparison)
      count.by[by] = (count.by[by] ?? 0) + 1
    }
    if (same === null) continue
    count.compared++
    if (!same) count.differ++
  }
  const failures = new Map<string, string>()
  for (const { kind, family, ok, why } of exchanges) if (!ok) failures.set(`${kind}/${family}`, why)
  const rows = [...counts].map(([key, count]) => row(count, acts, failures.get(key), told))
  return { rows, other, differences, exchanged: comparisons.filter(({ exchanged }) => exchanged).length }
}

function row(
  count: Count,
  acts: readonly Act[],
  failure: string | undefined,
  told: ReadonlySet<string>,
): Row {
  const { label, sent, through, compared, differ, by } = count
  const intended = acts
    .filter(({ kind, family }) => kind === label.kind && family === label.family)
    .reduce(
      (sum, act) => sum + act.frames.filter(({ side, prelude }) => side !== "firewall" && !prelude).length,
      0,
    )
  const missing = intended > 0 && sent !== intended ? `${intended - sent} never arrived` : ""
  const [most] = Object.entries(by).sort(([, one], [, other]) => other - one)
  if (most) by[most[0]] = most[1] + count.exchanged
  const { expectation } = label
  const isTold = expectation.verdict === "told" && told.has(expectation.by)
  if (isTold) by[`told by ${expectation.by}`] = 0
  const seconds = Math.max(0, count.last - count.first) / 1e9
  const wrong = failure ?? (missing || judge(label, sent, through, seconds, isTold))
  const { kind, purpose, family } = label
  const trouble = wrong || (differ > 0 ? `kernel and engine differ on ${differ}` : "")
  return { kind, purpose, family, sent, through, dropped: sent - through, by, compared, differ, trouble }
}

function judge(
  { expectation }: Label,
  sent: number,
  through: number,
  seconds: number,
  isTold: boolean,
): string {
  switch (expectation.verdict) {
    case "passes":
      return through === sent ? "" : `honest traffic was harmed: ${sent - through} dropped`
    case "told":
      if (through !== sent) return `${sent - through} dropped, where the policy only tells`
      return isTold ? "" : `nobody was told by ${expectation.by}`
    case "dropped":
      return through <= (expectation.after ?? 0) ? "" : `${through} got through`
    case "limited": {
      // The bucket, what comes back while the flood lasts, and one for the clock.
      const most = expectation.burst + Math.ceil(expectation.perSecond * seconds) + 1
      return through <= most ? "" : `${through} got through, and ${most} may`
    }
  }
}

function protectionOf({ engine }: Comparison): string {
  if (engine.origin?.protection) return engine.origin.protection
  if (engine.verdict === "absorbed") return "no datagram came of it"
  return engine.origin?.text ?? engine.rule ?? (engine.why || "the kernel itself")
}

const packet = new Packet()

/** Traffic of real sockets is told by its ports: both ends' addresses are hosts of the laboratory that nothing else uses. */
function socketLabel(bytes: Uint8Array): Label | undefined {
  decode(
    packet,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    0,
    bytes.byteLength,
    bytes.byteLength,
    LINKTYPE_ETHERNET,
  )
  const { family, protocol } = packet
  if (family === 0 || !(isSocketHost("source") || isSocketHost("destination"))) return undefined
  const honest = (kind: string): Label => ({
    kind,
    purpose: "honest",
    family,
    expectation: { verdict: "passes" },
  })
  // Fragments but the first have no ports, and only the datagrams are large.
  if (protocol === UDP) return honest(sockets.dns)
  if (protocol !== TCP) return undefined
  const ports = [packet.sourcePort, packet.destinationPort]
  if (ports.includes(services.ssh)) return honest(sockets.ssh)
  return ports.includes(services.web) ? honest(sockets.web) : undefined
}

/** 192.0.2.2 and 2001:db8:1::2, the outside host's own addresses. */
function isSocketHost(end: "source" | "destination"): boolean {
  if (packet.family === 4) return packet[`${end}0`] === 0xc0000202
  return packet[`${end}0`] === 0x20010db8 && packet[`${end}1`] === 0x00010000 && packet[`${end}3`] === 2
}
