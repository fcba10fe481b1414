/** A look into the routing table (nft(8), FIB EXPRESSIONS): `fib daddr type`, `fib saddr . iif oif`, `fib daddr oifname`. */
export interface FibNode {
  readonly expression: "fib"
  readonly selectors: readonly ("saddr" | "daddr" | "mark" | "iif" | "oif")[]
  readonly result: "type" | "oif" | "oifname"
}
