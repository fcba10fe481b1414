/** What the kernel knows of a packet besides its bytes (nft(8), META EXPRESSIONS). */
export interface MetaNode {
  readonly expression: "meta"
  readonly key: "nfproto" | "l4proto" | "protocol" | "iifname" | "oifname" | "length" | "mark" | "pkttype"
}
