import type { Packet } from "../../../packet/packet.js"
import { ctState } from "../../expression/ct.js"
import { BREAK, CONTINUE, type Run, type RunConnection, type Step } from "../../runtime.js"
import type { XtOption, XtOptions } from "../option.js"
import { optionOf } from "../option.js"
import { type MaskedAddress, maskedOf } from "../value-address.js"
import { pairOf } from "../value-number.js"
import { IPS_DST_NAT, IPS_SRC_NAT, STATE_DNAT, STATE_SNAT } from "./conntrack-bits.js"

type Ask = (connection: RunConnection, run: Run) => boolean

/**
 * A packet without a connection (invalid, untracked) is asked for its state alone: whatever else the rule wants of it is not looked at, and a rule that does not ask for
 * the state does not match it (xt_conntrack.c, conntrack_mt).
 */
export function conntrackStep(options: XtOptions): Step {
  const state = optionOf(options, "ctstate")
  const wanted = Number(state?.value ?? 0)
  const negated = state?.negated === true
  const asks = options.flatMap(asksOf)
  const withoutConnection = state === undefined ? BREAK : CONTINUE
  return (_packet: Packet, run: Run) => {
    const { connection } = run
    if (state !== undefined && ((stateOf(run) & wanted) !== 0) === negated) return BREAK
    if (connection === null) return withoutConnection
    for (let index = 0; index < asks.length; index++) if (!asks[index]!(connection, run)) return BREAK
    return CONTINUE
  }
}

function stateOf(run: Run): number {
  const bit = run.tracked ? run.ctState : run.untrack ? ctState.untracked : ctState.invalid
  if (run.connection === null) return bit
  const { status } = run.connection
  return bit | (status & IPS_SRC_NAT ? STATE_SNAT : 0) | (status & IPS_DST_NAT ? STATE_DNAT : 0)
}

function asksOf(option: XtOption): readonly Ask[] {
  const ask = askOf(option)
  if (ask === undefined) return []
  return option.negated ? [(connection, run) => !ask(connection, run)] : [ask]
}

/** Undefined for the state, which is asked before. */
function askOf({ name, value }: XtOption): Ask | undefined {
  switch (name) {
    case "ctdir": {
      const wanted = value === "REPLY" ? 1 : 0
      return (_connection, run) => run.ctDirection === wanted
    }
    case "ctorigsrc":
      return addressAsk(maskedOf(value), 0)
    case "ctorigdst":
      return addressAsk(maskedOf(value), 4)
    case "ctreplsrc":
      return addressAsk(maskedOf(value), 8)
    case "ctrepldst":
      return addressAsk(maskedOf(value), 12)
    case "ctproto":
      return (connection) => connection.protocol === value
    case "ctorigsrcport":
      return rangeAsk(value, (connection) => connection.originalSourcePort)
    case "ctorigdstport":
      return rangeAsk(value, (connection) => connection.originalDestinationPort)
    case "ctreplsrcport":
      return rangeAsk(value, (connection) => connection.replySourcePort)
    case "ctrepldstport":
      return rangeAsk(value, (connection) => connection.replyDestinationPort)
    case "ctstatus": {
      const bits = Number(value)
      return ({ status }) => (status & bits) !== 0
    }
    case "ctexpire":
      return rangeAsk(value, remainingSeconds)
    default:
      return undefined
  }
}

function rangeAsk(value: XtOption["value"], numberOf: (connection: RunConnection, run: Run) => number): Ask {
  const [from, to] = pairOf(value)
  return (connection, run) => {
    const number = numberOf(connection, run)
    return number >= from && number <= to
  }
}

const IPS_CONFIRMED = 8

/** A connection's first packet finds no time in it: the kernel writes the end of its life when it is confirmed. */
function remainingSeconds(connection: RunConnection, run: Run): number {
  if ((connection.status & IPS_CONFIRMED) === 0) return 0
  return Math.floor(Math.max(0, connection.remaining(run.now)) / 1e9)
}

function addressAsk({ words, mask }: MaskedAddress, from: number): Ask {
  return ({ tuples }) => {
    for (let index = 0; index < words.length; index++)
      if (((tuples[from + index]! ^ words[index]!) & mask[index]!) !== 0) return false
    return true
  }
}
