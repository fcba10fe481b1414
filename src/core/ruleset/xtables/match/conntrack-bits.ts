import { ctState } from "../../expression/ct.js"
import { DNAT_STATE, SNAT_STATE } from "./conntrack-step.js"

/** In the order in which iptables-save prints them. SNAT and DNAT are states to xt_conntrack only. */
export const stateBits: Readonly<Record<string, number>> = {
  INVALID: ctState.invalid,
  NEW: ctState.new,
  RELATED: ctState.related,
  ESTABLISHED: ctState.established,
  UNTRACKED: ctState.untracked,
  SNAT: SNAT_STATE,
  DNAT: DNAT_STATE,
}

export const natBits = SNAT_STATE | DNAT_STATE

/** IPS_* bits of linux/netfilter/nf_conntrack_common.h. */
export const statusBits: Readonly<Record<string, number>> = {
  NONE: 0,
  EXPECTED: 1,
  SEEN_REPLY: 2,
  ASSURED: 4,
  CONFIRMED: 8,
}
