import type { XtOptions } from "./option.js"

/**
 * A rule of iptables: one header, then matches, then a target. Rules of iptables stay what they are, so that they are printed as they were and do what xtables does
 * where nft does otherwise.
 */

/** `-s -d -i -o -p -f`: what every rule may ask. Always the first step; absent where nothing is asked. */
export interface XtHeaderNode {
  readonly step: "xt-header"
  readonly family: 4 | 6
  readonly source?: XtAddress
  readonly destination?: XtAddress
  /** `+` at the end: any name that begins so. */
  readonly input?: XtName
  readonly output?: XtName
  readonly protocol?: { readonly number: number; readonly negated: boolean }
  /** `-f`: second and further fragments. */
  readonly fragment?: { readonly negated: boolean }
}

export interface XtAddress {
  readonly words: readonly number[]
  /** Any mask, not only those of networks. */
  readonly mask: readonly number[]
  readonly negated: boolean
}

export interface XtName {
  readonly name: string
  readonly negated: boolean
}

/** `-m NAME …` */
export interface XtMatchNode {
  readonly step: "xt-match"
  readonly family: 4 | 6
  readonly name: string
  readonly options: XtOptions
}

/** `-j NAME …`. Verdicts, jumps and gotos are VerdictNodes. */
export interface XtTargetNode {
  readonly step: "xt-target"
  readonly family: 4 | 6
  readonly name: string
  readonly options: XtOptions
}
