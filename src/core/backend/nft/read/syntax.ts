import type { Span } from "../../../base/diagnostic.js"
import type { EntryList } from "./entry-list.js"

/**
 * What nft's text and its JSON have in common: the objects of libnftables-json(5), each with its place. Both readers make it, and one elaboration turns it into a ruleset.
 * A word of the text is a leaf: whether `ssh` is a port, a chain or an interface is for who knows the type to say.
 */
export type Syntax = SyntaxObject | SyntaxArray | SyntaxLeaf

export interface SyntaxObject {
  readonly kind: "object"
  readonly entries: EntryList
  readonly span: Span
}

export interface SyntaxArray {
  readonly kind: "array"
  readonly items: readonly Syntax[]
  readonly span: Span
}

export interface SyntaxLeaf {
  readonly kind: "leaf"
  readonly value: string | number | boolean | null
  /** It stood in quotation marks; in JSON every string does. */
  readonly quoted?: boolean
  readonly span: Span
}
