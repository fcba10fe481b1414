import { ctState } from "../../expression/ct.js"

/** SNAT and DNAT are states to xt_conntrack only; bits above those of `ct state`. */
export const STATE_SNAT = 128
export const STATE_DNAT = 256

/** In the order in which iptables-save prints them. */
export const stateBits: Readonly<Record<string, number>> = {
  INVALID: ctState.invalid,
  NEW: ctState.new,
  RELATED: ctState.related,
  ESTABLISHED: ctState.established,
  UNTRACKED: ctState.untracked,
  SNAT: STATE_SNAT,
  DNAT: STATE_DNAT,
}

/** IPS_* bits of linux/netfilter/nf_conntrack_common.h. */
export const statusBits: Readonly<Record<string, number>> = {
  NONE: 0,
  EXPECTED: 1,
  SEEN_REPLY: 2,
  ASSURED: 4,
  CONFIRMED: 8,
}

export const IPS_SRC_NAT = 16
export const IPS_DST_NAT = 32
