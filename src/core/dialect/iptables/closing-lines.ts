import type { Span } from "../../base/diagnostic.js"
import type { Table } from "../../ruleset/ruleset.js"
import type { DialectFile } from "../imported.js"

/** A line that gives a built-in chain of the filter table the policy DROP. */
export interface ClosingLine {
  readonly span: Span
  readonly text: string
  readonly chain: string
  readonly family: 4 | 6
}

/** The lines that closed the chains which are closed in the end: `:INPUT DROP [0:0]`, `-P INPUT DROP`. */
export function closingLines(
  { path, text }: DialectFile,
  family: 4 | 6,
  tables: readonly Table[],
): readonly ClosingLine[] {
  const filter = tables.find(({ name }) => name === "filter")
  const closed = (filter?.chains ?? []).filter(({ base }) => base?.policy === "drop").map(({ name }) => name)
  const program = family === 6 ? /\bip6tables/ : /(?:^|[^6])\biptables|^\s*(?:-|:)/
  const found = new Map<string, ClosingLine>()
  let table = "filter"
  for (const [index, line] of text.split("\n").entries()) {
    table = /^\*(\w+)/.exec(line)?.[1] ?? table
    const [, chain] =
      /^\s*:(\w+)\s+DROP\b/.exec(line) ?? /(?:^|\s)(?:-P|--policy)\s+(\w+)\s+DROP\b/.exec(line) ?? []
    if (chain === undefined || !closed.includes(chain) || table !== "filter") continue
    const isCommand = /iptables|ip6tables|\$/.test(line)
    if (isCommand && !program.test(line) && !line.includes("$")) continue
    const span = { file: path, line: index + 1, column: 1, endLine: index + 1, endColumn: line.length + 1 }
    found.set(chain, { span, text: line.trim(), chain, family })
  }
  return [...found.values()]
}
