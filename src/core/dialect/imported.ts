import type { Diagnostic, Problem, Span } from "../base/diagnostic.js"

/** A configuration file of another tool. */
export interface DialectFile {
  readonly path: string
  readonly text: string
}

export interface ImportOptions {
  /** The policy does what the tool really does, where its manual says otherwise. Left out: what the manual promises, unless that would newly harm honest traffic. */
  readonly exact: boolean
  /** Other files that a configuration names (`Include`, lists). */
  readonly read: (path: string, from: string) => DialectFile | Problem
}

/** What the tool itself makes of a line. */
export type OwnerOutcome = "works" | "partly" | "nothing" | "breaks-open" | "refused"

/** What the policy does, beside what the tool does: `lost`: it protects, and the policy has nothing for it; `not-ours`: it is no business of ours. */
export type Relation = "same" | "stricter" | "looser" | "lost" | "not-ours"

/** One line, or one item of a line that holds several. */
export interface ImportItem {
  readonly span: Span
  /** As written. */
  readonly text: string
  /** What its own tool does with it: a word, and a sentence. */
  readonly owner: OwnerOutcome
  readonly ownerDoes: string
  /**
   * The part of the policy that it becomes, as a path with its value (`protect.wan.syn-floods: 100/second`), several joined by `; `; null: nothing.
   * The printed policy says at these paths which line they come from.
   */
  readonly becomes: string | null
  readonly relation: Relation
  /** Why the two differ, in a sentence; absent where they do not. */
  readonly why?: string
  /** Whether the line protects anything: one that does and is lost makes the exit 1. */
  readonly protects: boolean
  readonly diagnostics: readonly Diagnostic[]
}

/** The policy in the shape of its text: maps, lists, words and numbers. It is printed as YAML, and what is printed is loaded and checked like any other. */
export type Draft = string | number | boolean | readonly Draft[] | DraftMap

export interface DraftMap {
  readonly [key: string]: Draft
}

/** A configuration as read. Reading never throws, and finds every mistake in one pass. */
export interface Imported {
  readonly policy: DraftMap
  /** In the order of the files. */
  readonly items: readonly ImportItem[]
  /** Mistakes that belong to no item. */
  readonly diagnostics: readonly Diagnostic[]
  /** What the tool keeps closed, and what the policy will: a sentence each. */
  readonly closed: { readonly before: string; readonly after: string }
  /** The steps from the old tool to this one, in order, one a line. */
  readonly handOver: readonly string[]
  /** What the tool loads for this configuration, for a comparison over packets. Absent: nobody knows it without running the tool. */
  readonly ownerRules?: () => OwnerRules
}

/** Rules as iptables-save and ip6tables-save print them; empty: none of that IP version. */
export interface OwnerRules {
  readonly ipv4: string
  readonly ipv6: string
}

/** Reads one dialect: several files where a tool has several. */
export type ImportDialect = (files: readonly DialectFile[], options: ImportOptions) => Imported
