import type { Diagnostic } from "../../../base/diagnostic.js"
import { foreignMarks, withoutMark } from "../../foreign-text.js"
import type { ReadRules, RuleFile } from "../../read-rules.js"
import { elaborate } from "./elaborate.js"
import { readJson } from "./json.js"
import { parseCommands } from "./parse-command.js"
import { Parser } from "./parser.js"
import { plainSpan } from "./place.js"
import type { Syntax } from "./syntax.js"
import { entry } from "./tree.js"

/** Reads what `nft -f` reads: commands and blocks, in the order in which nft runs them on an empty kernel. */
export function readNft(file: RuleFile): ReadRules {
  const marks = foreignMarks(file.text, "nft").map(
    ({ message, hint, line, column }): Diagnostic => ({
      id: "nft-syntax",
      severity: "error",
      message,
      span: { file: file.path, line, column },
      hint,
    }),
  )
  const parser = new Parser({ ...file, text: withoutMark(file.text) })
  const commands = parseCommands(parser)
  const { ruleset, diagnostics } = elaborate(commands, false)
  return { ruleset, diagnostics: inOrder([...marks, ...parser.diagnostics, ...diagnostics]) }
}

/** Reads what `nft -j list ruleset` writes, and what `nft -j -f` reads (libnftables-json(5)). */
export function readNftJson(file: RuleFile): ReadRules {
  const found: Diagnostic[] = []
  const document = readJson(file, found)
  const commands = document && commandsOf(document, found)
  if (!commands) return { ruleset: { tables: [] }, diagnostics: found }
  const { ruleset, diagnostics } = elaborate(commands, true)
  return { ruleset, diagnostics: inOrder([...found, ...diagnostics]) }
}

function commandsOf(document: Syntax, diagnostics: Diagnostic[]): readonly Syntax[] | undefined {
  const list = entry(document, "nftables") ?? document
  if (list.kind === "array") return list.items
  diagnostics.push({
    id: "nft-json-syntax",
    severity: "error",
    message: 'nft writes and reads an object with the entry "nftables", an array of commands',
    span: plainSpan(document.span),
  })
  return undefined
}

/** By file as they came, by line and column in each. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = new Map<string, number>()
  for (const { span } of diagnostics) if (span && !files.has(span.file)) files.set(span.file, files.size)
  const placeOf = ({ span }: Diagnostic): readonly number[] =>
    span ? [files.get(span.file)!, span.line, span.column] : [-1, 0, 0]
  return diagnostics.toSorted((left, right) => {
    const [a, b] = [placeOf(left), placeOf(right)]
    return a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!
  })
}
