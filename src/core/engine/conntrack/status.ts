/** Bits of a connection's status, as `ct status` sees them (linux/netfilter/nf_conntrack_common.h, enum ip_conntrack_status). */
export const SEEN_REPLY = 2
export const ASSURED = 4
export const CONFIRMED = 8
export const DYING = 512

/** Of a packet: which way it goes in its connection. */
export const ORIGINAL = 0
export const REPLY = 1
