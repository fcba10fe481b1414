import type { Parser } from "./parser.js"
import type { Syntax } from "./syntax.js"

/** What stands in the braces of chains, sets, maps, flowtables and objects, by its name in JSON. */
export type Entries = Record<string, Syntax>

/** What a line returns that nft reads to its end without a newline or a semicolon behind it. */
export const COMPLETE = "complete"

/** Lines in braces, read one by one; after a mistake with the next. */
export function parseBlock(p: Parser, what: string, line: () => unknown): void {
  p.expect("{", `for ${what}`)
  p.nested(() => {
    p.skipSeparators()
    while (!p.is("}") && p.peek().kind !== "end") {
      p.attempt(() => {
        if (line() !== COMPLETE) p.endLine(`a line of ${what}`)
      })
      p.skipSeparators()
    }
  })
  p.expect("}", `behind ${what}`)
}
