import type { Diagnostic, Problem } from "../base/diagnostic.js"
import type { Ruleset } from "../ruleset/ruleset.js"

/** Somebody's rules, as text: what iptables-save, nft and people write. */
export interface RuleFile {
  /** For diagnostics and origins. */
  readonly path: string
  readonly text: string
  /** What an `include "…"` brings; absent: includes are diagnosed. A pattern may bring several files, or none. */
  readonly include?: (pattern: string, from: string) => readonly RuleFile[] | Problem
}

/**
 * The rules that were read. Reading never throws, and finds every mistake in one pass. Where a diagnostic is an error, the tool that the rules are
 * for would refuse them. What is read and the engine cannot know is a warning, which says what it assumes.
 */
export interface ReadRules {
  readonly ruleset: Ruleset
  readonly diagnostics: readonly Diagnostic[]
}
