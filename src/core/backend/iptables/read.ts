import type { Diagnostic } from "../../base/diagnostic.js"
import { foreignMarks, withoutMark } from "../foreign-text.js"
import type { ReadRules, RuleFile } from "../read-rules.js"
import { readRestore } from "./restore.js"
import { Rules } from "./rules.js"
import { readScript } from "./script.js"

/** Text of this many characters is nobody's rules. */
const MOST = 64_000_000

/**
 * Somebody's rules of iptables (family 4) or ip6tables (family 6): what iptables-save prints, or a script of commands, one a line, with ipset's lines among them.
 * Tables have iptables' names, and built-in chains stand where the kernel has them.
 */
export function readIptables(file: RuleFile, family: 4 | 6): ReadRules {
  const rules = new Rules(file.path, family)
  if (file.text.length > MOST) {
    rules.report.error("file-too-large", "the text is too long to be rules", { line: 1, column: 1 })
    return { ruleset: { tables: [] }, diagnostics: rules.report.diagnostics }
  }
  const text = withoutMark(file.text)
  const reader = isSaved(text) ? `ip${family === 6 ? "6" : ""}tables-restore` : "a shell"
  for (const mark of foreignMarks(file.text, reader))
    rules.report.error("xt-line", mark.message, mark, mark.hint)
  if (isSaved(text)) readRestore(text, rules)
  else readScript(text, rules)
  const ruleset = rules.finish()
  return { ruleset, diagnostics: rules.report.diagnostics.toSorted(byPlace) }
}

/** Mistakes of words are found before those of what the words come to. */
function byPlace({ span: left }: Diagnostic, { span: right }: Diagnostic): number {
  if (!left || !right) return 0
  return left.line - right.line || left.column - right.column
}

/** A table's line, or one that begins with a chain or a command without a program, is of iptables-save. */
function isSaved(text: string): boolean {
  const first = text.split("\n").find((line) => !/^\s*(#|$)/.test(line)) ?? ""
  return /^\*\S/m.test(text) || /^(?::|\[\d+:\d+\]|-[A-Z]\s|COMMIT\b)/.test(first)
}
