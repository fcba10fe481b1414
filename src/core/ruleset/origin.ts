import type { Span } from "../base/diagnostic.js"

/**
 * Where a rule comes from, in the user's words: the policy line, or the line of somebody's rule file.
 * Every rule has one, and every trace ends in one.
 */
export interface Origin {
  readonly span: Span
  /** The protection that asked for the rule (`syn-floods`), where a policy did. */
  readonly protection?: string
  /** The zone it was asked for (`wan`). */
  readonly zone?: string
  /** The text there, for people: `syn-floods: 200/second burst 1000`, or the rule as written. */
  readonly text: string
  /** The text is the rule itself, in a file of rules. */
  readonly written?: true
}
