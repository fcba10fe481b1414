/** An IPv6 extension header: a field of it, or with `field` absent whether it is there (`exthdr frag exists`). */
export interface ExtensionHeaderNode {
  readonly expression: "extension-header"
  readonly header: "hbh" | "rt" | "frag" | "dst" | "mh" | "ah" | "esp"
  readonly field?: string
}
