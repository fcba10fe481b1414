import type { Hook } from "../../../ruleset/hook.js"
import { priority } from "../../../ruleset/hook.js"
import type { Table } from "../../../ruleset/ruleset.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"
import { numberOf, stringOf } from "./tree.js"
import { quotedWord } from "./values.js"

/** Names of priorities (nft(8), CHAINS), where the family is not bridge. */
const names: Readonly<Record<string, number>> = {
  raw: priority.raw,
  mangle: priority.mangle,
  dstnat: priority.destinationNat,
  filter: priority.filter,
  security: priority.security,
  srcnat: priority.sourceNat,
}

/** Bridges have their own numbers. */
const bridgeNames: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 }

/** Hooks at which a name means something; the others are for all. */
const hooksOf: Readonly<Record<string, readonly Hook[]>> = {
  dstnat: ["prerouting", "output"],
  srcnat: ["postrouting", "input"],
}

/** A number, or a name with an offset: `filter`, `filter-10`. Undefined: it was reported. */
export function elaboratePriority(
  syntax: Syntax,
  family: Table["family"],
  hook: Hook,
  context: Pick<Context, "report">,
): number | undefined {
  const number = syntax.kind === "leaf" && typeof syntax.value === "number" ? syntax.value : numberOf(syntax)
  if (number !== undefined) return number
  const text = stringOf(syntax) ?? ""
  if (/^-\d+$/.test(text)) return Number(text)
  const parts = /^([a-z]+)\s*(?:([+-])\s*(\d+))?$/.exec(text)
  const known =
    family === "bridge" ? bridgeNames : family === "netdev" || family === "arp" ? { filter: 0 } : names
  const base = parts && Object.hasOwn(known, parts[1]!) ? known[parts[1]!] : undefined
  if (
    !parts ||
    base === undefined ||
    (hooksOf[parts[1]!] && family !== "bridge" && !hooksOf[parts[1]!]!.includes(hook))
  ) {
    context.report(
      "nft-bad-value",
      `${quotedWord(syntax)} is no priority at ${hook}`,
      syntax,
      `${Object.keys(known).join(", ")} and numbers are known`,
    )
    return undefined
  }
  return base + (parts[2] === "-" ? -1 : 1) * Number(parts[3] ?? 0)
}
