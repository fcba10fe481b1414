/** A TCP option: a field of it (`tcp option maxseg size`), or with `field` absent whether it is there. */
export interface TcpOptionNode {
  readonly expression: "tcp-option"
  readonly option: "maxseg" | "window" | "sack-perm" | "timestamp"
  readonly field?: "size" | "count" | "tsval" | "tsecr"
}
