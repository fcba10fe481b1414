import type { Span } from "../base/diagnostic.js"

/** A policy text as a tree in which everything knows its place. All scalars are text: what a word means is decided by who reads it, not by YAML. */
export type Node = ScalarNode | ListNode | MapNode | EmptyNode

export interface ScalarNode {
  readonly kind: "scalar"
  readonly text: string
  /** Written without quotes, so that YAML's traps may have caught it. */
  readonly plain: boolean
  readonly span: Span
}

export interface ListNode {
  readonly kind: "list"
  readonly items: readonly Node[]
  readonly span: Span
}

export interface MapNode {
  readonly kind: "map"
  readonly entries: readonly MapEntry[]
  readonly span: Span
}

/** Nothing behind the colon or the dash, or `~`, or `null`. */
export interface EmptyNode {
  readonly kind: "empty"
  readonly span: Span
}

export interface MapEntry {
  readonly key: ScalarNode
  readonly value: Node
}

/** What the node is, for a sentence. */
export function describe(node: Node): string {
  if (node.kind === "scalar") return `"${shorten(node.text)}"`
  if (node.kind === "list") return "a list"
  return node.kind === "map" ? "a map" : "nothing"
}

export function entryOf(map: MapNode, key: string): MapEntry | undefined {
  return map.entries.find((entry) => entry.key.text === key)
}

/** The node as it would be written on one line, for origins and hints; long ones are cut. */
export function flowText(node: Node): string {
  return shorten(fullFlowText(node), 160)
}

function fullFlowText(node: Node): string {
  if (node.kind === "scalar") return node.text
  if (node.kind === "empty") return ""
  if (node.kind === "list") return `[${node.items.slice(0, 20).map(fullFlowText).join(", ")}]`
  const entries = node.entries.slice(0, 20).map((entry) => `${entry.key.text}: ${fullFlowText(entry.value)}`)
  return `{ ${entries.join(", ")} }`
}

export function shorten(text: string, length = 60): string {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}

/** Plain data in the language's words (a preset, say) as a tree that stands at one place. */
export type Words = string | readonly Words[] | { readonly [key: string]: Words }

export function treeOf(words: Words, span: Span): Node {
  if (typeof words === "string") return { kind: "scalar", text: words, plain: false, span }
  if (Array.isArray(words)) return { kind: "list", items: words.map((item) => treeOf(item, span)), span }
  const entries = Object.entries(words).map(([key, value]) => ({
    key: { kind: "scalar", text: key, plain: false, span } as const,
    value: treeOf(value, span),
  }))
  return { kind: "map", entries, span }
}
