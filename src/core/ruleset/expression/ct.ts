/** What conntrack knows of a packet (nft(8), CONNTRACK EXPRESSIONS). Before conntrack ran, the expression cannot be evaluated. */
export interface CtNode {
  readonly expression: "ct"
  readonly key:
    | "state"
    | "direction"
    | "status"
    | "mark"
    | "ip saddr"
    | "ip daddr"
    | "ip6 saddr"
    | "ip6 daddr"
    | "protocol"
    | "proto-src"
    | "proto-dst"
  /** Which tuple, for the addresses, the protocol and the ports. */
  readonly direction?: "original" | "reply"
}

/** `ct state` is a set of bits; the kernel's values (nft describe ct_state). */
export const ctState = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const
