import type { Span } from "../../../base/diagnostic.js"
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
  const map = new Map<string, Syntax>()
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) map.set(name, value)
  return { kind: "object", entries: map, span }
}

/** From the beginning of one to the end of the other. */
export function spanning(first: Span, last: Span): Span {
  const { file, line, column } = first
  return {
    file,
    line,
    column,
    ...(last.endLine !== undefined && { endLine: last.endLine }),
    ...(last.endColumn !== undefined && { endColumn: last.endColumn }),
  }
}

export function entry(syntax: Syntax | undefined, name: string): Syntax | undefined {
  return syntax?.kind === "object" ? syntax.entries.get(name) : undefined
}

/** The only entry of an object, as most of nft's objects have: its name and what it holds. */
export function single(syntax: Syntax): readonly [name: string, value: Syntax] | undefined {
  if (syntax.kind !== "object" || syntax.entries.size !== 1) return undefined
  return syntax.entries.entries().next().value
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
  return typeof syntax.value === "string" && /^\d+$/.test(syntax.value) ? Number(syntax.value) : undefined
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
