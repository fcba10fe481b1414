import type { Packet } from "../../../packet/packet.js"
import { ctState } from "../../expression/ct.js"
import { BREAK, CONTINUE, type Run, type RunConnection, type Step } from "../../runtime.js"

/** `-m conntrack` and `-m state`; what is absent is not asked. */
export interface ConntrackSettings {
  /** Bits of nft's `ct state`, and `SNAT_STATE` and `DNAT_STATE`. */
  readonly state?: Negatable<number>
  readonly protocol?: Negatable<number>
  readonly originalSource?: Negatable<MaskedWords>
  readonly originalDestination?: Negatable<MaskedWords>
  readonly replySource?: Negatable<MaskedWords>
  readonly replyDestination?: Negatable<MaskedWords>
  readonly originalSourcePort?: Negatable<PortRange>
  readonly originalDestinationPort?: Negatable<PortRange>
  readonly replySourcePort?: Negatable<PortRange>
  readonly replyDestinationPort?: Negatable<PortRange>
  /** IPS_* bits; 0 is `NONE`. */
  readonly status?: Negatable<number>
  /** Seconds, both ends included. */
  readonly expires?: Negatable<readonly [from: number, to: number]>
  readonly direction?: Negatable<"original" | "reply">
}

export interface Negatable<Value> {
  readonly value: Value
  readonly negated: boolean
}

export interface MaskedWords {
  readonly words: readonly number[]
  readonly mask: readonly number[]
}

export type PortRange = readonly [from: number, to: number]

/** Behind nft's bits. */
export const SNAT_STATE = 1 << 16
export const DNAT_STATE = 1 << 17
// Of a connection's status.
const SOURCE_TRANSLATED = 1 << 4
const DESTINATION_TRANSLATED = 1 << 5

type Ask = (connection: RunConnection, run: Run) => boolean

/**
 * A packet without a connection (invalid, untracked) is asked for its state alone: whatever else the rule wants of it is not looked at, and a rule that does not ask for
 * the state does not match it (xt_conntrack.c, conntrack_mt).
 */
export function conntrackStep(settings: ConntrackSettings): Step {
  const { state } = settings
  const asks = asksOf(settings)
  const withoutConnection = state === undefined ? BREAK : CONTINUE
  return (_packet: Packet, run: Run) => {
    const { connection } = run
    if (state !== undefined && ((stateBits(run) & state.value) !== 0) === state.negated) return BREAK
    if (connection === null) return withoutConnection
    for (let index = 0; index < asks.length; index++) if (!asks[index]!(connection, run)) return BREAK
    return CONTINUE
  }
}

function stateBits(run: Run): number {
  const bit = run.tracked ? run.ctState : run.untrack ? ctState.untracked : ctState.invalid
  if (run.connection === null) return bit
  const { status } = run.connection
  return (
    bit |
    (status & SOURCE_TRANSLATED ? SNAT_STATE : 0) |
    (status & DESTINATION_TRANSLATED ? DNAT_STATE : 0)
  )
}

function asksOf(settings: ConntrackSettings): readonly Ask[] {
  const asks: Ask[] = []
  const add = <Value>(wanted: Negatable<Value> | undefined, make: (value: Value) => Ask) => {
    if (wanted === undefined) return
    const ask = make(wanted.value)
    const { negated } = wanted
    asks.push(negated ? (connection, run) => !ask(connection, run) : ask)
  }
  add(settings.direction, (direction) => {
    const wanted = direction === "original" ? 0 : 1
    return (_connection, run) => run.ctDirection === wanted
  })
  add(settings.originalSource, (address) => addressAsk(address, 0))
  add(settings.originalDestination, (address) => addressAsk(address, 4))
  add(settings.replySource, (address) => addressAsk(address, 8))
  add(settings.replyDestination, (address) => addressAsk(address, 12))
  add(settings.protocol, (protocol) => (connection) => connection.protocol === protocol)
  add(
    settings.originalSourcePort,
    ([from, to]) =>
      ({ originalSourcePort: port }) =>
        port >= from && port <= to,
  )
  add(
    settings.originalDestinationPort,
    ([from, to]) =>
      ({ originalDestinationPort: port }) =>
        port >= from && port <= to,
  )
  add(
    settings.replySourcePort,
    ([from, to]) =>
      ({ replySourcePort: port }) =>
        port >= from && port <= to,
  )
  add(
    settings.replyDestinationPort,
    ([from, to]) =>
      ({ replyDestinationPort: port }) =>
        port >= from && port <= to,
  )
  add(
    settings.status,
    (bits) =>
      ({ status }) =>
        (status & bits) !== 0,
  )
  add(settings.expires, ([from, to]) => (connection, run) => {
    const seconds = Math.floor(Math.max(0, connection.expires - run.now) / 1e9)
    return seconds >= from && seconds <= to
  })
  return asks
}

function addressAsk({ words, mask }: MaskedWords, from: number): Ask {
  return ({ tuples }) => {
    for (let index = 0; index < words.length; index++)
      if (((tuples[from + index]! ^ words[index]!) & mask[index]!) !== 0) return false
    return true
  }
}
