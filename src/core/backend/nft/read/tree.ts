import type { Span } from "../../../base/diagnostic.js"
import { EntryList } from "./entry-list.js"
import type { Syntax, SyntaxArray, SyntaxLeaf, SyntaxObject } from "./syntax.js"

/** How the readers make the tree, and how the elaboration asks it. */

export function leaf(value: SyntaxLeaf["value"], span: Span, quoted = false): SyntaxLeaf {
  return quoted ? { kind: "leaf", value, quoted, span } : { kind: "leaf", value, span }
}

export function array(items: readonly Syntax[], span: Span): SyntaxArray {
  return { kind: "array", items, span }
}

/** Entries that are undefined are left out. */
export function object(entries: Readonly<Record<string, Syntax | undefined>>, span: Span): SyntaxObject {
  const names = Object.keys(entries)
  let count = 0
  for (let at = 0; at < names.length; at++) if (entries[names[at]!] !== undefined) count += 2
  const pairs = new Array<string | Syntax>(count)
  let end = 0
  for (let at = 0; at < names.length; at++) {
    const value = entries[names[at]!]
    if (value === undefined) continue
    pairs[end++] = names[at]!
    pairs[end++] = value
  }
  return { kind: "object", entries: new EntryList(pairs), span }
}

/** An object with one entry, as most of nft's objects are. */
export function named(name: string, value: Syntax, span: Span): SyntaxObject {
  return { kind: "object", entries: new EntryList([name, value]), span }
}

export function entry(syntax: Syntax | undefined, name: string): Syntax | undefined {
  return syntax?.kind === "object" ? syntax.entries.get(name) : undefined
}

/** The only entry of an object, as most of nft's objects have: its name and what it holds. */
export function single(syntax: Syntax): readonly [name: string, value: Syntax] | undefined {
  return syntax.kind === "object" && syntax.entries.size === 1 ? syntax.entries.first() : undefined
}

export function stringOf(syntax: Syntax | undefined): string | undefined {
  return syntax?.kind === "leaf" && typeof syntax.value === "string" ? syntax.value : undefined
}

/** A name: a word, or a number of the text, which nft's JSON writes as a string. */
export function wordOf(syntax: Syntax | undefined): string | undefined {
  if (syntax?.kind !== "leaf") return undefined
  return typeof syntax.value === "string" || typeof syntax.value === "number"
    ? String(syntax.value)
    : undefined
}

export function numberOf(syntax: Syntax | undefined): number | undefined {
  if (syntax?.kind !== "leaf") return undefined
  if (typeof syntax.value === "number") return syntax.value
  return typeof syntax.value === "string" && isDigits(syntax.value) ? Number(syntax.value) : undefined
}

/** One is as good as a list of one, everywhere in nft's JSON. */
export function listOf(syntax: Syntax | undefined): readonly Syntax[] {
  if (syntax === undefined || isNull(syntax)) return []
  return syntax.kind === "array" ? syntax.items : [syntax]
}

/** The words of a list; what is not a word is left out. */
export function wordsOf(syntax: Syntax | undefined): readonly string[] {
  return listOf(syntax).flatMap((item) => stringOf(item) ?? [])
}

export function isNull(syntax: Syntax | undefined): boolean {
  return syntax?.kind === "leaf" && syntax.value === null
}

function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 48 || code > 57) return false
  }
  return text !== ""
}
