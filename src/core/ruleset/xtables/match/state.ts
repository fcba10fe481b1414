import { ctState } from "../../expression/ct.js"
import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { isNegated, numberOf } from "../option.js"
import { bitNames, bits } from "../value-choice.js"

const states: Readonly<Record<string, number>> = {
  INVALID: ctState.invalid,
  NEW: ctState.new,
  RELATED: ctState.related,
  ESTABLISHED: ctState.established,
  UNTRACKED: ctState.untracked,
}

/** The older word for `-m conntrack --ctstate`, without SNAT and DNAT. */
export const state: Extension = {
  name: "state",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [{ name: "state", value: bits(states, { prefix: true }), invertible: true, required: true }],
  toNft: (options) =>
    `ct state ${isNegated(options, "state") ? "! " : ""}${bitNames(numberOf(options, "state", 0), states)
      .join(",")
      .toLowerCase()}`,
  compile(options) {
    const wanted = numberOf(options, "state", 0)
    const negated = isNegated(options, "state")
    return (_packet, run) =>
      (((run.tracked ? run.ctState : ctState.invalid) & wanted) !== 0) !== negated ? CONTINUE : BREAK
  },
  isKnown: (_options, known) => known.state,
  manual: {
    title: "iptables: state",
    text: "The state that conntrack gives the packet.",
    example: "ct state new",
  },
}
