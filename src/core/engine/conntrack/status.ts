/** Bits of a connection's status, as `ct status` sees them (linux/netfilter/nf_conntrack_common.h, enum ip_conntrack_status). */
export const SEEN_REPLY = 2
export const ASSURED = 4
export const CONFIRMED = 8
export const SRC_NAT = 16
export const DST_NAT = 32
export const SRC_NAT_DONE = 128
export const DST_NAT_DONE = 256
export const DYING = 512
export const HELPER = 8192

/** Of a packet: which way it goes in its connection. */
export const ORIGINAL = 0
export const REPLY = 1
